/** A single bundle in a file, gzipped or not. */
import { type Bundle, readBundle } from "./bundle";
import { IntegrityError, NotFound } from "./errors";
import { readFile } from "./files";
import { type BundleSource, type Delivery, type Listed, versionIn } from "./source";
import { collected } from "./streams";
import { MAX_SIGNATURE_BYTES, type Trust, verify } from "./trust";

export const MAX_BUNDLE_BYTES = 256 * 1024 * 1024;
const ALWAYS_BYTES = 16 * 1024 * 1024;
const RATIO = 40; // JSON compresses to a tenth of its size, a zip bomb to a thousandth

/** A source with a single release; the file is read again for each query. */
export class BundleFile implements BundleSource {
  readonly remote = false;

  constructor(readonly where: string) {}

  async releases(): Promise<ReadonlyMap<string, Listed>> {
    const { release, commit, digest } = await this.read(await this.data());
    const version = release === null ? undefined : versionIn(release);
    return new Map([[release ?? commit, { release, version, digest }]]);
  }

  async channel(): Promise<undefined> {}

  async channels(): Promise<undefined> {}

  async bundle(_: Listed, trust: Trust | undefined): Promise<Delivery> {
    const data = await this.data();
    const proof = trust && (await readFile(`${this.where}.sig`, MAX_SIGNATURE_BYTES));
    if (trust !== undefined) await verify({ data, signature: proof, where: this.where }, trust);
    return { bundle: await this.read(data), data, proof };
  }

  private async read(data: Uint8Array): Promise<Bundle> {
    return readBundle(await unpacked(data, this.where), this.where);
  }

  private async data(): Promise<Uint8Array> {
    const data = await readFile(this.where, MAX_BUNDLE_BYTES);
    if (data === undefined) throw new NotFound("there is no such file", { where: this.where });
    return data;
  }
}

/** Gzipped data unpacked, other data unchanged; throws an IntegrityError. */
export async function unpacked(data: Uint8Array, where?: string): Promise<Uint8Array> {
  if (data[0] !== 0x1f || data[1] !== 0x8b) return data;
  const most = Math.min(MAX_BUNDLE_BYTES, ALWAYS_BYTES + RATIO * data.length);
  let plain: Uint8Array | undefined;
  try {
    const packed = new Blob([data as Uint8Array<ArrayBuffer>]).stream();
    plain = await collected(packed.pipeThrough(new DecompressionStream("gzip")), most);
  } catch {
    const hint = "copy or download it again, or build it again";
    throw new IntegrityError("the gzip data is damaged or cut off", { where, hint });
  }
  if (plain !== undefined) return plain;
  const hint = "build it again without `.gz`";
  throw new IntegrityError(`the file unpacks to more than ${most >> 20} MB`, { where, hint });
}
