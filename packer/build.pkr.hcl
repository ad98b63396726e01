build {
  sources = ["source.amazon-ebs.pcg", "source.qemu.pcg"]

  provisioner "file" {
    source      = var.upload
    destination = "/tmp/upload.tar"
  }

  provisioner "shell" {
    environment_vars = [
      "VERSION=${var.version}", "BUILT_AT=${var.built_at}", "SOURCE_DATE_EPOCH=${var.root_time}"
    ]
    execute_command = "chmod +x {{ .Path }}; $([ $(id -u) = 0 ] || echo sudo) env {{ .Vars }} bash {{ .Path }}"
    scripts         = ["${var.root}/packer/files/install.sh", "${var.root}/packer/files/seal.sh"]
  }

  provisioner "file" {
    direction   = "download"
    source      = "/var/tmp/artifacts.tar"
    destination = var.artifacts
  }
}
