variable "aws_region" {
  type        = string
  default     = "eu-central-1"
  description = "Where the image is built."
}

variable "aws_copy_to_regions" {
  type        = list(string)
  default     = []
  description = "Regions that get a copy."
}

variable "aws_kms_key_id" {
  type        = string
  default     = ""
  description = "Encrypts the image's disk where it is built; empty: the account's default key for EBS, whose images cannot be shared."
}

variable "aws_kms_key_ids" {
  type        = map(string)
  default     = {}
  description = "The same for each region that gets a copy; all of them or none."
}

variable "aws_share_with_accounts" {
  type        = list(string)
  default     = []
  description = "Accounts that may start the image."
}

variable "aws_instance_type" {
  type        = string
  default     = "c6i.large"
  description = "What it is built on. Any Nitro type of x86-64 does."
}

variable "aws_subnet_id" {
  type        = string
  default     = ""
  description = "Where it is built; empty: the default VPC."
}

variable "aws_ssh_interface" {
  type        = string
  default     = "public_ip"
  description = "How Packer reaches the machine: public_ip; private_ip, from inside the VPC; session_manager, which needs aws_instance_profile."
}

variable "aws_ssh_source_cidrs" {
  type        = list(string)
  default     = []
  description = "From where ssh is let in while it is built; empty: from the address by which this machine is seen on the Internet, alone."
}

variable "aws_instance_profile" {
  type        = string
  default     = ""
  description = "Instance profile of the machine it is built on; none is needed but for session_manager (AmazonSSMManagedInstanceCore)."
}

variable "aws_deprecate_after_days" {
  type        = number
  default     = 365
  description = "After so many days EC2 no longer offers the image to those it is not named to."
}

locals {
  aws_built_at = timestamp()
  aws_tags = {
    "Name"              = "pcg ${var.version}"
    "pcg:version"       = var.version
    "pcg:source-commit" = var.source_commit
    "pcg:built-at"      = local.aws_built_at
    "pcg:base-ami"      = "{{ .SourceAMI }}"
    "pcg:base-ami-name" = "{{ .SourceAMIName }}"
  }
  # Debian's images have no Session Manager agent.
  aws_session_manager_agent = <<-EOT
    #!/bin/sh
    set -eu
    curl -fsS -o /run/agent.deb https://s3.${var.aws_region}.amazonaws.com/amazon-ssm-${var.aws_region}/latest/debian_amd64/amazon-ssm-agent.deb
    dpkg -i /run/agent.deb
  EOT
}

# The boot mode is that of Debian's image, uefi-preferred: CreateImage takes it over and, unlike RegisterImage, lets nobody
# choose one, so amazon-ebs has no boot_mode (hashicorp/packer-plugin-amazon issue 465).
source "amazon-ebs" "pcg" {
  region = var.aws_region

  ami_name           = "pcg-${var.version}-${formatdate("YYYYMMDDhhmmss", local.aws_built_at)}"
  ami_description    = "Public Cloud Gateway ${var.version}"
  ami_regions        = var.aws_copy_to_regions
  ami_users          = var.aws_share_with_accounts
  ena_support        = true
  encrypt_boot       = true
  kms_key_id         = var.aws_kms_key_id
  region_kms_key_ids = var.aws_kms_key_ids
  tags               = local.aws_tags
  snapshot_tags      = local.aws_tags
  #@modern{
  imds_support = "v2.0"
  deprecate_at = timeadd(local.aws_built_at, "${24 * var.aws_deprecate_after_days}h")
  #@modern}

  source_ami_filter {
    filters = {
      name                = "debian-12-amd64-*"
      architecture        = "x86_64"
      root-device-type    = "ebs"
      virtualization-type = "hvm"
    }
    # Debian's own account.
    owners      = ["136693071363"]
    most_recent = true
  }

  instance_type        = var.aws_instance_type
  subnet_id            = var.aws_subnet_id
  iam_instance_profile = var.aws_instance_profile
  run_tags = {
    Name          = "pcg image build"
    "pcg:version" = var.version
  }
  run_volume_tags = {
    Name = "pcg image build"
  }
  #@modern{
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  #@modern}

  launch_block_device_mappings {
    device_name           = "/dev/xvda"
    volume_type           = "gp3"
    volume_size           = 8
    iops                  = 3000
    throughput            = 125
    encrypted             = true
    kms_key_id            = var.aws_kms_key_id
    delete_on_termination = true
  }

  ssh_username                          = "admin"
  ssh_interface                         = var.aws_ssh_interface
  ssh_timeout                           = "5m"
  temporary_key_pair_type               = "ed25519"
  temporary_security_group_source_cidrs = var.aws_ssh_source_cidrs
  associate_public_ip_address           = var.aws_ssh_interface == "public_ip"
  user_data                             = var.aws_ssh_interface == "session_manager" ? local.aws_session_manager_agent : ""
  #@modern{
  temporary_security_group_source_public_ip = true
  #@modern}
}
