packer {
  #@modern{
  required_version = ">= 1.7.0"
  required_plugins {
    amazon = {
      # deregistration_protection and include_deprecated came with 1.3, the second AWS SDK with 1.4.
      version = "~> 1.4"
      source  = "github.com/hashicorp/amazon"
    }
    qemu = {
      version = "~> 1.1"
      source  = "github.com/hashicorp/qemu"
    }
  }
  #@modern}
}
