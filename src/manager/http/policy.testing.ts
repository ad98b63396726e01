import { PcgError } from "../../base/error.ts";
import { kindOf } from "../policy/kinds.ts";
import type { Author, Page, PolicyApi, PolicyPage } from "./ports.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A tree without checks: what the API has to do with, and no more. */
export class MemoryPolicy implements PolicyApi {
  readonly #objects = new Map<string, Fields>();
  /** What the next call throws. */
  nextError: Error | undefined;

  async read(path: string): Promise<Fields> {
    this.#mayFail();
    const object = this.#objects.get(path);
    if (!object) throw new PcgError("MANAGER_NOT_FOUND", { path, why: "there is no such object" });
    return object;
  }

  async list(collection: string, { cursor = "", pageSize = 1_000 }: Page): Promise<PolicyPage> {
    this.#mayFail();
    if (!kindOf(`${collection}/x`))
      throw new PcgError("MANAGER_NOT_FOUND", { path: collection, why: "is no collection" });
    const all = [...this.#objects.values()].filter(({ parent }) => parent === collection);
    const from = all
      .filter(({ id }) => String(id) > cursor)
      .toSorted((a, b) => (String(a["id"]) < String(b["id"]) ? -1 : 1));
    const results = from.slice(0, pageSize);
    const last = from.length > pageSize ? { cursor: String(results.at(-1)?.["id"]) } : {};
    return { results, result_count: all.length, ...last };
  }

  async tree(): Promise<Fields> {
    this.#mayFail();
    return { resource_type: "Infra" };
  }

  async put(path: string, body: unknown, author: Author): Promise<void> {
    this.#write(path, body as Fields, author);
  }

  async patch(path: string, body: unknown, author: Author): Promise<void> {
    this.#write(path, { ...this.#objects.get(path), _revision: this.#revisionOf(path), ...(body as Fields) }, author);
  }

  async remove(path: string, revision: number | undefined): Promise<void> {
    await this.read(path);
    this.#agree(path, revision ?? this.#revisionOf(path));
    this.#objects.delete(path);
  }

  async patchTree(body: unknown, author: Author): Promise<void> {
    for (const { Segment } of (body as { children: { Segment: Fields }[] }).children)
      await this.patch(`/infra/segments/${String(Segment["id"])}`, Segment, author);
  }

  #write(path: string, body: Fields, { user }: Author): void {
    this.#mayFail();
    if (typeof body !== "object" || body === null)
      throw new PcgError("MANAGER_BAD_REQUEST", { path, field: "", why: "must be an object" });
    this.#agree(path, body["_revision"]);
    const id = path.slice(path.lastIndexOf("/") + 1);
    const parent = path.slice(0, path.lastIndexOf("/"));
    const revision = (this.#revisionOf(path) ?? -1) + 1;
    this.#objects.set(path, { ...body, id, path, parent, _revision: revision, _last_modified_user: user });
  }

  #agree(path: string, revision: unknown): void {
    const there = this.#revisionOf(path);
    if (there !== revision)
      throw new PcgError("MANAGER_CONFLICT", { path, field: "_revision", value: revision, why: `is now ${there}` });
  }

  #revisionOf(path: string): number | undefined {
    return this.#objects.get(path)?.["_revision"] as number | undefined;
  }

  #mayFail(): void {
    const { nextError } = this;
    this.nextError = undefined;
    if (nextError) throw nextError;
  }
}
