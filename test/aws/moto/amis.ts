interface Ami {
  readonly ami_id: string;
  readonly name: string;
  readonly owner_id: string;
  readonly architecture: string;
  readonly creation_date: string;
}

export const DEBIAN = "136693071363";
const STRANGER = "444444444444";

/** What is to be built on. */
export const base: Ami = {
  ...{ ami_id: "ami-0debian12amd64new", name: "debian-12-amd64-20260914-2234", owner_id: DEBIAN },
  ...{ architecture: "x86_64", creation_date: "2026-09-14T10:00:00.000Z" },
};

/** And what is not: an older one, one for another processor, another release, and a newer one of the same name of a stranger. */
const others: readonly Ami[] = [
  {
    ...base,
    ami_id: "ami-0debian12amd64old",
    name: "debian-12-amd64-20250316-2053",
    creation_date: "2025-03-16T10:00:00.000Z",
  },
  { ...base, ami_id: "ami-0debian12arm64", name: "debian-12-arm64-20260914-2234", architecture: "arm64" },
  {
    ...base,
    ami_id: "ami-0debian13amd64",
    name: "debian-13-amd64-20261001-2240",
    creation_date: "2026-10-01T10:00:00.000Z",
  },
  {
    ...base,
    ami_id: "ami-0stranger",
    name: "debian-12-amd64-20261101-2260",
    owner_id: STRANGER,
    creation_date: "2026-11-01T10:00:00.000Z",
  },
];

/** In the form of moto's MOTO_AMIS_PATH. */
export const amis = [...others, base].map((ami) => ({
  ...ami,
  description: ami.name,
  public: true,
  virtualization_type: "hvm",
  state: "available",
  image_type: "machine",
  hypervisor: "xen",
  root_device_name: "/dev/xvda",
  root_device_type: "ebs",
}));
