/** All filters and tests of templates, with Jinja2's results, each charged for before it is applied. */
import { unescaped } from "./entities";
import { BLANKS, countOf, formatted, jsonText, splitLines, stripped, words, wrapped } from "./formatting";
import { NotJson, TooDeep, exactNumber, readJson } from "./json";
import { MAX_ARGUMENT, MAX_ITEMS, MAX_TEXT_CHARS, type Meter, fail, refuse, refuseMany } from "./limits";
import {
  type Float,
  type Int,
  add,
  bitLength,
  compareNumbers,
  divide,
  float,
  int,
  isFloat,
  isInt,
  isNumber,
  modulo,
  multiply,
  negative,
  power,
  rounded,
  toDouble,
  toWhole,
} from "./numbers";
import {
  Complex,
  Dict,
  Group,
  ITEM_COST,
  Lazy,
  Opaque,
  Tuple,
  Undefined,
  type Value,
  compare,
  contains,
  equal,
  hashed,
  isLess,
  isSized,
  iterate,
  kind,
  lengthOf,
  listOf,
  lookup,
  refuseOversized,
  sized,
  text,
  textLength,
  textSlice,
  truth,
  weigh,
  weighForComparing,
  weighKey,
  weighedItems,
} from "./values";

const MAX_COPIED_CHARS = 100_000_000;
const MAX_WORD_CHARS = 20_000;

/** A parameter that must be given. */
const REQUIRED = Symbol("required");
type Parameters = readonly (readonly [name: string, fallback: Value])[];

interface Filter {
  /** The parameters after the value; null for any. */
  readonly parameters: Parameters | null;
  readonly apply: (value: Value, args: Value[], meter: Meter, named: Dict) => Value;
}

const FILTERS = new Map<string, Filter>();
const TESTS = new Map<string, Filter>();

function define(names: string, parameters: Parameters | null, apply: Filter["apply"]): void {
  for (const name of names.split(" ")) FILTERS.set(name, { parameters, apply });
}

function defineTest(names: string, parameters: Parameters, apply: (value: Value, args: Value[]) => boolean): void {
  for (const name of names.split(" ")) TESTS.set(name, { parameters, apply });
}

export function hasFilter(name: string): boolean {
  return FILTERS.has(name);
}

export function hasTest(name: string): boolean {
  return TESTS.has(name);
}

/** Applies a filter, and charges for it. */
export function applyFilter(name: Value, value: Value, args: Value[], named: Dict, meter: Meter): Value {
  if (typeof name !== "string") return refuse("the name of a filter or a test is a string");
  const given = admitted(name, value, args, named, meter);
  const filter = FILTERS.get(name) ?? fail(`there is no filter \`${name}\``);
  return sized(filter.apply(given, bound(name, filter.parameters, args, named), meter, named), meter);
}

/** Applies a test, and charges for it. */
export function applyTest(name: Value, value: Value, args: Value[], named: Dict, meter: Meter): boolean {
  if (typeof name !== "string") return refuse("the name of a filter or a test is a string");
  const weighed = tested(name, value, args, named, meter);
  const test = TESTS.get(name) ?? fail(`there is no test \`${name}\``);
  return test.apply(value, bound(name, test.parameters, ...weighed), meter, named) as boolean;
}

function bound(name: string, parameters: Parameters | null, args: Value[], named: Dict): Value[] {
  if (parameters === null) return args;
  if (args.length > parameters.length) fail(`\`${name}\` takes at most ${parameters.length} arguments`);
  let used = 0;
  const found = parameters.map(([key, fallback], index) => {
    if (!named.has(key)) return index < args.length ? args[index] : fallback;
    if (index < args.length) fail(`\`${name}\` got \`${key}\` twice`);
    used += 1;
    return named.get(key);
  });
  if (used < named.size) fail(`\`${name}\` has no such argument`);
  if (found.includes(REQUIRED)) fail(`\`${name}\` needs another argument`);
  return found;
}

// Filters of strings. A value that is not a string is printed first.

define("lower", [], (value) => text(value).toLowerCase());
define("upper", [], (value) => text(value).toUpperCase());
define("string", [], text);
define("capitalize", [], (value) => {
  const [first = "", ...rest] = text(value);
  return titled(first) + rest.join("").toLowerCase();
});
define("title", [], (value) =>
  text(value)
    .split(new RegExp(`([-${BLANKS}({\\[<]+)`))
    .map((part) => {
      const [first = "", ...rest] = part;
      return first.toUpperCase() + rest.join("").toLowerCase();
    })
    .join(""));
