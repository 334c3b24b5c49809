/** Verifies that a trusted signer signed a bundle: SSH signatures and allowed signers, as `ssh-keygen -Y` reads them. */
import { sha256 } from "./bundle";
import { InputError, IntegrityError } from "./errors";

export const MAX_SIGNERS_BYTES = 1024 * 1024;
export const MAX_SIGNATURE_BYTES = 16 * 1024;
const NAMESPACE = "promptops-bundle";
const KEY_KIND = "ssh-ed25519";

/** The signers whose signatures are accepted. */
export interface Trust {
  readonly signers: readonly Signer[];
  /** Where they are written, for messages. */
  readonly name: string;
  /** SHA-256 in hexadecimal of the text. */
  readonly key: string;
}

/** A line of allowed signers that can sign: with an ed25519 key, and not as a certificate authority. */
interface Signer {
  /** Patterns, separated by commas. */
  readonly principals: string;
  /** In base64, as OpenSSH encodes a public key. */
  readonly key: string;
  /** Patterns, separated by commas; undefined for all namespaces. */
  readonly namespaces: string | undefined;
  /** Unix times in seconds, both inclusive. */
  readonly after: number;
  readonly before: number;
}

/** The trust store in a text of allowed signers; throws an InputError if it is too long. */
export async function trustOf(text: string, name: string): Promise<Trust> {
  const data = new TextEncoder().encode(text);
  if (data.length > MAX_SIGNERS_BYTES) {
    throw new InputError(`the allowed signers have more than ${MAX_SIGNERS_BYTES} bytes`, { where: name });
  }
  const lines = text.split("\n").map(signerOf); // ssh-keygen, too, leaves out lines that are not valid
  return { signers: lines.filter((signer) => signer !== undefined), name, key: await sha256(data) };
}

/** A bundle file and the detached signature beside it. */
export interface Signed {
  readonly data: Uint8Array;
  readonly signature: Uint8Array | undefined;
  readonly where: string;
}

/** Verifies a signature and returns who made it; throws an IntegrityError. `now` is a Unix time in seconds. */
export async function verify(signed: Signed, trust: Trust, now = Date.now() / 1000): Promise<string> {
  const where = signed.where;
  if (signed.signature === undefined) {
    const hint = `sign it with \`promptops build --sign\`, or load it without the trust store ${trust.name}`;
    throw new IntegrityError("the bundle is not signed", { where, hint });
  }
  const hint = `it must be signed by a key in ${trust.name}, for the namespace ${NAMESPACE}`;
  const refused = (problem: string): IntegrityError => new IntegrityError(`the bundle${problem}`, { where, hint });
  const signature = signed.signature.length > MAX_SIGNATURE_BYTES ? undefined : signatureIn(signed.signature);
  if (signature === undefined) throw refused("'s signature is damaged, or not an SSH signature");
  if (signature.namespace !== NAMESPACE) throw refused("'s signature is for another purpose");
  if (signature.kind !== KEY_KIND) throw refused(` is signed by a key of the kind ${signature.kind}, not ${KEY_KIND}`);
  if (!(await isGood(signature, signed.data)))
    throw refused(" was changed after it was signed: the signature covers other bytes");
  const principal = principalOf(trust.signers, base64(signature.key), Math.floor(now));
  if (principal !== undefined) return principal;
  const fingerprint = base64(await digested("SHA-256", signature.key)).replace(/=+$/, "");
  throw refused(` is signed by ED25519 key SHA256:${fingerprint}, which is not trusted for it`);
}

/** The first line with the key names the signer; any line may allow it the namespace. */
function principalOf(signers: readonly Signer[], key: string, now: number): string | undefined {
  const valid = signers.filter((each) => each.key === key && each.after <= now && now <= each.before);
  const names = valid[0]?.principals.split(",") ?? [];
  const end = names.indexOf("");
  return names
    .slice(0, end < 0 ? names.length : end)
    .find((name) =>
      valid.some(
        ({ principals, namespaces }) =>
          isListed(name, principals) && (namespaces === undefined || isListed(NAMESPACE, namespaces)),
      ),
    );
}

