import { getSystemErrorName } from "node:util";
import koffi from "koffi";
import { PcgError } from "../base/error.ts";

const lib = koffi.load("libbpf.so.1");
const libc = koffi.load("libc.so.6");

/** An opaque C pointer. */
export type Pointer = bigint;

type Bytes = Uint8Array | null;

/** The functions of libbpf 1.1 that are used here, by their own names. Integers below zero are -errno. */
export const libbpf = {
  objectOpen: lib.func("void *bpf_object__open_file(const char *path, const void *opts)") as (
    path: string,
    opts: null,
  ) => Pointer | null,
  objectLoad: lib.func("int bpf_object__load(void *object)") as (object: Pointer) => number,
  objectClose: lib.func("void bpf_object__close(void *object)") as (object: Pointer) => void,
  findMap: lib.func("void *bpf_object__find_map_by_name(void *object, const char *name)") as (
    object: Pointer,
    name: string,
  ) => Pointer | null,
  mapSetPinPath: lib.func("int bpf_map__set_pin_path(void *map, const char *path)") as (
    map: Pointer,
    path: string,
  ) => number,
  findProgram: lib.func("void *bpf_object__find_program_by_name(void *object, const char *name)") as (
    object: Pointer,
    name: string,
  ) => Pointer | null,
  programPin: lib.func("int bpf_program__pin(void *program, const char *path)") as (
    program: Pointer,
    path: string,
  ) => number,
  objectGet: lib.func("int bpf_obj_get(const char *path)") as (path: string) => number,
  objectPin: lib.func("int bpf_obj_pin(int fd, const char *path)") as (fd: number, path: string) => number,
  infoByFd: lib.func("int bpf_obj_get_info_by_fd(int fd, void *info, _Inout_ uint32_t *length)") as (
    fd: number,
    info: Bytes,
    length: number[],
  ) => number,
  possibleCpus: lib.func("int libbpf_num_possible_cpus(void)") as () => number,
  mapLookup: lib.func("int bpf_map_lookup_elem(int fd, const void *key, void *value)") as (
    fd: number,
    key: Bytes,
    value: Bytes,
  ) => number,
  mapDelete: lib.func("int bpf_map_delete_elem(int fd, const void *key)") as (fd: number, key: Bytes) => number,
  mapUpdateBatch: lib.func(
    "int bpf_map_update_batch(int fd, const void *keys, const void *values, _Inout_ uint32_t *count, const void *opts)",
  ) as (fd: number, keys: Bytes, values: Bytes, count: number[], opts: null) => number,
  mapLookupBatch: lib.func(
    "int bpf_map_lookup_batch(int fd, void *in, void *out, void *keys, void *values, _Inout_ uint32_t *count, const void *opts)",
  ) as (fd: number, from: Bytes, to: Bytes, keys: Bytes, values: Bytes, count: number[], opts: null) => number,
  tcHookCreate: lib.func("int bpf_tc_hook_create(void *hook)") as (hook: Bytes) => number,
  tcAttach: lib.func("int bpf_tc_attach(const void *hook, void *opts)") as (hook: Bytes, opts: Bytes) => number,
  tcDetach: lib.func("int bpf_tc_detach(const void *hook, const void *opts)") as (hook: Bytes, opts: Bytes) => number,
  tcQuery: lib.func("int bpf_tc_query(const void *hook, void *opts)") as (hook: Bytes, opts: Bytes) => number,
  progQuery: lib.func(
    "int bpf_prog_query(int fd, int type, uint32_t flags, void *attach_flags, void *ids, _Inout_ uint32_t *count)",
  ) as (ifindex: number, type: number, flags: number, attachFlags: Bytes, ids: Bytes, count: number[]) => number,
  linkCreate: lib.func("int bpf_link_create(int program, int target, int type, const void *opts)") as (
    program: number,
    ifindex: number,
    type: number,
    opts: Bytes,
  ) => number,
  linkUpdate: lib.func("int bpf_link_update(int link, int program, const void *opts)") as (
    link: number,
    program: number,
    opts: null,
  ) => number,
  linkDetach: lib.func("int bpf_link_detach(int link)") as (link: number) => number,
  testRun: lib.func("int bpf_prog_test_run_opts(int fd, void *opts)") as (fd: number, opts: Bytes) => number,
};

/** Why a load failed is in libbpf's words, which go to standard error unless told otherwise; the errno is enough here. */
const silence = lib.func("void *libbpf_set_print(void *fn)") as (fn: null) => unknown;
silence(null);

export const closeFd = libc.func("int close(int fd)") as (fd: number) => number;

const nameIndex = libc.func("void *if_nameindex(void)") as () => Pointer | null;
const freeNameIndex = libc.func("void if_freenameindex(void *list)") as (list: Pointer) => void;

/** Index of every interface of this network namespace. `/sys` may show another one's. */
export function interfaceIndexes(): number[] {
  const list = nameIndex();
  if (list === null) throw new PcgError("KERNEL_UNREADABLE", { what: "interfaces" });
  try {
    const indexes: number[] = [];
    for (let n = 0; ; n++) {
      const index = koffi.decode(list, n * 16, "uint32_t") as number;
      if (index === 0) return indexes;
      indexes.push(index);
    }
  } finally {
    freeNameIndex(list);
  }
}

/** The result, unless it is below zero. @throws KERNEL_REFUSED with the errno's name */
export function must(result: number, what: string): number {
  if (result >= 0) return result;
  throw new PcgError("KERNEL_REFUSED", { what, errno: errnoName(-result) });
}

/** The pointer, unless it is null. @throws KERNEL_REFUSED with the errno's name */
export function mustPoint(pointer: Pointer | null, what: string): Pointer {
  if (pointer !== null) return pointer;
  throw new PcgError("KERNEL_REFUSED", { what, errno: errnoName(koffi.errno()) });
}

const errnoName = (errno: number) => (errno > 0 ? getSystemErrorName(-errno) : "unknown");
