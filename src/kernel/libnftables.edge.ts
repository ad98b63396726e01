import koffi from "koffi";
import { PcgError } from "../base/error.ts";

/** NFT_CTX_OUTPUT_JSON, nftables/libnftables.h. */
const OUTPUT_JSON = 1 << 4;

const lib = koffi.load("libnftables.so.1");
const nftNew = lib.func("void *nft_ctx_new(uint32_t flags)");
const setFlags = lib.func("void nft_ctx_output_set_flags(void *ctx, unsigned int flags)");
const bufferOutput = lib.func("int nft_ctx_buffer_output(void *ctx)");
const bufferError = lib.func("int nft_ctx_buffer_error(void *ctx)");
const runBuffer = lib.func("int nft_run_cmd_from_buffer(void *ctx, const char *script)");
const output = lib.func("const char *nft_ctx_get_output_buffer(void *ctx)");
const errors = lib.func("const char *nft_ctx_get_error_buffer(void *ctx)");

/** libnftables in this process: no `nft` is ever started. One context, one call at a time. */
export class Nftables {
  readonly #ctx: unknown = nftNew(0);

  constructor() {
    setFlags(this.#ctx, OUTPUT_JSON);
    bufferOutput(this.#ctx);
    bufferError(this.#ctx);
  }

  /** Runs a script as one transaction. @returns what it printed, JSON for a listing @throws KERNEL_REFUSED with nft's own words */
  run(script: string): string {
    const refused = runBuffer(this.#ctx, script) !== 0;
    const [said, wrong] = [output(this.#ctx) as string, errors(this.#ctx) as string];
    if (refused)
      throw new PcgError("KERNEL_REFUSED", { what: "nftables", why: wrong.trim().split("\n").slice(0, 3).join(" | ") });
    return said;
  }

  /** Our table, as JSON; empty when it is not there. */
  list(): string {
    try {
      return this.run("list table ip pcg\n");
    } catch (error) {
      if (error instanceof PcgError && /No such file or directory/.test(String(error.detail["why"]))) return "";
      throw error;
    }
  }
}
