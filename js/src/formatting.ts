/** Python's formatting of strings: `%`, `textwrap`, `splitlines`, JSON. */
import { MAX_ARGUMENT, MAX_TEXT_CHARS, fail, refuse } from "./limits";
import { exponentText, fixedText, generalText, isInt, isNumber, numberText, toBig, toDouble, toWhole } from "./numbers";
import {
  Dict,
  Range,
  Tuple,
  type Value,
  compare,
  escape,
  kind,
  represented,
  text,
  textLength,
  textSlice,
} from "./values";

/** The white space of `str.split` and of `\s`, in brackets. */
export const BLANKS = "\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const OUTER_BLANKS = new RegExp(`^[${BLANKS}]+|[${BLANKS}]+$`, "g");
const INNER_BLANKS = new RegExp(`[${BLANKS}]+`);
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;

export function stripped(value: string): string {
  return value.replace(OUTER_BLANKS, "");
}

/** The words between white space. */
export function words(value: string): string[] {
  const inner = stripped(value);
  return inner ? inner.split(INNER_BLANKS) : [];
}

export function splitLines(value: string): string[] {
  const found = value.split(LINE_END);
  if (found.at(-1) === "") found.pop();
  return found;
}

export function countOf(value: string, part: string): number {
  return part === "" ? textLength(value) + 1 : value.split(part).length - 1;
}

// `%`