define("e escape", [], (value) => text(value).replace(/[&<>'"]/g, (char) => ESCAPED[char] ?? char));
define("trim", [["chars", null]], (value, [chars]) => {
  refuseLarge("trim", chars);
  const found = text(value);
  if (chars === null) return stripped(found);
  if (typeof chars !== "string") return fail("`trim` needs a string");
  const [all, known] = [Array.from(found), new Set(chars)];
  const start = all.findIndex((char) => !known.has(char));
  const end = all.findLastIndex((char) => !known.has(char));
  return start < 0 ? "" : all.slice(start, end + 1).join("");
});
define("center", [["width", 80]], (value, [width]) => {
  refuseLarge("center", width);
  const found = text(value);
  const pad = Math.max(whole(width) - textLength(found), 0);
  const left = (pad >> 1) + (pad & whole(width) & 1);
  return " ".repeat(left) + found + " ".repeat(pad - left);
});
define("replace", [
  ["old", REQUIRED],
  ["new", REQUIRED],
  ["count", null],
], (value, [old, given, count]) => {
  const [found, before, after] = [text(value), text(old), text(given)];
  if (count !== null && !isInt(count)) {
    if (!isFloat(count)) compare(count, 0, "<");
    fail("a count is not a whole number");
  }
  const times =
    count === null || Number(count) < 0 ? countOf(found, before) : Math.min(Number(count), countOf(found, before));
  refuseLong("replace", times * textLength(after));
  return replaced(found, before, after, times);
});
define("split", [["separator", null]], (value, [separator]) => {
  if (typeof value !== "string") return fail(`\`split\` needs a string, not ${kind(value)}`);
  if (separator === null) return words(value);
  if (typeof separator !== "string" || separator === "")
    return fail("`split` needs a separator that is a string and not empty");
  return value.split(separator);
});
define("indent", [
  ["width", 4],
  ["first", false],
  ["blank", false],
], (value, [width, first, blank]) => {
  if (typeof value !== "string") return fail("`indent` needs a string");
  refuseLarge("indent", width);
  const blanks =
    typeof width === "string"
      ? width
      : isInt(width)
        ? " ".repeat(Math.max(Number(width), 0))
        : fail("`indent` needs a whole number");
  const lines = splitLines(value);
  refuseLong("indent", lines.length * textLength(blanks));
  const all = splitLines(`${value}\n`);
  const found = truth(blank)
    ? all.join(`\n${blanks}`)
    : all.map((line, index) => (index && line ? blanks + line : line)).join("\n");
  return truth(first) ? blanks + found : found;
});
define("truncate", [
  ["length", 255],
  ["killwords", false],
  ["end", "..."],
  ["leeway", null],
], (value, [length, kill, end, leeway]) => {
  if (!isSized(end)) fail("`truncate` needs a string");
  const room = leeway === null ? 5 : leeway;
  if (compare(length, lengthOf(end), ">=") < 0 || compare(room, 0, ">=") < 0)
    fail("`truncate` needs a length of at least that of its end");
  if (!isSized(value)) fail(`${kind(value)} has no length`);
  const most = add(length as Int, room as Int);
  if (compareNumbers(lengthOf(value), most) <= 0) return value;
  if (typeof value !== "string" || typeof end !== "string") return fail("`truncate` needs a string");
  const kept = textSlice(value, 0, whole(length) - textLength(end));
  return (truth(kill) || !kept.includes(" ") ? kept : kept.slice(0, kept.lastIndexOf(" "))) + end;
});
define("wordcount", [], (value) => text(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0);
define("wordwrap", [
  ["width", 79],
  ["break_long_words", true],
  ["wrapstring", null],
  ["break_on_hyphens", true],
], (value, args) => {
  for (const argument of args) refuseLarge("wordwrap", argument);
  if (typeof value !== "string") return fail("`wordwrap` needs a string");
  const [width, breaks, wrap, hyphens] = args;
  const found = words(value).map(textLength);
  const least = Math.max(whole(width), 1);
  const copied = Math.floor(found.reduce((sum, length) => sum + length ** 2, 0) / least);
  if (copied > MAX_COPIED_CHARS || Math.max(0, ...found) > MAX_WORD_CHARS)
    refuse("`wordwrap` of words that are too long");
  const breakCount = found.length + Math.floor(textLength(value) / least) + countOf(value, "\n");
  refuseLong("wordwrap", breakCount * lengthOf(wrap));
  const separator = wrap === null ? "\n" : typeof wrap === "string" ? wrap : fail("`wordwrap` needs a string");
  return splitLines(value)
    .flatMap((line) => wrapped(line, whole(width), truth(breaks), truth(hyphens)).join(separator))
    .join(separator);
});
define("striptags", [], (value) => {
  let found = text(value);
  if (countOf(found, "<") * textLength(found) > MAX_COPIED_CHARS) refuse("`striptags` of too many tags");
  for (const [begin, end] of [
    ["<!--", "-->"],
    ["<", ">"],
  ] as const) {
    for (let start = found.indexOf(begin); start >= 0; start = found.indexOf(begin)) {
      const stop = found.indexOf(end, start);
      if (stop < 0) break;
      found = found.slice(0, start) + found.slice(stop + end.length);
    }
  }
  return unescaped(words(found).join(" "));
});
define("urlencode", [], (value) => {
  if (typeof value === "string" || !(isSized(value) || value instanceof Undefined)) return urlQuoted(value, false);
  const pairs = value instanceof Dict ? [...value.entries()] : listOf(value).map(pairOf);
  return pairs.map(([key, item]) => `${urlQuoted(key, true)}=${urlQuoted(item, true)}`).join("&");
});
define("format", null, (value, args, _meter, named) => {
  if (args.length && named.size) refuse("`format` takes positional or named values, not both");
  return formatted(text(value), named.size ? named : Tuple.holding(args));
});

const ESCAPED: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&#39;",
  '"': "&#34;",
};
const DIGRAPHS: Record<string, string> = {
  ǆ: "ǅ",
  Ǆ: "ǅ",
  ǅ: "ǅ",
  ǉ: "ǈ",
  Ǉ: "ǈ",
  ǈ: "ǈ",
  ǌ: "ǋ",
  Ǌ: "ǋ",
  ǋ: "ǋ",
  ǳ: "ǲ",
  Ǳ: "ǲ",
  ǲ: "ǲ",
};

function titled(char: string): string {
  const [first = "", ...rest] = DIGRAPHS[char] ?? char.toUpperCase();
  return first + rest.join("").toLowerCase();
}

function replaced(value: string, old: string, given: string, times: number): string {
  const parts = old === "" ? ["", ...value, ""] : value.split(old);
  const kept = old === "" && times > parts.length - 1 ? parts.length - 1 : times;
  return (
    parts.slice(0, kept + 1).join(given) +
    parts
      .slice(kept + 1)
      .map((part) => old + part)
      .join("")
  );
}

function pairOf(value: Value): [Value, Value] {
  const found = listOf(value);
  return found.length === 2 ? [found[0], found[1]] : fail(`2 names for ${found.length} values`);
}

function urlQuoted(value: Value, inQuery: boolean): string {
  const found = text(value);
  if (/\p{Cs}/u.test(found)) fail("half of a surrogate pair");
  const quoted = encodeURIComponent(found).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return inQuery ? quoted.replaceAll("%20", "+") : quoted.replaceAll("%2F", "/");
}

function refuseLarge(name: string, argument: Value): void {
  const size = isNumber(argument) ? Math.abs(toDouble(argument as Int)) : lengthOf(argument);
  if (size > MAX_ARGUMENT) refuse(`an argument of \`${name}\` over ${MAX_ARGUMENT}`);
}

function refuseLong(name: string, chars: number): void {
  if (chars > MAX_TEXT_CHARS) refuse(`a result of \`${name}\` that is too large`);
}

function whole(value: Value): number {
  if (value instanceof Undefined) return value.fail();
  return isInt(value) ? Number(value) : fail(`${kind(value)} is not a whole number`);
}

// Filters of JSON

define("json", [["indent", null]], (value, [indent]) => json(value, indent, false));
define("tojson", [["indent", null]], (value, [indent]) =>
  json(value, indent, true).replace(/[<>&']/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`));
define("parse_json", [], (value) => {
  if (typeof value !== "string") return fail(`\`parse_json\` needs a string, not ${kind(value)}`);
  let found: Value;
  try {
    found = readJson(value, READING);
  } catch (error) {
    if (error instanceof TooDeep) return refuse("`parse_json`: the value is nested too deep, or contains itself");
    return error instanceof NotJson ? fail("`parse_json`: the string is not JSON") : fail(String(error));
  }
  refuseOversized(found);
  return found;
});

const READING = {
  object: (members: [string, Value][]) => members.reduce((found, [key, item]) => found.set(key, item), new Dict()),
  number: exactNumber,
  depth: 900,
};

function json(value: Value, indent: Value, isPlain: boolean): string {
  if (indent === null) return jsonText(value, { indent: null, isPlain });
  if (compare(indent, 0, "<=") < 0 || compare(indent, 8, "<=") > 0) refuse("an indent of `json` over 8");
  const found = jsonText(value, { indent: whole(indent), isPlain });
  refuseLong("json", textLength(found));
  return found;
}

// Filters of numbers

define("abs", [], (value) =>
  isNumber(value)
    ? compareNumbers(value, 0) < 0 || Object.is(toDoubleOrNan(value), -0)
      ? negative(value)
      : add(value, 0)
    : fail(`\`abs\` does not work on ${kind(value)}`));
define("int", [
  ["default", 0],
  ["base", 10],
], (value, [fallback, base]) => {
  const found =
    typeof value === "string"
      ? parsedInt(value, base)
      : isInt(value)
        ? add(value, 0)
        : isFloat(value)
          ? truncated(value)
          : undefined;
  if (found !== undefined) return found;
  const double = parsedFloat(value);
  return double === undefined || !Number.isFinite(double) ? fallback : toWhole(float(double), "trunc");
});
define("float", [["default", float(0)]], (value, [fallback]) => {
  const double = parsedFloat(value);
  return double === undefined ? fallback : float(double);
});
define("round", [
  ["precision", 0],
  ["method", "common"],
], (value, [precision, method]) => {
  refuseLarge("round", precision);
  refuseLarge("round", method);
  if (method !== "common" && method !== "ceil" && method !== "floor") fail("method must be common, ceil or floor");
  if (method === "common") {
    if (!isNumber(value)) return fail(`\`round\` does not work on ${kind(value)}`);
    return precision === null ? toWhole(value, "round") : rounded(value, whole(precision));
  }
  if (!isNumber(value) || !isNumber(precision)) return fail(`\`round\` does not work on ${kind(value)}`);
  const unit = power(10, precision) ?? fail("a number that is too large");
  const how = method as "ceil" | "floor";
  return divide(toWhole(multiply(value, unit), how), unit);
});
define("filesizeformat", [["binary", false]], (value, [binary]) => {
  const bytes = parsedFloat(value) ?? fail(`${kind(value)} is not a number`);
  const base = truth(binary) ? 1024 : 1000;
  if (bytes === 1) return "1 Byte";
  if (bytes < base)
    return Number.isFinite(bytes) ? `${toWhole(float(bytes), "trunc")} Bytes` : fail("an infinite number");
  const units = truth(binary)
    ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]
    : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
  const at = units.findIndex((_, index) => bytes < base ** (index + 2));
  const index = at < 0 ? units.length - 1 : at;
  return `${formatted("%.1f", Tuple.holding([float((base * bytes) / base ** (index + 2))]))} ${units[index]}`;
});
define("sum", [
  ["attribute", null],
  ["start", 0],
], (value, [attribute, start]) => {
  if (!isNumber(start)) return refuse("`sum` adds numbers only");
  let found: Int | Float | boolean = start;
  for (const item of listOf(value).map(attribute === null ? (each) => each : getter(attribute))) {
    if (item instanceof Undefined) item.fail();
    found = isNumber(item) ? add(found, item) : fail(`\`+\` does not work on a number and ${kind(item)}`);
  }
  return found;
});

function toDoubleOrNan(value: Int | Float | boolean): number {
  return isInt(value) ? Number.NaN : toDouble(value);
}

/** The whole number of a float; undefined for NaN. */
function truncated(value: Float): Int | undefined {
  return Number.isNaN(toDouble(value)) ? undefined : toWhole(value, "trunc");
}

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";
const PREFIXES: Record<string, number> = { "0x": 16, "0o": 8, "0b": 2 };

function parsedInt(value: string, base: Value): Int | undefined {
  if (!isInt(base)) return undefined;
  const [, sign = "", body = ""] = /^([-+]?)(.*)$/s.exec(stripped(value).toLowerCase()) ?? [];
  const named = PREFIXES[body.slice(0, 2)];
  const own = Number(base) === 0 ? (named ?? 10) : Number(base);
  if (own < 2 || own > 36) return undefined;
  const isPrefixed = named === own;
  const written = isPrefixed ? body.slice(2).replace(/^_/, "") : body;
  if (Number(base) === 0 && !isPrefixed && /^0[0_]*[1-9]/.test(written)) return undefined;
  if (!/^[0-9a-z]+(_[0-9a-z]+)*$/.test(written)) return undefined;
  const digits = Array.from(written.replaceAll("_", ""), (char) => DIGITS.indexOf(char));
  if (digits.some((digit) => digit >= own)) return undefined;
  if (digits.length > 4_300 && (own & (own - 1)) !== 0) return undefined;
  const found = digits.reduce((sum, digit) => sum * BigInt(own) + BigInt(digit), 0n);
  return int(sign === "-" ? -found : found);
}

/** Python's `float`; undefined for what is not a number. */
function parsedFloat(value: Value): number | undefined {
  if (isNumber(value)) return toDouble(value as Int);
  if (value instanceof Undefined) return value.fail();
  if (typeof value !== "string") return undefined;
  const written = stripped(value).toLowerCase();
  const special = /^([-+]?)(inf|infinity|nan)$/.exec(written);
  if (special) return special[2] === "nan" ? Number.NaN : special[1] === "-" ? -Infinity : Infinity;
  const digits = "[0-9]+(?:_[0-9]+)*";
  const isFloatText = new RegExp(`^[-+]?(?:${digits}\\.?(?:${digits})?|\\.${digits})(?:e[-+]?${digits})?$`).test(
    written,
  );
  return isFloatText ? Number(written.replaceAll("_", "")) : undefined;
}

// Filters of lists and objects

define("default d", [
  ["default_value", ""],
  ["boolean", false],
], (value, [fallback, boolean]) =>
  value instanceof Undefined || (truth(boolean) && !truth(value)) ? fallback : value);
define("length count", [], (value) => {
  if (value instanceof Undefined) return value.strict ? value.fail() : 0;
  return isSized(value) ? lengthOf(value) : fail(`${kind(value)} has no length`);
});
define("list", [], listOf);
define("first", [], (value) => {
  const step = iterate(value).next();
  return step.done ? new Undefined("No first item, sequence was empty.") : step.value;
});
define("last", [], (value) => {
  if (value instanceof Undefined) return value.fail();
  if (!isSized(value)) return fail(`${kind(value)} has no last item`);
  const items = listOf(value);
  return items.length ? items.at(-1) : new Undefined("No last item, sequence was empty.");
});
define("reverse", [], (value) => {
  if (value instanceof Undefined) return value.fail();
  if (typeof value === "string") return Array.from(value).reverse().join("");
  const items = listOf(value).reverse();
  return value instanceof Lazy ? items : new Lazy(items[Symbol.iterator]());
});
define("items", [], (value) =>
  lazy(function* () {
    if (value instanceof Undefined) return;
    if (!(value instanceof Dict)) fail("Can only get item pairs from a mapping.");
    for (const pair of (value as Dict).entries()) yield Tuple.holding(pair);
  }));
define("dictsort", [
  ["case_sensitive", false],
  ["by", "key"],
  ["reverse", false],
], (value, [caseSensitive, by, reverse]) => {
  if (by !== "key" && by !== "value") fail('You can only sort by either "key" or "value"');
  if (!(value instanceof Dict)) return fail(`\`dictsort\` does not work on ${kind(value)}`);
  const at = by === "key" ? 0 : 1;
  return sorted(
    [...value.entries()].map((pair) => Tuple.holding(pair)),
    (pair) => folded((pair as Tuple)[at], caseSensitive),
    reverse,
  );
});
define("sort", [
  ["reverse", false],
  ["case_sensitive", false],
  ["attribute", null],
], (value, [reverse, caseSensitive, attribute]) => {
  const paths = typeof attribute === "string" ? attribute.split(",") : [attribute];
  const getters = paths.map((path) => getter(path));
  return sorted(listOf(value), (item) => getters.map((get) => folded(get(item), caseSensitive)), reverse);
});
define("groupby", [
  ["attribute", REQUIRED],
  ["default", null],
  ["case_sensitive", false],
], (value, [attribute, fallback, caseSensitive]) => {
  const get = getter(attribute, fallback);
  const key = (item: Value): Value => folded(get(item), caseSensitive);
  const groups: { key: Value; items: Value[] }[] = [];
  for (const item of sorted(listOf(value), key, false)) {
    const own = key(item);
    const last = groups.at(-1);
    if (last !== undefined && equal(last.key, own)) last.items.push(item);
    else groups.push({ key: own, items: [item] });
  }
  return groups.map((group) => Group.holding([truth(caseSensitive) ? group.key : get(group.items[0]), group.items]));
});
define("min", [
  ["case_sensitive", false],
  ["attribute", null],
], (value, args) => extreme(value, args, isLess));
define("max", [
  ["case_sensitive", false],
  ["attribute", null],
], (value, args) => extreme(value, args, (item, best) => compare(item, best, ">") > 0));
define("unique", [
  ["case_sensitive", false],
  ["attribute", null],
], (value, [caseSensitive, attribute], meter) =>
  lazy(function* () {
    const get = getter(attribute);
    const keys = new Set<unknown>();
    for (const item of each(value)) {
      const key = folded(get(item), caseSensitive);
      weighKey(key, keys.size, meter);
      const hash = hashed(key);
      if (!keys.has(hash)) {
        keys.add(hash);
        yield item;
      }
    }
  }));
define("join", [
  ["d", ""],
  ["attribute", null],
], (value, [separator, attribute]) => {
  const items = listOf(value);
  if (items.length > MAX_ITEMS) refuse("a result of `join` that is too large");
  const between = text(separator);
  refuseLong("join", items.length * textLength(between));
  return (attribute === null ? items : items.map(getter(attribute))).map(text).join(between);
});
define("slice", [
  ["slices", REQUIRED],
  ["fill_with", null],
], (value, [slices, fill]) => {
  refuseLarge("slice", slices);
  refuseLarge("slice", fill);
  return lazy(function* () {
    const items = listOf(value);
    const count = whole(slices);
    if (!count) fail("division by zero");
    const [least, extra] = [Math.floor(items.length / count), items.length % count];
    for (let at = 0, index = 0; index < count; index++) {
      const size = least + Number(index < extra);
      const part = items.slice(at, at + size);
      yield fill !== null && index >= extra ? [...part, fill] : part;
      at += size;
    }
  });
});
define("batch", [
  ["linecount", REQUIRED],
  ["fill_with", null],
], (value, [count, fill]) => {
  refuseLarge("batch", count);
  refuseLarge("batch", fill);
  return lazy(function* () {
    let part: Value[] = [];
    for (const item of each(value)) {
      if (equal(part.length, count)) {
        yield part;
        part = [];
      }
      part.push(item);
    }
    if (!part.length) return;
    if (fill !== null && compare(part.length, count, "<") < 0)
      part.push(...Array<Value>(whole(count) - part.length).fill(fill));
    yield part;
  });
});
define("map", null, (value, args, meter, named) =>
  lazy(function* () {
    if (!truth(value)) return;
    const apply = mapped(args, named, meter);
    for (const item of each(value)) yield apply(item);
  }),
);
for (const [name, isKept, byAttribute] of [
  ["select", true, false],
  ["reject", false, false],
  ["selectattr", true, true],
  ["rejectattr", false, true],
] as const) {
  define(name, null, (value, args, meter, named) =>
    lazy(function* () {
      if (!truth(value)) return;
      if (byAttribute && !args.length) fail("Missing parameter for attribute name");
      const get = byAttribute ? getter(args[0]) : (item: Value): Value => item;
      const [test, ...rest] = byAttribute ? args.slice(1) : args;
      const holds =
        args.length > Number(byAttribute) ? (item: Value): boolean => applyTest(test, item, rest, named, meter) : truth;
      for (const item of each(value)) if (holds(get(item)) === isKept) yield item;
    }),
  );
}

function lazy(items: () => Generator<Value>): Lazy {
  return new Lazy(items());
}

function each(value: Value): Iterable<Value> {
  return { [Symbol.iterator]: () => iterate(value) };
}

function mapped(args: Value[], named: Dict, meter: Meter): (item: Value) => Value {
  if (args.length || !named.has("attribute")) {
    if (!args.length) fail("map requires a filter argument");
    const [name, ...rest] = args;
    return (item) => applyFilter(name, item, rest, named, meter);
  }
  for (const key of named.keys())
    if (key !== "attribute" && key !== "default") fail(`\`map\` has no argument \`${String(key)}\``);
  return getter(named.get("attribute"), named.get("default") ?? null);
}

/** A function that finds what a path of keys, such as `address.city`, leads to. */
function getter(path: Value, fallback: Value = null): (item: Value) => Value {
  const keys =
    path === null
      ? []
      : typeof path === "string"
        ? path.split(".").map((key) => (/^[0-9]+$/.test(key) ? int(BigInt(key)) : key))
        : [path];
  return (item) => {
    let found = item;
    for (const key of keys) {
      found = lookup(found, key);
      if (fallback !== null && found instanceof Undefined) found = fallback;
    }
    return found;
  };
}

function folded(value: Value, caseSensitive: Value): Value {
  return typeof value === "string" && !truth(caseSensitive) ? value.toLowerCase() : value;
}

function sorted(items: Value[], key: (item: Value) => Value, reverse: Value): Value[] {
  const sign = truth(reverse) ? -1 : 1;
  return items
    .map((item) => ({ item, key: key(item) }))
    .sort((a, b) => sign * (isLess(a.key, b.key) ? -1 : isLess(b.key, a.key) ? 1 : 0))
    .map(({ item }) => item);
}

function extreme(
  value: Value,
  [caseSensitive, attribute]: Value[],
  isBetter: (item: Value, best: Value) => boolean,
): Value {
  const items = listOf(value);
  if (!items.length) return new Undefined("an empty list has no `max` and no `min`");
  const get = getter(attribute);
  let [best, bestKey] = [items[0], folded(get(items[0]), caseSensitive)];
  for (const item of items.slice(1)) {
    const key = folded(get(item), caseSensitive);
    if (isBetter(key, bestKey)) [best, bestKey] = [item, key];
  }
  return best;
}

// Tests

const OTHER: Parameters = [["other", REQUIRED]];

defineTest("defined", [], (value) => !(value instanceof Undefined));
defineTest("undefined", [], (value) => value instanceof Undefined);
defineTest("none", [], (value) => value === null);
defineTest("boolean", [], (value) => typeof value === "boolean");
defineTest("true", [], (value) => value === true);
defineTest("false", [], (value) => value === false);
defineTest("integer", [], (value) => isInt(value) && typeof value !== "boolean");
defineTest("float", [], isFloat);
defineTest("number", [], (value) => isNumber(value) || value instanceof Complex);
defineTest("string", [], (value) => typeof value === "string");
defineTest("mapping", [], (value) => value instanceof Dict);
defineTest("sequence", [], (value) => isSized(value) || (value instanceof Undefined && !value.strict));
defineTest("iterable", [], (value) => {
  if (value instanceof Undefined && value.strict) value.fail();
  return (
    isSized(value) ||
    value instanceof Lazy ||
    value instanceof Undefined ||
    (value instanceof Opaque && value.isIterable)
  );
});
defineTest("lower", [], (value) => /\p{Lowercase}/u.test(text(value)) && !/\p{Uppercase}|\p{Lt}/u.test(text(value)));
defineTest("upper", [], (value) => /\p{Uppercase}/u.test(text(value)) && !/\p{Lowercase}|\p{Lt}/u.test(text(value)));
defineTest("divisibleby", [["num", REQUIRED]], (value, [divisor]) => equal(remainder(value, divisor), 0));
defineTest("even", [], (value) => equal(remainder(value, 2), 0));
defineTest("odd", [], (value) => equal(remainder(value, 2), 1));
defineTest("eq equalto ==", OTHER, (value, [other]) => equal(value, other));
defineTest("ne !=", OTHER, (value, [other]) => !equal(value, other));
defineTest("gt greaterthan >", OTHER, (value, [other]) => compare(value, other, ">") > 0);
defineTest("ge >=", OTHER, (value, [other]) => compare(value, other, ">=") >= 0);
defineTest("lt lessthan <", OTHER, (value, [other]) => compare(value, other, "<") < 0);
defineTest("le <=", OTHER, (value, [other]) => compare(value, other, "<=") <= 0);
defineTest("in", [["seq", REQUIRED]], (value, [items]) => contains(items, value));

function remainder(value: Value, divisor: Value): Value {
  if (typeof value === "string") return formatted(value, divisor);
  for (const part of [value, divisor]) if (part instanceof Undefined) part.fail();
  return isNumber(value) && isNumber(divisor)
    ? modulo(value, divisor)
    : fail(`\`%\` does not work on ${kind(value)} and ${kind(divisor)}`);
}

// The cost of a call: the value and the arguments are charged for before it.

const FILTER_COST = 10;
const TEST_COST = 8;
const INDENTED_COST = 3;
const LOOKUP_COST = 6;

const IGNORE_CONTENT = set(
  "batch count d default first items last length list map reject rejectattr reverse select selectattr slice",
);
const LIST_ITERATORS = set("groupby join max min sort sum unique");
const SORTING = set("dictsort groupby sort");
const COMPARING_TESTS = set("== != > >= < <= eq equalto ge greaterthan gt in le lessthan lt ne");
const REMAINDERS = set("divisibleby even odd");
const COST_PER_ITEM = costs({
  "batch items list reverse slice": ITEM_COST,
  "map reject rejectattr select selectattr": 3,
  "join sum": 2,
  "max min": 4,
  "groupby sort unique": 8,
  dictsort: 6,
});
const COST_PER_CHARACTER = costs({
  "filesizeformat float format indent int striptags wordcount": 1,
  "parse_json title urlencode wordwrap": 2,
});
/** The index of the argument that is a path of keys. */
const KEY_PATH_AT = costs({ "groupby rejectattr selectattr sum": 0, "join max min unique": 1, sort: 2 });

function set(names: string): Set<string> {
  return new Set(names.split(" "));
}

function costs(table: Record<string, number>): Map<string, number> {
  return new Map(
    Object.entries(table).flatMap(([names, cost]) => names.split(" ").map((name): [string, number] => [name, cost])),
  );
}

/** The value that a filter receives, charged for. */
function admitted(name: string, value: Value, args: Value[], named: Dict, meter: Meter): Value {
  meter.charge(FILTER_COST);
  if (typeof value === "string" && !COST_PER_ITEM.has(name) && !IGNORE_CONTENT.has(name)) {
    chargeForCharacters(name, weigh(value, meter), args, named, meter);
    return value;
  }
  if (value instanceof Opaque && name !== "default" && name !== "d") refuse(`\`${name}\` of a value that is not data`);
  if (name === "batch" || name === "slice") {
    for (const argument of [...args, ...named.items()])
      meter.charge(isInt(argument) ? Math.min(Math.abs(Number(argument)), MAX_ARGUMENT) : 0);
  }
  const found = withItemsCharged(name, value, costOfAnItem(name, args, named, meter), meter);
  if (IGNORE_CONTENT.has(name)) return found;
  const before = meter.left;
  const chars = weigh(found, meter);
  const units = before - meter.left;
  if (SORTING.has(name)) meter.charge(Math.floor((units * bitLength(lengthOf(found))) / 4));
  if ((name === "json" || name === "tojson") && (args.length || named.size)) meter.charge(INDENTED_COST * units);
  chargeForCharacters(name, chars, args, named, meter);
  if (name === "groupby")
    meter.charge(lengthOf(found) * (lengthOf(args.length > 1 ? args[1] : named.get("default")) >> 3));
  return found;
}

function chargeForCharacters(name: string, before: number, args: Value[], named: Dict, meter: Meter): void {
  let chars = before;
  for (const other of args) chars += weigh(other, meter);
  if (named.size) for (const other of named.items()) chars += weigh(other, meter);
  meter.charge((COST_PER_CHARACTER.get(name) ?? 0) * chars);
}

function tested(name: string, value: Value, args: Value[], named: Dict, meter: Meter): [Value[], Dict] {
  meter.charge(TEST_COST);
  if (name === "lower" || name === "upper") weigh(value, meter);
  if (REMAINDERS.has(name)) {
    weigh(value, meter);
    meter.charge(lengthOf(value));
  } else if (!COMPARING_TESTS.has(name)) {
    return [args, named];
  }
  weighForComparing(value, meter);
  const weighed = (argument: Value): Value => {
    if (argument instanceof Lazy) return weighedItems(argument, meter);
    weighForComparing(argument, meter);
    return argument;
  };
  const others = new Dict();
  for (const [key, argument] of named.entries()) others.set(key, weighed(argument));
  return [args.map(weighed), others];
}

function withItemsCharged(name: string, value: Value, cost: number, meter: Meter): Value {
  if (value instanceof Lazy) {
    if (LIST_ITERATORS.has(name)) return sized(listed(metered(value, cost, meter)), meter);
    if (!IGNORE_CONTENT.has(name)) refuse(`\`${name}\` of an unfinished sequence; put \`|list\` before it`);
    return cost ? metered(value, cost, meter) : value;
  }
  if (cost && !(name === "reverse" && typeof value === "string")) {
    if (typeof value === "string") refuseMany(textLength(value));
    meter.charge(lengthOf(value) * cost);
  }
  return value;
}

function metered(items: Lazy, cost: number, meter: Meter): Lazy {
  return lazy(function* () {
    for (const item of items) {
      meter.charge(cost);
      yield item;
    }
  });
}

function listed(items: Lazy): Value[] {
  const found: Value[] = [];
  for (const item of items) {
    found.push(item);
    refuseMany(found.length);
  }
  return found;
}

function costOfAnItem(name: string, args: Value[], named: Dict, meter: Meter): number {
  const cost = COST_PER_ITEM.get(name) ?? 0;
  const at = KEY_PATH_AT.get(name) ?? args.length;
  const path = cost ? (at < args.length ? args[at] : (named.get("attribute") ?? null)) : null;
  if (path === null) return cost;
  if (typeof path !== "string") {
    weighForComparing(path, meter);
    return cost + LOOKUP_COST;
  }
  const chars = textLength(path);
  if (chars > MAX_ARGUMENT) refuse(`an argument of \`${name}\` over ${MAX_ARGUMENT}`);
  meter.charge(chars);
  return cost + LOOKUP_COST * (1 + countOf(path, ".") + countOf(path, ","));
}
