/** JSON data as plain objects, in which only a whole float is not a JavaScript value. */
import { MAX_DATA_DEPTH, MAX_DATA_ITEMS } from "./limits";
import { NotJson, exactNumber, readJson } from "./json";
import { WholeFloat } from "./numbers";

export type Json = unknown;
export type JsonObject = { readonly [key: string]: Json };

const MAX_DEPTH = 200;

/** Bundles are far below the limit of depth; no key may occur twice. */
export function readStrict(text: string): Json {
  const value = readJson(text, { object: objectOf, number: finiteNumber, depth: MAX_DEPTH });
  if (/\p{Cs}/u.test(text) || /(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/.test(text))
    throw new NotJson("half of a surrogate pair");
  return value;
}

function objectOf(members: [string, unknown][]): JsonObject {
  const found = Object.fromEntries(members);
  if (Object.keys(found).length !== members.length) throw new NotJson("a key occurs twice");
  return found;
}

function finiteNumber(text: string): unknown {
  const value = exactNumber(text);
  if (typeof value === "number" && !Number.isFinite(value)) throw new NotJson("a number that is too large");
  return value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof WholeFloat);
}

/** The value of a key of an object; undefined if there is none. */
export function own(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** A copy without whole floats: JavaScript's own data. */
export function plain(value: Json): Json {
  if (value instanceof WholeFloat) return value.value;
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value) || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** A value of the caller that is not JSON data. */
export class NotData extends Error {
  constructor(
    readonly pointer: string,
    message: string,
  ) {
    super(message);
  }
}

/** A copy of the caller's data, so that it can't change while it is rendered. */
export function copied(value: unknown): Json {
  let left = MAX_DATA_ITEMS;
  const copy = (part: unknown, pointer: string, depth: number): Json => {
    if (part === null || typeof part === "boolean") return part;
    if (typeof part === "string")
      return /\p{Cs}/u.test(part) ? wrong(pointer, "contains half of a surrogate pair, which is not valid text") : part;
    if (typeof part === "number") return number(part, pointer);
    if (typeof part === "bigint") return wrong(pointer, "is a bigint: write it as a string");
    if (!Array.isArray(part) && !isPlain(part)) return wrong(pointer, `is ${nameOf(part)}, which is not JSON data`);
    if (depth > MAX_DATA_DEPTH) wrong(pointer, "is nested too deep, or contains itself");
    const entries = Object.entries(part).filter(([, item]) => Array.isArray(part) || item !== undefined);
    left -= entries.length;
    if (left < 0) wrong(pointer, `has over ${MAX_DATA_ITEMS} items`);
    if (Array.isArray(part)) return part.map((item, index) => copy(item, `${pointer}/${index}`, depth + 1));
    return Object.fromEntries(
      entries.map(([key, item]) => {
        if (/\p{Cs}/u.test(key)) wrong(pointer, "contains half of a surrogate pair, which is not valid text");
        return [key, copy(item, `${pointer}/${escaped(key)}`, depth + 1)];
      }),
    );
  };
  return copy(value, "", 0);
}

/** A whole number beyond 2^53 may have lost digits before it came here. */
function number(value: number, pointer: string): number {
  if (!Number.isFinite(value)) return wrong(pointer, `is ${value}, which is not a JSON number`);
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    wrong(pointer, "is an integer beyond 2^53: write it as a string");
  return value;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(value: unknown): string {
  return typeof value === "object" ? (value?.constructor?.name ?? "an object") : typeof value;
}

function wrong(pointer: string, message: string): never {
  throw new NotData(pointer, message);
}

// JSON pointers

export function escaped(step: string): string {
  return step.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The keys and indexes of a pointer. */
export function tokens(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

export function valueAt(value: Json, pointer: string): Json | undefined {
  return tokens(pointer).reduce<Json | undefined>((found, step) => {
    if (Array.isArray(found)) return /^(0|[1-9][0-9]*)$/.test(step) ? found[Number(step)] : undefined;
    return own(found, step);
  }, value);
}

/** The pointer of a reference into its own document, such as `#/$defs/money`. */
export function localPointer(reference: unknown): string | undefined {
  if (typeof reference !== "string" || (reference !== "#" && !reference.startsWith("#/"))) return undefined;
  return (reference.includes("%") ? decodeURIComponent(reference) : reference).slice(1);
}

const MAX_REFERENCES = 20;

/** A schema with its references followed; the keywords beside one take precedence. */
export function followed(schema: Json, root: Json): JsonObject {
  let found = schema;
  for (let count = 0; count < MAX_REFERENCES; count++) {
    const pointer = localPointer(own(found, "$ref"));
    if (!isObject(found) || pointer === undefined) break;
    const target = valueAt(root, pointer);
    const { $ref: _, ...beside } = found;
    found = isObject(target) ? { ...target, ...beside } : undefined;
  }
  return isObject(found) ? found : {};
}