/** Whether a pattern of a list fits a name, and none that begins with `!` does. */
function isListed(name: string, list: string): boolean {
  const fits = (pattern: string): boolean => {
    const escaped = pattern.replace(/[\\^$.|+()[\]{}]/g, "\\$&");
    return new RegExp(`^${escaped.replace(/\*+/g, "[^]*").replaceAll("?", "[^]")}$`).test(name);
  };
  const patterns = list.split(",");
  const [refused, accepted] = [true, false].map((sign) => patterns.filter((each) => each.startsWith("!") === sign));
  return !refused?.some((each) => fits(each.slice(1))) && accepted?.some(fits) === true;
}

// A line of allowed signers

function signerOf(line: string): Signer | undefined {
  const [, quotedNames, names = quotedNames, rest = ""] =
    /^[ \t\r]*(?:"([^"]*)"|([^ \t\r"#][^ \t\r"]*))[ \t\r]+([^]*?)\r*$/.exec(line) ?? [];
  const plain = keyOf(rest);
  const [options = "", behind = ""] = plain === undefined ? splitOptions(rest) : [];
  const key = plain ?? keyOf(behind);
  const found = optionsOf(options);
  if (names === undefined || key === undefined || found === undefined || line.includes("\0")) return undefined;
  return { principals: names, key, ...found };
}

/** The base64 of an ed25519 key, with which a text begins. */
function keyOf(text: string): string | undefined {
  const [, written = ""] = /^ssh-ed25519[ \t]+([A-Za-z0-9+/=]+)(?=[ \t\r]|$)/.exec(text) ?? [];
  const data = unbase64(written);
  return data !== undefined && publicKeyOf(data) !== undefined ? written : undefined;
}

function splitOptions(text: string): string[] {
  return /^((?:\\"|"(?:\\"|[^"])*"|[^ \t"])+)[ \t]+([^]*)$/.exec(text)?.slice(1) ?? [];
}

const OPTION = /(namespaces|valid-after|valid-before)="((?:\\"|[^"])*)"|cert-authority|(?=,)/iy;

/** The options of a line; undefined for what is not valid, and for a certificate authority. */
function optionsOf(text: string): Pick<Signer, "namespaces" | "after" | "before"> | undefined {
  const found = new Map<string, string>();
  for (let at = 0; at < text.length; at += 1) {
    OPTION.lastIndex = at;
    const option = OPTION.exec(text);
    const [all, name = all ?? "", value = ""] = option ?? [];
    at += name === "" ? 0 : (all?.length ?? 0);
    const isLast = at === text.length;
    const isOdd = option === null || found.has(name.toLowerCase()) || (!isLast && text[at] !== ",");
    if (isOdd || at === text.length - 1) return undefined;
    if (name !== "") found.set(name.toLowerCase(), value.replaceAll('\\"', '"'));
  }
  const [after, before] = [timeOf(found.get("valid-after"), 0), timeOf(found.get("valid-before"), Infinity)];
  const isOdd = after === undefined || before === undefined || before <= after;
  if (isOdd || found.has("cert-authority")) return undefined;
  return { namespaces: found.get("namespaces"), after, before };
}

/** Unix time of `YYYYMMDD`, with `HHMM` or `HHMMSS`, then `Z` or `UTC` or nothing for the time of this machine. */
function timeOf(text: string | undefined, absent: number): number | undefined {
  if (text === undefined) return absent;
  const written = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z|UTC)?$/i.exec(text);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] =
    written?.slice(1, 7).map((n) => +(n ?? 0)) ?? [];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 61 || year < 1970)
    return undefined;
  const fields = [year, month - 1, day, hour, minute, second] as const;
  const time = (written?.[7] === undefined ? new Date(...fields).getTime() : Date.UTC(...fields)) / 1000;
  return time > 0 ? time : undefined;
}

// An SSH signature, as PROTOCOL.sshsig of OpenSSH describes it

