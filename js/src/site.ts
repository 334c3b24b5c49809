/** A site that `promptops build --site` wrote: in a folder, in a package, or at an address. */
import { readBundle } from "./bundle";
import { MAX_BUNDLE_BYTES } from "./bundle_file";
import { isObject, own } from "./data";
import { IntegrityError, NotFound, TransportError, UsageError, quoted } from "./errors";
import { readFile } from "./files";
import { NotJson, exactNumber, readJson } from "./json";
import { parseVersion } from "./refs";
import { type BundleSource, type Delivery, type Listed, type Pointer, canBe } from "./source";
import { get } from "./transport";
import { MAX_SIGNATURE_BYTES, type Trust, verify } from "./trust";

const INDEX = "index.json";
const MAX_INDEX_BYTES = 32 * 1024 * 1024;
const MAX_CHANNEL_BYTES = 64 * 1024;
const MAX_CHANNEL_DEPTH = 100;
const MAX_VALUES = 1_500_000; // of one JSON file; parsed, they fit into 200 MB
const MAX_SERIAL = 2n ** 63n;
const HERE = ["localhost", "127.0.0.1", "[::1]"];

/** From a name, a size limit in bytes and a deadline to the data; undefined if there is no such file. */
type Get = (name: string, largest: number, signal: AbortSignal) => Promise<Uint8Array | undefined>;

/** Releases and channels, as files with fixed names. */
class Site implements BundleSource {
  /** The channels of the last index, and the query that read it. */
  private last: readonly [AbortSignal, readonly string[]] | undefined;

  constructor(
    readonly where: string,
    readonly remote: boolean,
    private readonly get: Get,
  ) {}

  async releases(signal: AbortSignal): Promise<ReadonlyMap<string, Listed>> {
    const data = await this.get(INDEX, MAX_INDEX_BYTES, signal);
    if (data === undefined) {
      const hint = "create one: promptops build --site DIR";
      throw new NotFound("there is no site: no `index.json`", { where: this.where, hint });
    }
    const index = this.read(data, INDEX, (text) => JSON.parse(text));
    const releases = own(index, "releases");
    const channels = own(index, "channels") ?? [];
    const listed = Array.isArray(releases) ? releases.map(listedIn) : [undefined];
    if (own(index, "schema") !== 1 || !Array.isArray(channels) || listed.includes(undefined)) throw this.odd(INDEX);
    this.last = [signal, channels.map(String)];
    return new Map(listed.filter((each) => each !== undefined).map((each) => [each.release ?? "", each]));
  }

  async channel(name: string, signal: AbortSignal): Promise<Pointer | undefined> {
    const path = `channels/${name}.json`;
    const data = await this.get(path, MAX_CHANNEL_BYTES, signal);
    if (data === undefined) return undefined;
    const found = this.read(data, path, channelIn);
    if (own(found, "canary") !== undefined) {
      const where = `${this.where}/${path}`;
      throw new IntegrityError("`canary` is not supported yet: no reader would serve it", { where });
    }
    const [release, digest, serial] = [own(found, "release"), digestIn(own(found, "bundle")), own(found, "serial")];
    const isWhole = typeof serial === "bigint" || Number.isSafeInteger(serial);
    const count = isWhole ? BigInt(serial as bigint | number) : 0n;
    if (typeof release !== "string" || digest === undefined || count <= 0n || count >= MAX_SERIAL) throw this.odd(path);
    return { release, digest, serial: count };
  }

  async channels(signal: AbortSignal): Promise<readonly string[]> {
    if (this.last?.[0] !== signal) await this.releases(signal);
    return this.last?.[1] ?? [];
  }

