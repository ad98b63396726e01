variable "root" {
  type        = string
  default     = "."
  description = "The repository."
}

variable "version" {
  type        = string
  default     = "0.0.0"
  description = "What the image calls itself."
}

variable "source_commit" {
  type        = string
  default     = "unknown"
  description = "The commit it is built from."
}

variable "built_at" {
  type        = string
  default     = "0"
  description = "Seconds since 1970 that the manifest tells."
}

variable "root_time" {
  type        = string
  default     = "1704067200"
  description = "Seconds since 1970 that every file of the root file system bears: one time for all versions, so that a root in which nothing changed has the same digest."
}

variable "upload" {
  type        = string
  default     = "build/image/upload.tar"
  description = "What packer/image.sh made for the machine: product.squashfs, rootfs and the list of packages."
}

variable "artifacts" {
  type        = string
  default     = "build/image/artifacts.tar"
  description = "Where the sealed slot and the lists of what is in it arrive."
}

variable "base_image" {
  type        = string
  default     = "build/image/base.raw"
  description = "Debian on a disk laid out as on Debian's AMI, for QEMU."
}

variable "ssh_key" {
  type        = string
  default     = "build/image/key"
  description = "The private half of the key that base_image lets in as root. It is gone when the image is sealed."
}

variable "out" {
  type        = string
  default     = "build/image/packer"
  description = "Where QEMU's disk is put; must not exist."
}
