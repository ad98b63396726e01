source "qemu" "pcg" {
  iso_url              = var.base_image
  iso_checksum         = "none"
  disk_image           = true
  skip_resize_disk     = true
  use_backing_file     = false
  format               = "qcow2"
  accelerator          = "tcg"
  machine_type         = "q35"
  cpus                 = 2
  memory               = 2048
  net_device           = "virtio-net"
  disk_interface       = "virtio"
  disk_discard         = "unmap"
  headless             = true
  boot_wait            = "1s"
  output_directory     = var.out
  vm_name              = "pcg.qcow2"
  ssh_username         = "root"
  ssh_private_key_file = var.ssh_key
  ssh_timeout          = "10m"
  shutdown_command     = "systemctl poweroff"
  shutdown_timeout     = "5m"
  qemuargs = [
    ["-serial", "file:${var.out}.console"],
    ["-display", "none"],
  ]
}
