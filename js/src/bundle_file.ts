/** A single bundle in a file, gzipped or not. */
import { IntegrityError } from "./errors";

export const MAX_BUNDLE_BYTES = 256 * 1024 * 1024;
const ALWAYS_BYTES = 16 * 1024 * 1024;
const RATIO = 40; // JSON compresses to a tenth of its size, a zip bomb to a thousandth

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

/** All bytes of a stream; undefined for more than `largest`. */
export async function collected(stream: ReadableStream<Uint8Array>, largest: number): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  const reader = stream.getReader();
  let size = 0;
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    pieces.push(piece.value);
    size += piece.value.length;
    if (size > largest) {
      reader.cancel().catch(() => undefined); // it may never end
      return undefined;
    }
  }
  const all = new Uint8Array(size);
  for (let at = 0, next = pieces.shift(); next; at += next.length, next = pieces.shift()) all.set(next, at);
  return all;
}