const CONVERSION = /([#0\- +]*)(\*|[0-9]*)(?:\.(\*|[0-9]*))?/y;

/** `text % given`, within limits. */
export function formatted(template: string, given: Value): string {
  const values = given instanceof Dict ? given.items() : given instanceof Tuple ? Array.from(given) : [given];
  const longest =
    10 *
    (Math.max(0, ...values.map((value) => textLength(text(value)))) +
      (given instanceof Dict ? textLength(text(given)) : 0));
  let chars = textLength(template);
  for (const width of widths(template)) {
    chars += width + Math.min(longest, MAX_TEXT_CHARS);
    if (chars > 10 * MAX_TEXT_CHARS) refuse("a result of `format` that is too large");
  }
  return filled(template, given);
}

function* widths(template: string): Generator<number> {
  for (let at = template.indexOf("%"); at >= 0;) {
    const [all, , width, precision] = conversionAt(template, endOfKey(template, at + 1));
    yield [width, precision].reduce((sum, part) => sum + (part ? widthOf(part) : 0), 0);
    at = template.indexOf("%", endOfKey(template, at + 1) + all.length + 1);
  }
}

function conversionAt(template: string, at: number): RegExpExecArray {
  CONVERSION.lastIndex = at;
  return CONVERSION.exec(template) ?? fail("incomplete format");
}

function endOfKey(template: string, start: number): number {
  if (template[start] !== "(") return start;
  let depth = 0;
  for (let at = start; at < template.length; at++) {
    depth += Number(template[at] === "(") - Number(template[at] === ")");
    if (!depth) return at + 1;
  }
  return template.length;
}

function widthOf(written: string): number {
  if (written === "*" || written.length > 9 || Number(written) >= MAX_ARGUMENT) refuse("a width of `format` over 999");
  return Number(written);
}

function filled(template: string, given: Value): string {
  // As in Python, anything with items can be a mapping, whose parts need not all be used.
  const isMapping =
    given instanceof Dict || given instanceof Range || (Array.isArray(given) && !(given instanceof Tuple));
  let left: Value[] = given instanceof Tuple ? Array.from(given) : [given];
  let found = "";
  let at = 0;
  for (;;) {
    const percent = template.indexOf("%", at);
    if (percent < 0) break;
    found += template.slice(at, percent);
    at = percent + 1;
    if (template[at] === "(") {
      const end = endOfKey(template, at);
      if (template[end - 1] !== ")") fail("incomplete format key");
      if (!isMapping) fail("format requires a mapping");
      left = [
        given instanceof Dict
          ? (given.get(template.slice(at + 1, end - 1)) ?? fail(`\`${template.slice(at + 1, end - 1)}\` is missing`))
          : fail("list indices must be whole numbers"),
      ];
      at = end;
    }
    const [all, flags = "", width = "", precision] = conversionAt(template, at);
    at += all.length;
    if (/[hlL]/.test(template[at] ?? "")) at += 1;
    const sign = template[at++] ?? fail("incomplete format");
    if (sign === "%" && at === percent + 2) {
      found += "%";
      continue;
    }
    if (!left.length) fail("not enough arguments for format string");
    found += converted(
      sign,
      left.shift(),
      flags,
      Number(width),
      precision === undefined ? undefined : Number(precision),
    );
  }
  if (left.length && !isMapping) fail("not all arguments converted during string formatting");
  return found + template.slice(at);
}

function converted(sign: string, value: Value, flags: string, width: number, precision: number | undefined): string {
  const [before, body] =
    sign === "c"
      ? ["", character(value)]
      : /[sra]/.test(sign)
        ? ["", written(sign, value, precision)]
        : number(sign, value, flags, precision);
  const missing = Math.max(width - textLength(before + body), 0);
  if (flags.includes("-")) return before + body + " ".repeat(missing);
  if (flags.includes("0") && !/[sracC]/.test(sign)) return before + "0".repeat(missing) + body;
  return " ".repeat(missing) + before + body;
}

function character(value: Value): string {
  if (isInt(value) && Number(value) >= 0 && Number(value) <= 0x10ffff) return String.fromCodePoint(Number(value));
  return typeof value === "string" && textLength(value) === 1 ? value : fail("`%c` requires a character");
}

function written(sign: string, value: Value, precision: number | undefined): string {
  let found = sign === "s" ? text(value) : represented(value);
  if (sign === "a") found = found.replace(/[^\x00-\x7f]/gu, escape);
  return precision === undefined ? found : textSlice(found, 0, precision);
}

/** The sign with the prefix, and the digits. */
function number(sign: string, value: Value, flags: string, precision: number | undefined): [string, string] {
  if (!/[diuxXoeEfFgG]/.test(sign)) fail(`unsupported format character \`${sign}\``);
  if (!isNumber(value)) return fail(`\`%${sign}\` needs a number, not ${kind(value)}`);
  const plus = flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  if (/[eEfFgG]/.test(sign)) {
    const double = toDouble(value);
    const minus = double < 0 || Object.is(double, -0) ? "-" : plus;
    const found = decimal(sign.toLowerCase(), Math.abs(double), precision ?? 6, flags.includes("#"));
    return [minus, /[EFG]/.test(sign) ? found.toUpperCase() : found];
  }
  if (/[xXo]/.test(sign) && !isInt(value)) fail(`\`%${sign}\` needs a whole number`);
  const whole = toBig(toWhole(value, "trunc"));
  const base = sign === "o" ? 8 : /x/i.test(sign) ? 16 : 10;
  const digits = (whole < 0n ? -whole : whole).toString(base).padStart(precision ?? 0, "0");
  const prefix = flags.includes("#") && base !== 10 ? `0${sign}` : "";
  return [(whole < 0n ? "-" : plus) + prefix, sign === "X" ? digits.toUpperCase() : digits];
}

function decimal(sign: string, value: number, precision: number, alternate: boolean): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : "inf";
  if (sign === "e") return exponentText(value, precision, alternate);
  if (sign === "g") return generalText(value, precision, alternate);
  return fixedText(value, precision) + (alternate && !precision ? "." : "");
}

// `textwrap`

const WORD = "[\\p{L}\\p{N}_]";
const BEFORE_DASH = "[\\p{L}\\p{N}_!\"'&.,?]";
const LETTER = "[\\p{L}\\p{Nl}\\p{No}_]";
const HYPHENATED = new RegExp(
  `([\\t-\\r ]+|(?<=${BEFORE_DASH})-{2,}(?=${WORD})|[^\\t-\\r ]+?(?:-(?:(?<=${LETTER}{2}-)|(?<=${LETTER}-${BEFORE_DASH}-))(?=${LETTER}-?${LETTER})|(?=[\\t-\\r ]|$)|(?<=${BEFORE_DASH})(?=-{2,}${WORD})))`,
  "u",
);

/** The lines of a text without newlines. */
export function wrapped(value: string, width: number, breaksWords: boolean, breaksHyphens: boolean): string[] {
  if (width <= 0) fail(`invalid width ${width} (must be > 0)`);
  const chunks = value
    .split(breaksHyphens ? HYPHENATED : /([\t-\r ]+)/)
    .filter((chunk) => chunk)
    .map((chunk) => Array.from(chunk))
    .reverse();
  const lines: string[] = [];
  while (chunks.length) {
    const line: string[][] = [];
    let length = 0;
    if (lines.length && isBlank(chunks.at(-1))) chunks.pop();
    for (let next = chunks.at(-1); next && length + next.length <= width; next = chunks.at(-1)) {
      line.push(next);
      length += next.length;
      chunks.pop();
    }
    const long = chunks.at(-1);
    if (long && long.length > width) {
      if (breaksWords) {
        const end = breakAt(long, width - length, breaksHyphens);
        line.push(long.slice(0, end));
        chunks[chunks.length - 1] = long.slice(end);
      } else if (!line.length) {
        line.push(long);
        chunks.pop();
      }
    }
    if (isBlank(line.at(-1))) line.pop();
    if (line.length) lines.push(line.flat().join(""));
  }
  return lines;
}

function isBlank(chunk: string[] | undefined): boolean {
  return chunk !== undefined && stripped(chunk.join("")) === "";
}

function breakAt(chunk: string[], space: number, breaksHyphens: boolean): number {
  const hyphen = breaksHyphens && chunk.length > space ? chunk.slice(0, space).lastIndexOf("-") : -1;
  return hyphen > 0 && chunk.slice(0, hyphen).some((char) => char !== "-") ? hyphen + 1 : space;
}

// JSON as Python writes it

export interface JsonStyle {
  /** The number of blanks for each level; null for one line. */
  readonly indent: number | null;
  /** Sorted keys, and ASCII only. */
  readonly isPlain: boolean;
}

export function jsonText(value: Value, style: JsonStyle, level = 1): string {
  if (typeof value === "string") return jsonString(value, style.isPlain);
  if (value === null || typeof value === "boolean") return String(value);
  if (isNumber(value)) return jsonNumber(value);
  if (Array.isArray(value))
    return enclosed(
      "[]",
      value.map((item) => jsonText(item, style, level + 1)),
      style,
      level,
    );
  if (!(value instanceof Dict)) return fail(`${kind(value)} can't be written as JSON`);
  const entries = [...value.entries()];
  if (style.isPlain) entries.sort(([a], [b]) => compare(a, b, "<"));
  const members = entries.map(
    ([key, item]) => `${jsonString(jsonKey(key), style.isPlain)}: ${jsonText(item, style, level + 1)}`,
  );
  return enclosed("{}", members, style, level);
}

function enclosed(brackets: string, parts: string[], { indent }: JsonStyle, level: number): string {
  if (!parts.length) return brackets;
  if (indent === null) return `${brackets[0]}${parts.join(", ")}${brackets[1]}`;
  const line = `\n${" ".repeat(indent * level)}`;
  const chars = parts.reduce((sum, part) => sum + part.length + line.length, 0);
  if (chars > 2 * MAX_TEXT_CHARS) refuse("a result of `json` that is too large");
  return `${brackets[0]}${line}${parts.join(`,${line}`)}\n${" ".repeat(indent * (level - 1))}${brackets[1]}`;
}

function jsonKey(key: Value): string {
  if (typeof key === "string") return key;
  if (key === null || typeof key === "boolean") return String(key);
  return isNumber(key) ? jsonNumber(key) : fail(`keys must be strings, not ${kind(key)}`);
}

function jsonNumber(value: Value): string {
  const double = Number(numberText(value as number));
  return Number.isFinite(double) || isInt(value)
    ? numberText(value as number)
    : fail("Out of range float values are not JSON compliant");
}

function jsonString(value: string, isAscii: boolean): string {
  // A lone surrogate stays as it is, and DEL is written as it is, as in Python.
  const escaped = value.replace(/["\\\x00-\x1f]/g, (char) => JSON.stringify(char).slice(1, -1));
  const units = isAscii
    ? escaped.replace(/[\x7f-\uffff]/g, (unit) =>
        unit === "\x7f" ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
      )
    : escaped;
  return `"${units}"`;
}
