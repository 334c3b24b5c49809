/** The data and the media type of a media part. */
import { type JsonObject, own } from "./data";
import { BLANKS } from "./formatting";

const TYPES = tableOf({
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  heic: "image/heic",
  heif: "image/heif",
  pdf: "application/pdf",
  txt: "text/plain",
  md: "text/markdown",
  csv: "text/csv",
  html: "text/html",
  json: "application/json",
  xml: "text/xml",
  wav: "audio/wav",
  mp3: "audio/mp3",
  aac: "audio/aac",
  ogg: "audio/ogg",
  flac: "audio/flac",
  aiff: "audio/aiff",
});
/** The types of files in a bundle, where they differ. */
const FILE_TYPES = tableOf({
  wav: "audio/x-wav",
  mp3: "audio/mpeg",
  aiff: "audio/x-aiff",
  bmp: "image/bmp",
  svg: "image/svg+xml",
  tif: "image/tiff",
  tiff: "image/tiff",
  mp4: "video/mp4",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
});
const SAME = tableOf({
  "audio/mpeg": "audio/mp3",
  "audio/x-wav": "audio/wav",
  "audio/wave": "audio/wav",
  "audio/vnd.wave": "audio/wav",
  "image/jpg": "image/jpeg",
});

/** A table that has only its own names: an ending may be `constructor`. */
function tableOf(names: Record<string, string>): ReadonlyMap<string, string> {
  return new Map(Object.entries(names));
}

export interface MediaSource {
  /** In lower case and without parameters; undefined if it is not known. */
  readonly mediaType: string | undefined;
  /** Base64. */
  readonly data?: string;
  readonly url?: string;
}

/** The source of a part in the neutral form; undefined if it has none. */
export function mediaSource(part: JsonObject): MediaSource | undefined {
  const [url, data] = [own(part, "url"), own(part, "data")];
  if (typeof url === "string" && url.startsWith("data:")) return embedded(url);
  if (typeof url === "string" && url) return { mediaType: typeOfAddress(url), url };
  return typeof data === "string" ? { mediaType: undefined, data } : undefined;
}

export function isAddress(value: unknown): boolean {
  return typeof value === "string" && /^(https?:\/\/|data:)/.test(value);
}

/** Whether data is base64 as a whole; line breaks are allowed. */
export function isBase64(value: string): boolean {
  const data = value.replace(new RegExp(`[${BLANKS}]+`, "g"), "");
  return data.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(data);
}

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64.replace(new RegExp(`[${BLANKS}]+`, "g"), "")), (char) => char.charCodeAt(0));
}

export function mediaTypeOfFile(path: string): string {
  const ending = endingOf(path);
  return FILE_TYPES.get(ending) ?? TYPES.get(ending) ?? "application/octet-stream";
}

function endingOf(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1).toLowerCase();
}

function typeOfAddress(url: string): string | undefined {
  try {
    return TYPES.get(endingOf(new URL(url).pathname));
  } catch {
    return undefined;
  }
}

function embedded(url: string): MediaSource {
  const [head = "", ...rest] = url.slice("data:".length).split(",");
  const [written = "", ...parameters] = head.split(";");
  const data = parameters.includes("base64") ? rest.join(",") : base64Of(percentDecoded(rest.join(",")));
  const kind = written.trim().toLowerCase();
  return { mediaType: kind === "" || kind === "application/octet-stream" ? undefined : (SAME.get(kind) ?? kind), data };
}

function base64Of(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

function percentDecoded(text: string): Uint8Array {
  const bytes: number[] = [];
  const encoded = new TextEncoder().encode(text);
  for (let at = 0; at < encoded.length; at++) {
    const digits = String.fromCharCode(encoded[at + 1] ?? 0, encoded[at + 2] ?? 0);
    const isEscape = encoded[at] === 0x25 && /^[0-9a-fA-F]{2}$/.test(digits);
    bytes.push(isEscape ? Number.parseInt(digits, 16) : (encoded[at] ?? 0));
    if (isEscape) at += 2;
  }
  return Uint8Array.from(bytes);
}
