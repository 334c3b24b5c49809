/**
 * The values of templates as Python has them: truth, equality, order, printing.
 *
 * null, booleans, strings, numbers (numbers.ts), arrays, and the classes of this module.
 */
import {
  MAX_DATA_BITS,
  MAX_DATA_DEPTH,
  MAX_TEXT_CHARS,
  type Meter,
  fail,
  refuse,
  refuseBits,
  refuseMany,
} from "./limits";
import {
  WholeFloat,
  type Int,
  add,
  bitLength,
  compareNumbers,
  isFloat,
  isInt,
  isNumber,
  multiply,
  numberText,
  toDouble,
} from "./numbers";

export type Value = unknown;

/** A list that can't be changed, as Python's tuples. */
export class Tuple extends Array<Value> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
  static holding(items: Iterable<Value>): Tuple {
    const found = new this();
    for (const item of items) found.push(item);
    return found;
  }
}

/** A group of `groupby`: `grouper` and `list`. */
export class Group extends Tuple {}

/** An object, whose keys are strings or, if a template wrote it, other values. */
export class Dict {
  private readonly values = new Map<unknown, Value>();
  private others: Map<unknown, Value> | undefined;

  get size(): number {
    return this.values.size;
  }
  /** The names of an object of data, to be read only. */
  get names(): Map<string, Value> {
    return this.values as Map<string, Value>;
  }
  has(key: Value): boolean {
    return this.values.has(hashed(key));
  }
  get(key: Value): Value | undefined {
    return this.values.get(hashed(key));
  }
  set(key: Value, value: Value): this {
    const hash = hashed(key);
    if (hash !== key && !this.values.has(hash)) (this.others ??= new Map()).set(hash, key);
    this.values.set(hash, value);
    return this;
  }
  *keys(): Generator<Value> {
    for (const hash of this.values.keys()) yield this.others?.has(hash) ? this.others.get(hash) : hash;
  }
  items(): Value[] {
    return [...this.values.values()];
  }
  *entries(): Generator<[Value, Value]> {
    for (const [hash, value] of this.values) yield [this.others?.has(hash) ? this.others.get(hash) : hash, value];
  }
}

const NO_ELSE = Symbol("no else");

/** A key that is the same for equal values; fails for a value that can't be a key. */
export function hashed(value: Value): unknown {
  if (typeof value === "string") return value;
  if (isFloat(value)) {
    const double = toDouble(value);
    return Number.isInteger(double) && !Number.isSafeInteger(double) ? BigInt(double) : double;
  }
  if (typeof value === "boolean") return Number(value);
  if (value instanceof Tuple) {
    const parts = value.map((part) => {
      const hash = hashed(part);
      return `${typeof hash}${String(hash).length}:${String(hash)}`;
    });
    return `\ud800(${parts.join()})`;
  }
  if (value instanceof Undefined) return value.strict ? value.fail() : NO_ELSE;
  if (value instanceof Range)
    return `\ud800range ${value.length} ${value.length ? value.at(0) : ""} ${value.length > 1 ? value.step : ""}`;
  if (Array.isArray(value) || value instanceof Dict) return fail(`${kind(value)} can't be a key`);
  return value;
}

export class Range {
  readonly length: number;

  constructor(
    readonly start: Int,
    readonly stop: Int,
    readonly step: Int,
    length: number,
  ) {
    this.length = length;
  }
  at(index: number): Int {
    return add(this.start, multiply(index, this.step)) as Int;
  }
  *[Symbol.iterator](): Generator<Value> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }
}

/** An unfinished sequence, which can be consumed once. */
export class Lazy {
  constructor(private readonly items: Iterator<Value>) {}

  next(): IteratorResult<Value> {
    return this.items.next();
  }
  [Symbol.iterator](): this {
    return this;
  }
}

/** A missing value, whose use fails; without `strict`, that of an `if` without `else`, which prints nothing. */
export class Undefined {
  constructor(
    readonly message: string,
    readonly strict = true,
  ) {}

  fail(): never {
    return fail(this.message);
  }
}

/** A value that is not data: it can't be printed, and not be in a list. */
export abstract class Opaque {
  abstract readonly kind: string;
  /** Whether the test `iterable` is true. */
  readonly isIterable: boolean = false;

  /** A value by its name; undefined if there is none. */
  member(_name: Value): Value | undefined {
    return undefined;
  }
}

