/**
 * The cache on disk: bundles by digest, and the last known meaning of refs. Python programs use the same folder.
 *
 * It is optional: missing or damaged data, and data that another user could have written, counts as not found, and data
 * that can't be written is not cached.
 */
import type { Stats } from "node:fs";
import { type Bundle, readBundle } from "./bundle";
import { MAX_BUNDLE_BYTES } from "./bundle_file";
import { isObject } from "./data";
import { PromptopsError, quoted } from "./errors";
import { PART, makePrivateFolder, readPrivate, replacePrivate, whyNotPrivate } from "./files";
import { type NodeModules, nodeModules, variable } from "./node";

const FORMAT = "2"; // of the bundles to which pointers lead
const MAX_TOTAL_BYTES = 512 * 1024 * 1024;
const SHARE_LEFT = 0.75; // after removing files, so that not every write removes some
const MAX_POINTERS = 4096;
const MAX_POINTER_BYTES = 1024 * 1024;
const MAX_PROOF_BYTES = 4 * 1024 * 1024;
const ABANDONED_MS = 3_600_000; // the age of a temporary file whose process died
const reported = new Set<string>();

/** What is cached about a ref. */
export interface CachedPointer {
  readonly bundle?: unknown;
  readonly channel?: unknown;
  readonly of?: unknown;
}

/** The cache of this user; undefined without files or a home, or if another user can change it, with one warning. */
export function openCache(): BundleCache | undefined {
  const node = nodeModules();
  const folder = node && location(node);
  if (node === undefined || folder === undefined) return undefined;
  const reason = whyNotPrivate(folder);
  if (reason === undefined) return new BundleCache(folder, node);
  const hint = `chmod go-w ${folder}, or set PROMPTOPS_CACHE to a folder that does not exist yet`;
  if (!reported.has(folder)) console.warn(`promptops: the cache ${quoted(folder)} is not used: ${reason}; ${hint}`);
  reported.add(folder);
  return undefined;
}

function location({ path, os, platform }: NodeModules): string | undefined {
  const named = variable("PROMPTOPS_CACHE");
  if (named) return path.resolve(named);
  const caches = variable("XDG_CACHE_HOME") || variable("LOCALAPPDATA") || "";
  if (path.isAbsolute(caches)) return path.join(caches, "promptops");
  const home = os.homedir();
  return home ? path.join(home, platform === "darwin" ? "Library/Caches" : ".cache", "promptops") : undefined;
}

/** A folder of bundles, pointers and serials that processes share. No method throws. */
export class BundleCache {
  constructor(
    private readonly folder: string,
    private readonly node: NodeModules,
  ) {}

  /** The bundle with this SHA-256 in hexadecimal, verified, and its bytes. */
  async bundle(digest: string): Promise<{ bundle: Bundle; data: Uint8Array } | undefined> {
    if (!/^[0-9a-f]{64}$/.test(digest)) return undefined;
    const file = this.bundleFile(digest);
    const data = await readPrivate(file, MAX_BUNDLE_BYTES);
    if (data === undefined) return undefined;
    try {
      const bundle = await readBundle(data, file);
      if (bundle.digest !== digest) return undefined;
      this.used(file);
      return { bundle, data };
    } catch (error) {
      if (error instanceof PromptopsError) return undefined;
      throw error;
    }
  }

  /** Caches the bytes of a verified bundle; if all take too much space, the least recently used are removed. */
  async keepBundle(digest: string, data: Uint8Array): Promise<void> {
    const file = this.bundleFile(digest);
    await this.write(file, data);
    const found = this.stored("bundles");
    let total = found.reduce((sum, [, { size }]) => sum + size, 0);
    if (total <= MAX_TOTAL_BYTES) return;
    for (const [path, { size }] of found) {
      if (total <= MAX_TOTAL_BYTES * SHARE_LEFT) return;
      if (path !== file && this.remove(path)) total -= size;
    }
  }

  /** The cached signature of a bundle, not verified. The key names the source and the trusted signers. */
  async proof(digest: string, ...key: string[]): Promise<Uint8Array | undefined> {
    const file = this.proofFile(digest, key);
    const data = await readPrivate(file, MAX_PROOF_BYTES);
    if (data !== undefined) this.used(file);
    return data;
  }

  async keepProof(proof: Uint8Array, digest: string, ...key: string[]): Promise<void> {
    await this.write(this.proofFile(digest, key), proof);
  }

