/** A bundle in memory: checks its digest, and parses each prompt when it is first requested. */
import { type Json, type JsonObject, isObject, own, readStrict } from "./data";
import { IntegrityError, NotFound, quoted } from "./errors";
import { NotJson } from "./json";
import { PROGRAMS } from "./program";
import { type PromptData, promptOf } from "./prompt_data";
import { Prompt } from "./prompt";
import type { Text } from "./scope";
import { nearestName } from "./suggestions";

const FORMAT = 2;
const MAX_FIRST_LINE = 256;
const MAX_CATALOG_CHARS = 1_000_000;
const NEWLINE = 10;

/** The prompts of a bundle whose ids are not known at compile time. */
export type AnyPrompts = Record<string, Prompt>;

/**
 * Reads a bundle, and checks its digest before anything else; throws an IntegrityError.
 *
 * `where` is its place, for messages.
 */
export async function readBundle<Prompts extends object = AnyPrompts>(
  data: Uint8Array,
  where?: string,
): Promise<Bundle<Prompts>> {
  const end = data.subarray(0, MAX_FIRST_LINE).indexOf(NEWLINE);
  const head = end < 0 ? undefined : jsonOf(data.subarray(0, end));
  const [number, expected] = [own(head, "bundle"), own(head, "sha256")];
  if (data[0] === 0x1f && data[1] === 0x8b) throw packed(where);
  if (typeof number !== "number" || typeof expected !== "string") throw noBundle(where);
  if (number === 1) {
    const hint = "release it again with a newer promptops: its bundle has the format 2";
    throw new IntegrityError("the bundle has the format 1, which has no programs", { where, hint });
  }
  if (number !== FORMAT) throw unsupported(`format ${number}`, number > FORMAT, where);
  const rest = data.slice(end + 1);
  const digest = await sha256(rest);
  if (digest !== expected) {
    const hint = "download or build it again: it is damaged, truncated or was changed";
    throw new IntegrityError("the bundle does not match its digest", { where, hint });
  }
  const second = rest.indexOf(NEWLINE);
  const header = second < 0 ? undefined : jsonOf(rest.subarray(0, second));
  if (!isObject(header)) throw noBundle(where);
  const programs = own(header, "programs");
  if (programs !== PROGRAMS)
    throw unsupported(`programs ${String(programs)}`, typeof programs === "number" && programs > PROGRAMS, where);
  return new Bundle(digest, header, rest.subarray(second + 1), where);
}

function unsupported(what: string, isNewer: boolean, where: string | undefined): IntegrityError {
  const hint = isNewer ? "install a newer promptops" : "build it again";
  return new IntegrityError(`the bundle has the unsupported ${what}`, { where, hint });
}

function packed(where: string | undefined): IntegrityError {
  const hint = "unpack it first, or load the file: load(undefined, { source: FILE })";
  return new IntegrityError("the bundle is compressed with gzip", { where, hint });
}

function noBundle(where: string | undefined): IntegrityError {
  return new IntegrityError("this is not a bundle", { where, hint: "create one: promptops build REF -o FILE" });
}

/** SHA-256 in hexadecimal. */
export async function sha256(data: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", data as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** All prompts of one release; `Prompts` has the type of each prompt by its id. */
export class Bundle<Prompts extends object = AnyPrompts> {
  /** The name of the tag; null for a revision that is not a release. */
  readonly release: string | null;
  readonly commit: string;
  /** The ids of all prompts, in order. */
  readonly ids: readonly string[];
  /** The channel by which it was loaded; null for none. */
  channel: string | null = null;
  /** Whether the source failed, so that this is the last good bundle. */
  stale = false;
  private readonly prompts = new Map<string, Prompt>();
  private readonly parts = new Map<string, Text>();

  constructor(
    /** SHA-256 in hexadecimal of the bundle. */
    readonly digest: string,
    private readonly header: JsonObject,
    private readonly body: Uint8Array,
    where: string | undefined,
  ) {
    const [release, commit] = [own(header, "release"), own(header, "commit")];
    const hasTables = ["prompts", "parts", "files", "aliases"].every((name) => isObject(own(header, name)));
    const hasIds = ["tree", "content"].every((name) => typeof own(header, name) === "string");
    if (typeof commit !== "string" || !(release === null || typeof release === "string") || !hasTables || !hasIds)
      throw noBundle(where);
    this.release = release;
    this.commit = commit;
    this.ids = Object.keys(own(header, "prompts") as JsonObject);
  }

  has(id: string): boolean {
    return this.known(id) !== undefined;
  }

  /** The prompt of an id or of a former one; throws NotFound. */
  get<Id extends keyof Prompts & string>(id: Id): Prompts[Id] {
    const known = this.known(id);
    if (known === undefined) {
      const near = nearestName(id, this.ids, MAX_CATALOG_CHARS);
      const hint = near === undefined ? `it has ${this.ids.length} prompts: bundle.ids` : `did you mean \`${near}\`?`;
      throw new NotFound(`there is no prompt ${quoted(id)} in ${this.release ?? this.commit.slice(0, 12)}`, { hint });
    }
    const found = this.prompts.get(known) ?? this.read(known);
    this.prompts.set(known, found);
    return found as Prompts[Id]; // the caller's types describe this bundle
  }

  private known(id: string): string | undefined {
    const prompts = own(this.header, "prompts");
    if (own(prompts, id) !== undefined) return id;
    const current = own(own(this.header, "aliases"), id);
    return typeof current === "string" && own(prompts, current) !== undefined ? current : undefined;
  }

  private read(id: string): Prompt {
    const data = this.line("prompts", id, promptOf);
    if (data?.id !== id) throw unreadable(`the prompt \`${id}\``);
    return new Prompt(
      data,
      this.release,
      this.channel,
      (path, name) => this.included(data, path, name),
      (path) => this.file(path),
    );
  }

  private included(prompt: PromptData, path: string, name: string): Text | undefined {
    const found = own(own(prompt.includes, path), name);
    if (typeof found !== "string") return undefined;
    const known = this.parts.get(found);
    if (known !== undefined) return known;
    const text = this.line("parts", found, (line): Text => {
      const [value, program] = [own(line, "text"), own(line, "program")];
      if (typeof value !== "string" || !(program === undefined || typeof program === "string"))
        throw new NotJson("no text");
      return { path: found, text: value, program, starts: [1, 1] };
    });
    if (text !== undefined) this.parts.set(found, text);
    return text;
  }

  /** The base64 of a file. */
  private file(path: string): string | undefined {
    return this.line("files", path, (line) => {
      const found = own(line, "base64");
      if (typeof found !== "string") throw new NotJson("no base64");
      return found;
    });
  }

  /** What is in a line; undefined if the header does not have it. */
  private line<T>(table: string, name: string, read: (line: Json) => T): T | undefined {
    const span = own(own(this.header, table), name);
    if (span === undefined) return undefined;
    const [start, length] = Array.isArray(span) && span.length === 2 ? (span as unknown[]) : [];
    try {
      if (!isCount(start) || !isCount(length) || this.body[start + length] !== NEWLINE)
        throw new NotJson("no span of a line");
      return read(readStrict(decoded(this.body.subarray(start, start + length))));
    } catch (error) {
      throw error instanceof NotJson ? unreadable(`\`${name}\``) : error;
    }
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function unreadable(what: string): IntegrityError {
  return new IntegrityError(`${what} can't be read from the bundle; build it again`);
}

function jsonOf(data: Uint8Array): Json | undefined {
  try {
    return readStrict(decoded(data));
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}

function decoded(data: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new NotJson("this is not UTF-8");
  }
}