/** A value that can be called. */
export abstract class Callable extends Opaque {
  /** The arguments, after further work is charged for. */
  charged(args: Value[], _meter: Meter): Value[] {
    return args;
  }
  abstract call(args: Value[], named: Dict): Value;
}

export class Namespace extends Opaque {
  readonly kind = "a namespace";

  constructor(readonly names: Dict) {
    super();
  }
  override member(name: Value): Value | undefined {
    return isKey(name) ? this.names.get(name) : undefined;
  }
}

/** The names that a template sets at its top level. */
export class Module extends Opaque {
  readonly kind = "an imported template";

  constructor(readonly names: Dict) {
    super();
  }
  override member(name: Value): Value | undefined {
    return isKey(name) ? this.names.get(name) : undefined;
  }
}

/** A result of `**` that is not data. */
export class Complex {}

export class Slice {
  constructor(readonly parts: readonly [Value, Value, Value]) {}
}

export function kind(value: Value): string {
  if (typeof value === "string") return "a string";
  if (typeof value === "boolean") return "a boolean";
  if (isNumber(value)) return "a number";
  if (value === null) return "null";
  if (value instanceof Group) return "a group";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Dict) return "an object";
  if (value instanceof Range) return "a range";
  if (value instanceof Lazy) return "a generator";
  if (value instanceof Undefined) return "an undefined value";
  if (value instanceof Complex) return "a complex number";
  return value instanceof Opaque ? value.kind : "a value of another kind";
}

export function isKey(value: Value): boolean {
  return (
    !(value instanceof Dict) &&
    !(value instanceof Slice) &&
    (!Array.isArray(value) || (value instanceof Tuple && value.every(isKey)))
  );
}

// Strings as sequences of code points.

const BEYOND_16_BITS = /[\ud800-\udbff][\udc00-\udfff]/;

export function textLength(text: string): number {
  if (!BEYOND_16_BITS.test(text)) return text.length;
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** Part of a string by the offsets of code points, which are not negative. */
export function textSlice(text: string, start: number, stop = Number.POSITIVE_INFINITY): string {
  return BEYOND_16_BITS.test(text) ? Array.from(text).slice(start, stop).join("") : text.slice(start, stop);
}

/** The length of a string, a list, an object or a range; 0 for anything else. */
export function lengthOf(value: Value): number {
  if (typeof value === "string") return textLength(value);
  if (Array.isArray(value) || value instanceof Range) return value.length;
  return value instanceof Dict ? value.size : 0;
}

export function isSized(value: Value): boolean {
  return typeof value === "string" || Array.isArray(value) || value instanceof Range || value instanceof Dict;
}

export function truth(value: Value): boolean {
  if (typeof value === "boolean") return value;
  if (isSized(value)) return lengthOf(value) > 0;
  if (isNumber(value)) return value instanceof WholeFloat ? value.value !== 0 : value != 0;
  if (value instanceof Undefined) return value.strict ? value.fail() : false;
  return value !== null;
}

/** The items of a value that has some. */
export function iterate(value: Value): Iterator<Value> {
  if (typeof value === "string" || Array.isArray(value) || value instanceof Range) return value[Symbol.iterator]();
  if (value instanceof Dict) return value.keys();
  if (value instanceof Lazy) return value;
  if (value instanceof Undefined) return value.strict ? value.fail() : [][Symbol.iterator]();
  return fail(`${kind(value)} has no items`);
}

export function listOf(value: Value): Value[] {
  if (Array.isArray(value)) return Array.from(value);
  const found: Value[] = [];
  const items = iterate(value);
  for (let step = items.next(); !step.done; step = items.next()) found.push(step.value);
  return found;
}

export function equal(left: Value, right: Value): boolean {
  if (left instanceof Undefined && left.strict) left.fail();
  if (right instanceof Undefined && right.strict) right.fail();
  if (typeof left === "string" || typeof right === "string") return left === right;
  if (isNumber(left) || isNumber(right)) return isNumber(left) && isNumber(right) && compareNumbers(left, right) === 0;
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left instanceof Tuple !== right instanceof Tuple || left.length !== right.length)
      return false;
    return left.every((item, index) => isSame(item, right[index]));
  }
  if (left instanceof Dict) {
    if (!(right instanceof Dict) || left.size !== right.size) return false;
    for (const [key, item] of left.entries()) if (!right.has(key) || !isSame(item, right.get(key))) return false;
    return true;
  }
  if (left instanceof Range) return right instanceof Range && hashed(left) === hashed(right);
  if (left instanceof Undefined) return right instanceof Undefined;
  return left === right;
}

