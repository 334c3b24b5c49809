/** Files that are read as a whole, and files and folders that no other user of the machine can write to. */
import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { IntegrityError, TransportError } from "./errors";
import { type NodeModules, needed } from "./node";
import { joined } from "./streams";

const OTHERS_WRITE = 0o022;
const CHUNK_BYTES = 1024 * 1024;

/** The bytes of a regular file; undefined if there is none. Throws a TransportError or an IntegrityError. */
export async function readFile(path: string, largest: number): Promise<Uint8Array | undefined> {
  let data: Uint8Array;
  try {
    data = await readRegular(path, largest);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return undefined;
    const hint = "check the permissions of the file and of its folders";
    throw new TransportError(`the file can't be read: ${reasonOf(error)}`, { where: path, hint });
  }
  if (data.length <= largest) return data;
  const hint = "check the path: this is not a file that `promptops build` writes";
  throw new IntegrityError(`the file has more than ${largest.toLocaleString("en")} bytes`, { where: path, hint });
}

/** Up to `largest` + 1 bytes of a regular file; links are followed, and a pipe is not waited for. */
export async function readRegular(path: string, largest: number): Promise<Uint8Array> {
  return read(path, largest, 0, (status) => status.isFile());
}

/** The bytes of a regular file, no link, that only this user and root can write to; undefined for anything else. */
export async function readPrivate(path: string, largest: number): Promise<Uint8Array | undefined> {
  const node = needed("a cache");
  try {
    const noLink = node.fs.constants.O_NOFOLLOW ?? 0; // Windows has none
    const data = await read(path, largest, noLink, (status) => status.isFile() && whyNot(status, node) === undefined);
    return data.length <= largest ? data : undefined;
  } catch {
    return undefined;
  }
}

async function read(
  path: string,
  largest: number,
  flags: number,
  accepts: (status: Stats) => boolean,
): Promise<Uint8Array> {
  const { fs } = needed(path);
  const { O_RDONLY, O_NONBLOCK = 0 } = fs.constants;
  const file = await fs.promises.open(path, O_RDONLY | O_NONBLOCK | flags);
  try {
    const status = await file.stat();
    if (!accepts(status)) throw new Error("not a regular file");
    if (status.size > largest) return new Uint8Array(largest + 1);
    return await readUpTo(file, largest + 1);
  } finally {
    await file.close();
  }
}

/** At most so many bytes: a file can grow, and those of `/proc` have no size. */
async function readUpTo(file: FileHandle, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let length = 0; length < most;) {
    const { bytesRead, buffer } = await file.read({ buffer: new Uint8Array(Math.min(most - length, CHUNK_BYTES)) });
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
  }
  return joined(chunks);
}

/** Why another user can change what is in a folder; undefined if no one can, or if it does not exist. */
export function whyNotPrivate(folder: string): string | undefined {
  const node = needed("a cache");
  try {
    const status = node.fs.statSync(folder);
    return status.isDirectory() ? whyNot(status, node) : "it is not a folder";
  } catch {
    return undefined;
  }
}

/** Root can change everything and does not count. On Windows, owners and modes are not checked. */
function whyNot({ uid, mode }: Stats, { user }: NodeModules): string | undefined {
  if (user === undefined) return undefined;
  if (uid !== user && uid !== 0) return "it belongs to another user";
  return mode & OTHERS_WRITE ? "other users can write to it" : undefined;
}

/** Creates a folder and its missing parents for this user only; throws if another user can change it. */
export function makePrivateFolder(folder: string): void {
  needed("a cache").fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const reason = whyNotPrivate(folder);
  if (reason !== undefined) throw new Error(reason);
}

export const PART = ".part";

/** Replaces a file as a whole, also if others write it; only this user may read and write it. */
export async function replacePrivate(path: string, data: Uint8Array): Promise<void> {
  const { fs, crypto, pid } = needed("a cache");
  const temporary = `${path}.${pid}-${crypto.randomBytes(6).toString("hex")}${PART}`;
  try {
    const file = await fs.promises.open(temporary, "wx", 0o600);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.promises.rename(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** The reason that the operating system gives, such as `permission denied`. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (/^[A-Z0-9_]+: ([^,]+)/.exec(text)?.[1] ?? text).toLowerCase();
}