  /** What is cached under a key of any strings. */
  async pointer(...key: string[]): Promise<CachedPointer> {
    const data = await readPrivate(this.pointerFile(key), MAX_POINTER_BYTES);
    try {
      const value: unknown = JSON.parse(new TextDecoder().decode(data));
      return isObject(value) ? value : {};
    } catch {
      return {};
    }
  }

  async keepPointer(value: CachedPointer, ...key: string[]): Promise<void> {
    const known = await this.pointer(...key);
    if (known.bundle === value.bundle && known.channel === value.channel && known.of === value.of) return;
    const file = this.pointerFile(key);
    const isNew = !this.node.fs.existsSync(file);
    await this.write(file, new TextEncoder().encode(JSON.stringify(value)));
    const oldest = isNew ? this.stored("pointers").slice(0, -MAX_POINTERS) : [];
    for (const [path] of oldest) this.remove(path);
  }

  /** The highest serial cached under the key, or 0. */
  serial(...key: string[]): bigint {
    return this.serials(key).reduce((left, right) => (left > right ? left : right), 0n);
  }

  /** Each serial is a file, and only lower ones are removed, so that processes don't undo each other's change. */
  keepSerial(serial: bigint, ...key: string[]): void {
    const { fs, path } = this.node;
    const [folder, known] = [this.serialFolder(key), this.serials(key)];
    if (known.includes(serial)) return;
    try {
      makePrivateFolder(folder);
      fs.writeFileSync(path.join(folder, String(serial)), "", { flag: "wx", mode: 0o600 });
      for (const lower of known) if (lower < serial) this.remove(path.join(folder, String(lower)));
    } catch {
      return; // it can't be written
    }
  }

  private serials(key: string[]): bigint[] {
    const folder = this.serialFolder(key);
    if (whyNotPrivate(folder) !== undefined) return [];
    try {
      const names = this.node.fs.readdirSync(folder);
      return names.filter((name) => /^[0-9]+$/.test(name)).map(BigInt);
    } catch {
      return [];
    }
  }

  /** All complete files below a folder, the least recently used first; removes abandoned temporary ones. */
  private stored(below: string): [path: string, status: Stats][] {
    const { fs, path } = this.node;
    const found: [string, Stats][] = [];
    try {
      for (const entry of fs.readdirSync(path.join(this.folder, below), { withFileTypes: true, recursive: true })) {
        const file = path.join(entry.parentPath, entry.name);
        const status = entry.isFile() ? fs.statSync(file, { throwIfNoEntry: false }) : undefined;
        if (status === undefined) continue;
        if (!file.endsWith(PART)) found.push([file, status]);
        else if (status.mtimeMs < Date.now() - ABANDONED_MS) this.remove(file);
      }
    } catch {
      return []; // it can't be read, so nothing is removed
    }
    return found.sort(([, left], [, right]) => left.mtimeMs - right.mtimeMs);
  }

  private used(file: string): void {
    try {
      this.node.fs.utimesSync(file, new Date(), new Date());
    } catch {
      return; // it may be on a disk that can't be written
    }
  }

  private remove(file: string): boolean {
    try {
      this.node.fs.unlinkSync(file);
      return true;
    } catch {
      return false;
    }
  }

  private async write(file: string, data: Uint8Array): Promise<void> {
    try {
      makePrivateFolder(this.node.path.dirname(file));
      await replacePrivate(file, data);
    } catch {
      return; // the folder may be on a full disk, or of another user
    }
  }

  private bundleFile(digest: string): string {
    return this.node.path.join(this.folder, "bundles", digest.slice(0, 2), `${digest.slice(2)}.jsonl`);
  }

  private proofFile(digest: string, key: string[]): string {
    return this.bundleFile(digest).replace(/jsonl$/, `${this.keyName(...key).slice(0, 16)}.proof`);
  }

  private pointerFile(key: string[]): string {
    return this.node.path.join(this.folder, "pointers", `${this.keyName(FORMAT, ...key)}.json`);
  }

  private serialFolder(key: string[]): string {
    return this.node.path.join(this.folder, "serials", this.keyName(...key));
  }

  /** The file name for a key; it does not reveal the key. */
  keyName(...key: string[]): string {
    const escape = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
    const written = key.map((part) => JSON.stringify(part).replace(/[^ -~]/g, escape)); // as Python writes it
    return this.node.crypto
      .createHash("sha256")
      .update(`[${written.join(", ")}]`)
      .digest("hex");
  }
}