/** Like `equal`, for items: one that is undefined is the same as itself. */
function isSame(left: Value, right: Value): boolean {
  return left === right || equal(left, right);
}

/** Whether a value is less than another one; fails if they have no order. */
export function isLess(left: Value, right: Value): boolean {
  return compare(left, right, "<") < 0;
}

/** A negative number, 0, a positive one, or NaN for what is neither. */
export function compare(left: Value, right: Value, operator: string): number {
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right);
  if (typeof left === "string" && typeof right === "string") return compareTexts(left, right);
  if (left instanceof Undefined) left.fail();
  if (right instanceof Undefined) right.fail();
  if (Array.isArray(left) && Array.isArray(right) && left instanceof Tuple === right instanceof Tuple) {
    for (let index = 0; index < left.length && index < right.length; index++) {
      if (!isSame(left[index], right[index])) return compare(left[index], right[index], operator);
    }
    return left.length - right.length;
  }
  return fail(`\`${operator}\` does not work on ${kind(left)} and ${kind(right)}`);
}

function compareTexts(left: string, right: string): number {
  const size = Math.min(left.length, right.length);
  for (let index = 0; index < size; index++) {
    const [a, b] = [left.charCodeAt(index), right.charCodeAt(index)];
    // Surrogates stand for characters that come after all others.
    if (a !== b) return isSurrogate(a) === isSurrogate(b) ? a - b : isSurrogate(a) ? 1 : -1;
  }
  return left.length - right.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

export function contains(items: Value, value: Value): boolean {
  if (typeof items === "string") {
    if (value instanceof Undefined) value.fail();
    return typeof value === "string"
      ? items.includes(value)
      : fail(`\`in\` a string needs a string before it, not ${kind(value)}`);
  }
  if (items instanceof Dict) return items.has(value);
  if (Array.isArray(items)) return items.some((item) => isSame(item, value));
  if (!(items instanceof Range || items instanceof Lazy || items instanceof Undefined))
    return fail(`\`in\` does not work on ${kind(items)}`);
  const each = iterate(items);
  for (let step = each.next(); !step.done; step = each.next()) if (isSame(step.value, value)) return true;
  return false;
}

// Keys, indexes and slices.

/** `value.key` and `value[key]`: a key or an index, never a method. */
export function lookup(value: Value, key: Value): Value {
  if (value instanceof Dict) {
    const found = isKey(key) ? value.get(key) : undefined;
    return found === undefined ? missing(value, key) : found;
  }
  if (value instanceof Undefined) return value.fail();
  if (value instanceof Opaque) {
    const found = value.member(key);
    return found === undefined ? missing(value, key) : found;
  }
  if (value instanceof Group && (key === "grouper" || key === "list")) return value[key === "grouper" ? 0 : 1];
  if (isInt(key) && (typeof value === "string" || Array.isArray(value) || value instanceof Range)) {
    const length = lengthOf(value);
    const index = Number(key) < 0 ? Number(key) + length : Number(key);
    if (index < 0 || index >= length) return missing(value, key);
    return typeof value === "string"
      ? textSlice(value, index, index + 1)
      : Array.isArray(value)
        ? value[index]
        : value.at(index);
  }
  return missing(value, key);
}

function missing(value: Value, key: Value): Undefined {
  const named =
    typeof key === "string"
      ? `\`${textSlice(key, 0, 100)}\``
      : isNumber(key) || key === null
        ? `item ${shownKey(key)}`
        : `item that ${kind(key)} names`;
  return new Undefined(`${kind(value).replace(/^an? /, "this ")} has no ${named}`);
}

function shownKey(key: Value): string {
  return key === null || typeof key === "boolean" ? String(key) : numberText(key as Int);
}

export function sliced(value: Value, slice: Slice): Value {
  if (value instanceof Undefined) return value.fail();
  if (!(typeof value === "string" || Array.isArray(value) || value instanceof Range))
    return fail(`a slice needs a list or a string, not ${kind(value)}`);
  const length = lengthOf(value);
  const [start, stop, step] = bounds(slice, length);
  if (value instanceof Range) {
    const size = Math.max(Math.ceil((stop - start) / step), 0);
    return new Range(value.at(start), value.at(stop), multiply(value.step, step) as Int, size);
  }
  if (step === 1 && typeof value === "string") return start < stop ? textSlice(value, start, stop) : "";
  const items = typeof value === "string" ? Array.from(value) : value;
  const found: Value[] = [];
  for (let index = start; step > 0 ? index < stop : index > stop; index += step) found.push(items[index]);
  if (typeof value === "string") return found.join("");
  return value instanceof Tuple ? Tuple.holding(found) : found;
}

function bounds(slice: Slice, length: number): [number, number, number] {
  const [start, stop, step] = slice.parts.map((part) => {
    if (part === null) return undefined;
    return isInt(part) ? Math.max(Math.min(Number(part), 1e15), -1e15) : fail("slice indices must be whole numbers");
  });
  const by = step ?? 1;
  if (by === 0) fail("slice step cannot be zero");
  const [least, most] = by > 0 ? [0, length] : [-1, length - 1];
  const within = (index: number | undefined, missing: number): number =>
    index === undefined ? missing : Math.max(least, Math.min(most, index < 0 ? index + length : index));
  return [within(start, by > 0 ? 0 : most), within(stop, by > 0 ? length : -1), by];
}

// Printing.

/** Python's `str`. */
export function text(value: Value): string {
  if (typeof value === "string") return value;
  if (value instanceof Undefined) return value.strict ? value.fail() : "";
  return represented(value);
}

/** Python's `repr`. */
export function represented(value: Value): string {
  if (typeof value === "string") return quoted(value);
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (isNumber(value)) return numberText(value as Int);
  if (value instanceof Tuple) {
    const parts = listOf(value).map(represented);
    return parts.length === 1 ? `(${parts[0]},)` : `(${parts.join(", ")})`;
  }
  if (Array.isArray(value)) return `[${value.map(represented).join(", ")}]`;
  if (value instanceof Dict)
    return `{${[...value.entries()].map(([key, item]) => `${represented(key)}: ${represented(item)}`).join(", ")}}`;
  if (value instanceof Range) {
    const step = value.step === 1 ? "" : `, ${value.step}`;
    return `range(${value.start}, ${value.stop}${step})`;
  }
  if (value instanceof Undefined) return value.strict ? value.fail() : "Undefined";
  return refuse(`${kind(value)} can't be printed`);
}

const SHORT_ESCAPES: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

function quoted(value: string): string {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const escaped = value.replace(/[\\\p{C}\p{Z}]/gu, (char) =>
    char === " " ? char : (SHORT_ESCAPES[char] ?? escape(char)),
  );
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

export function escape(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code < 0x100
    ? `\\x${hex.padStart(2, "0")}`
    : code < 0x10000
      ? `\\u${hex.padStart(4, "0")}`
      : `\\U${hex.padStart(8, "0")}`;
}

// The cost of values.

export const ITEM_COST = 2;
const CONTAINER_COST = 3;
const FLOAT_COST = 4;
const CHARGED_TOGETHER = 500;
const COLLIDING = 2 ** 60;

/** Charges for a new value, and returns it. */
export function sized(value: Value, meter: Meter): Value {
  if (typeof value === "string") {
    const chars = textLength(value);
    if (chars > MAX_TEXT_CHARS) refuse(`a string of over ${MAX_TEXT_CHARS} characters`);
    meter.charge(chars >> 4);
  } else if (Array.isArray(value) || value instanceof Dict) {
    refuseMany(lengthOf(value));
    meter.charge(1 + lengthOf(value));
  } else if (isInt(value)) {
    const bits = bitLength(value);
    refuseBits(bits);
    meter.charge(bits >> 7);
  }
  return value;
}

/** Strings as one. */
export function joined(texts: string[], meter: Meter): string {
  const found = texts.join("");
  const chars = textLength(found);
  if (chars > MAX_TEXT_CHARS) refuse(`a string of over ${MAX_TEXT_CHARS} characters`);
  meter.charge(chars >> 4);
  return found;
}

/** A value as a string, charged for. */
export function shown(value: Value, meter: Meter): string {
  if (typeof value === "string") return value;
  weigh(value, meter);
  return text(value);
}

/** Charges for a value and its content before it is printed or sorted; returns its characters. */
export function weigh(value: Value, meter: Meter): number {
  if (typeof value === "string") {
    const chars = textLength(value);
    meter.charge(1 + (chars >> 4));
    return within(chars);
  }
  if (Array.isArray(value) || value instanceof Dict) return walk(value, meter, weight);
  const [units, chars] = weight(value);
  meter.charge(units);
  return chars;
}

/** Like `weigh`, before a value is compared or hashed, which prints nothing of it. */
export function weighForComparing(value: Value, meter: Meter): void {
  if (typeof value === "string" || Array.isArray(value) || value instanceof Dict) walk(value, meter, () => [1, 0]);
}

export function weighedItems(items: Lazy, meter: Meter): Lazy {
  return new Lazy(
    (function* () {
      for (const item of items) {
        meter.charge(ITEM_COST);
        weighForComparing(item, meter);
        yield item;
      }
    })(),
  );
}

/** Charges for hashing a key and searching it among so many others. */
export function weighKey(key: Value, keys: number, meter: Meter): void {
  if (key instanceof Tuple || typeof key === "string") weighForComparing(key, meter);
  if (
    key instanceof Tuple ||
    (isNumber(key) && Math.abs(key instanceof WholeFloat ? key.value : Number(key)) >= COLLIDING)
  )
    meter.charge(1 + (keys >> 2));
}

function walk(value: Value, meter: Meter, weightOf: (part: Value) => [number, number]): number {
  let units = 0;
  let chars = 0;
  const charge = (): void => {
    meter.charge(units);
    units = 0;
    within(chars);
  };
  const visit = (part: Value, depth: number): void => {
    if (Array.isArray(part) || part instanceof Dict) {
      if (depth > MAX_DATA_DEPTH) refuse(`a value nested over ${MAX_DATA_DEPTH} deep`);
      units += CONTAINER_COST;
      if (units > CHARGED_TOGETHER) charge();
      if (part instanceof Dict) for (const key of part.keys()) visit(key, depth + 1);
      for (const item of part instanceof Dict ? part.items() : part) visit(item, depth + 1);
      return;
    }
    if (typeof part === "string") {
      const size = textLength(part);
      units += 1 + (size >> 4);
      chars += size;
    } else {
      const [moreUnits, moreChars] = weightOf(part);
      units += moreUnits;
      chars += moreChars;
    }
    if (units > CHARGED_TOGETHER) charge();
  };
  visit(value, 1);
  charge();
  return chars;
}

function within(chars: number): number {
  return chars > MAX_TEXT_CHARS ? refuse(`a value of over ${MAX_TEXT_CHARS} characters`) : chars;
}

const FIXES: Record<string, string> = { "a generator": ": use `|list` or `|join`" };

/** The work and the printed characters of a value that is neither a string nor a container. */
function weight(part: Value): [number, number] {
  if (isInt(part)) {
    const bits = bitLength(part);
    return [1 + (bits >> 4), bits >> 2];
  }
  if (part === null) return [1, 0];
  if (isFloat(part)) return [FLOAT_COST, 0];
  if (part instanceof Range) return [1 + part.length, 0];
  if (part instanceof Undefined) {
    text(part);
    return [1, 0];
  }
  const named = kind(part);
  return refuse(`${named} can't be printed${part instanceof Callable ? ": call it" : (FIXES[named] ?? "")}`);
}

// Data of the caller, and of strings of JSON.

/** Refuses numbers and strings that a template can't have, as Python does. */
export function refuseOversized(value: Value, depth = 0): void {
  if (typeof value === "string" && /\p{Cs}/u.test(value)) refuse("the value contains half of a surrogate pair");
  if (typeof value === "bigint" && bitLength(value) > MAX_DATA_BITS) refuse("the value is a number of over 308 digits");
  if (typeof value === "number" && !Number.isFinite(value)) refuse("the value is not a JSON number");
  if (!(Array.isArray(value) || value instanceof Dict)) return;
  if (depth > MAX_DATA_DEPTH) refuse("the value is nested too deep");
  if (value instanceof Dict) for (const key of value.keys()) refuseOversized(key);
  for (const item of value instanceof Dict ? value.items() : value) refuseOversized(item, depth + 1);
}

/** JSON data of JavaScript as values: a number that is whole is a whole number. */
export function toValue(data: unknown): Value {
  if (Array.isArray(data)) return data.map(toValue);
  if (typeof data === "object" && data !== null && !(data instanceof WholeFloat) && !(data instanceof Dict)) {
    const found = new Dict();
    for (const [key, item] of Object.entries(data)) found.set(key, toValue(item));
    return found;
  }
  return data;
}