interface Signature {
  /** Such as `ssh-ed25519`. */
  readonly kind: string;
  /** The public key, as OpenSSH encodes it. */
  readonly key: Uint8Array;
  readonly namespace: string;
  readonly hash: string;
  /** The encoded signature, of the kind of the key. */
  readonly value: Uint8Array;
}

const HASHES: Record<string, string> = { sha256: "SHA-256", sha512: "SHA-512" };

function signatureIn(armored: Uint8Array): Signature | undefined {
  const text = latin1(armored);
  const [, written = ""] = /^-----BEGIN SSH SIGNATURE-----\r?\n([^]*?)\n-----END SSH SIGNATURE-----/.exec(text) ?? [];
  const data = unbase64(written.replace(/[ \t\n\v\f\r]+/g, ""));
  if (data === undefined || latin1(data.subarray(0, 6)) !== "SSHSIG" || data.length < 10) return undefined;
  const [key, namespace, , hash, value, ...more] = stringsOf(data.subarray(10)) ?? [];
  if (new DataView(data.buffer).getUint32(6) > 1 || !key || !namespace || !hash || !value || more.length)
    return undefined;
  const kind = latin1(prefixed(key) ?? new Uint8Array());
  const isKnown = Object.hasOwn(HASHES, latin1(hash)) && (kind !== KEY_KIND || publicKeyOf(key) !== undefined);
  return isKnown ? { kind, key, namespace: latin1(namespace), hash: latin1(hash), value } : undefined;
}

/** Whether the key of the signature signed the data. */
async function isGood({ key, namespace, hash, value }: Signature, data: Uint8Array): Promise<boolean> {
  const [kind, bytes, ...more] = stringsOf(value) ?? [];
  const publicKey = publicKeyOf(key);
  if (!kind || latin1(kind) !== KEY_KIND || bytes?.length !== 64 || more.length || !publicKey) return false;
  const algorithm = HASHES[hash] ?? "";
  const parts = [namespace, "", hash].map((part) => Uint8Array.from(part, (char) => char.charCodeAt(0)));
  const message = [...parts, await digested(algorithm, data)].flatMap((part) => [0, 0, 0, part.length, ...part]);
  const signed = Uint8Array.from([..."SSHSIG"].map((char) => char.charCodeAt(0)).concat(message));
  try {
    const imported = await crypto.subtle.importKey("raw", own(publicKey), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, own(bytes), signed);
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== "NotSupportedError") return false;
    throw new InputError("this JavaScript runtime can't check signatures", {
      hint: "use one whose `crypto.subtle` has Ed25519",
    });
  }
}

/** The 32 bytes of an ed25519 key; undefined for another key. */
function publicKeyOf(key: Uint8Array): Uint8Array | undefined {
  const [kind, bytes, ...more] = stringsOf(key) ?? [];
  return kind && latin1(kind) === KEY_KIND && bytes?.length === 32 && !more.length ? bytes : undefined;
}

/** Byte strings, each after its length; undefined if they do not fill the data. */
function stringsOf(data: Uint8Array): Uint8Array[] | undefined {
  const found: Uint8Array[] = [];
  for (let at = 0; at < data.length;) {
    const next = prefixed(data.subarray(at));
    if (next === undefined) return undefined;
    found.push(next);
    at += 4 + next.length;
  }
  return found;
}

function prefixed(data: Uint8Array): Uint8Array | undefined {
  const length = data.length < 4 ? Infinity : new DataView(data.buffer, data.byteOffset).getUint32(0);
  return length <= data.length - 4 ? data.subarray(4, 4 + length) : undefined;
}

async function digested(algorithm: string, data: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest(algorithm, own(data)));
}

/** The same bytes; the type of the web platform excludes memory that threads share. */
function own(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return data as Uint8Array<ArrayBuffer>;
}

function latin1(data: Uint8Array): string {
  return Array.from(data, (byte) => String.fromCharCode(byte)).join("");
}

function base64(data: Uint8Array): string {
  return btoa(latin1(data));
}

/** Bytes of base64 in its only form; undefined for anything else. */
function unbase64(text: string): Uint8Array | undefined {
  if (text === "" || !/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0) return undefined;
  const data = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  return base64(data) === text ? data : undefined;
}