  async bundle(listed: Listed, trust: Trust | undefined, signal: AbortSignal): Promise<Delivery> {
    const path = `bundles/${listed.release}.jsonl`;
    if (!path.split("/").every(isPlain)) throw this.odd(path);
    const data = await this.get(path, MAX_BUNDLE_BYTES, signal);
    // The index of the site names the release, so it is not a typing error.
    if (data === undefined) throw new TransportError(`\`${path}\` does not exist yet`, { where: this.where });
    const where = `${this.where}/${path}`;
    const proof = trust && (await this.get(`${path}.sig`, MAX_SIGNATURE_BYTES, signal));
    if (trust !== undefined) await verify({ data, signature: proof, where }, trust);
    return { bundle: await readBundle(data, where), data, proof };
  }

  /** The object in a file. */
  private read(data: Uint8Array, path: string, parse: (text: string) => unknown): object {
    let values = 0;
    for (const byte of data) if (byte === 0x2c || byte === 0x5b || byte === 0x7b) values += 1;
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(data);
      const found = values > MAX_VALUES ? undefined : parse(text);
      if (isObject(found)) return found;
    } catch (error) {
      const isOdd = [SyntaxError, TypeError, RangeError, NotJson].some((kind) => error instanceof kind);
      if (!isOdd) throw error;
    }
    throw this.odd(path);
  }

  private odd(path: string): IntegrityError {
    return new IntegrityError(`${quoted(path)} is not a valid file of a promptops site`, { where: this.where });
  }
}

/** A site on this machine. */
export function siteFolder(folder: string): BundleSource {
  return new Site(folder, false, (name, largest) => readFile(`${folder}/${name}`, largest));
}

/** A site at `https://…`; unchanged files are not downloaded again. Throws a UsageError for an invalid address. */
export function siteAt(address: string): BundleSource {
  const root = address.replace(/\/+$/, "");
  checkAddress(root);
  const known = new Map<string, readonly [etag: string, data: Uint8Array]>();
  return new Site(root, true, async (name, largest, signal) => {
    const [etag, before] = known.get(name) ?? [];
    const url = `${root}/${name.split("/").map(encodeURIComponent).join("/")}`;
    const page = await get(url, largest, signal, etag);
    const data = page && (page.data ?? before);
    if (page?.etag !== undefined && data !== undefined && !name.startsWith("bundles/"))
      known.set(name, [page.etag, data]);
    return data;
  });
}

function checkAddress(address: string): void {
  if (!/^\w+:\/\/[^/\\]/.test(address) || !URL.canParse(address))
    throw new UsageError(`${quoted(address)} is not the address of a site`);
  const { protocol, hostname: where, username, password } = new URL(address);
  if (/[?#]/.test(address) || username || password) {
    const hint = "remove them: an address is shown in messages and cached";
    throw new UsageError("the address of a site has no user, `?` or `#`", { where, hint });
  }
  if (protocol !== "https:" && !HERE.includes(where)) {
    const hint = "use https://…: data sent over http can be changed in transit";
    throw new UsageError("a site on another machine must use https", { where, hint });
  }
}

/** With exact serials, which can be longer than a number of JavaScript. */
function channelIn(text: string): unknown {
  return readJson(text, { object: Object.fromEntries, number: exactNumber, depth: MAX_CHANNEL_DEPTH });
}

function listedIn(entry: unknown): Listed | undefined {
  const [release, written, digest] = [own(entry, "release"), own(entry, "version"), digestIn(own(entry, "bundle"))];
  const version = typeof written === "string" ? parseVersion(written) : undefined;
  if (typeof release !== "string" || digest === undefined) return undefined;
  if (written !== null && typeof written !== "string") return undefined;
  return version === undefined || canBe(release, version) ? { release, version, digest } : undefined; // it is not signed
}

function digestIn(text: unknown): string | undefined {
  return typeof text === "string" ? /^sha256:([0-9a-f]{64})$/.exec(text)?.[1] : undefined;
}

/** Whether a part of a path stays inside of its folder. */
function isPlain(part: string): boolean {
  return !["", ".", ".."].includes(part) && !/[\p{C}\\]|(?! )\p{Z}/u.test(part);
}
