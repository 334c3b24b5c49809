/** Streams of bytes. */

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
