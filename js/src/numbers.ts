/**
 * Python's whole numbers and floats.
 *
 * A whole number is a JavaScript number up to 2^53, and a bigint beyond. A float is any other
 * number, or a `WholeFloat`: 1.0 prints as `1.0`, and 1 as `1`.
 */
import { fail, refuseBits } from "./limits";

export class WholeFloat {
  constructor(readonly value: number) {}
}

export type Int = number | bigint;
export type Float = number | WholeFloat;

export function isInt(value: unknown): value is Int | boolean {
  return typeof value === "number"
    ? Number.isSafeInteger(value)
    : typeof value === "bigint" || typeof value === "boolean";
}

export function isFloat(value: unknown): value is Float {
  return typeof value === "number" ? !Number.isSafeInteger(value) : value instanceof WholeFloat;
}

export function isNumber(value: unknown): value is Int | Float | boolean {
  return (
    typeof value === "number" || typeof value === "bigint" || typeof value === "boolean" || value instanceof WholeFloat
  );
}

export function float(value: number): Float {
  return Number.isSafeInteger(value) ? new WholeFloat(value) : value;
}

export function int(value: bigint): Int {
  const short = Number(value);
  return Number.isSafeInteger(short) ? short : value;
}

export function toBig(value: Int | boolean): bigint {
  return BigInt(value);
}

/** The number as a double; fails for a whole number that is too large for one. */
export function toDouble(value: Int | Float | boolean): number {
  if (value instanceof WholeFloat) return value.value;
  const double = Number(value);
  if (typeof value === "bigint" && !Number.isFinite(double)) fail("int too large to convert to float");
  return double;
}

/** Python's `bit_length`. */
export function bitLength(value: Int | boolean): number {
  if (typeof value === "bigint") return (value < 0n ? -value : value).toString(2).length;
  const size = Math.abs(Number(value));
  return size < 2 ** 31 ? 32 - Math.clz32(size) : size.toString(2).length;
}

/** -1, 0 or 1; NaN if one of both is NaN. */
export function compareNumbers(left: Int | Float | boolean, right: Int | Float | boolean): number {
  const [a, b] = [plain(left), plain(right)];
  return a < b ? -1 : a > b ? 1 : a == b ? 0 : Number.NaN;
}

function plain(value: Int | Float | boolean): Int {
  return value instanceof WholeFloat ? value.value : typeof value === "boolean" ? Number(value) : value;
}

type Operand = Int | Float | boolean;

export function add(left: Operand, right: Operand): Int | Float {
  if (!isInt(left) || !isInt(right)) return float(toDouble(left) + toDouble(right));
  const quick = Number(left) + Number(right);
  return Number.isSafeInteger(quick) && quick ? quick : int(toBig(left) + toBig(right));
}

export function subtract(left: Operand, right: Operand): Int | Float {
  return add(left, isFloat(right) ? float(-toDouble(right)) : negative(right));
}

export function negative(value: Operand): Int | Float {
  if (!isInt(value)) return float(-toDouble(value));
  return typeof value === "bigint" ? int(-value) : 0 - Number(value);
}

export function multiply(left: Operand, right: Operand): Int | Float {
  if (!isInt(left) || !isInt(right)) return float(toDouble(left) * toDouble(right));
  refuseBits(bitLength(left) + bitLength(right));
  const quick = Number(left) * Number(right);
  return Number.isSafeInteger(quick) ? quick + 0 : int(toBig(left) * toBig(right));
}

export function divide(left: Operand, right: Operand): Float {
  refuseZero(right);
  if (typeof left !== "bigint" && typeof right !== "bigint") return float(toDouble(left) / toDouble(right));
  if (!isInt(left) || !isInt(right)) return float(toDouble(left) / toDouble(right));
  const found = quotient(toBig(left), toBig(right));
  return Number.isFinite(found) ? float(found) : fail("integer division result too large for a float");
}

/** The double nearest to a fraction. */
export function quotient(above: bigint, below: bigint): number {
  const sign = above < 0n !== below < 0n ? -1 : 1;
  const [a, b] = [above < 0n ? -above : above, below < 0n ? -below : below];
  if (a === 0n) return 0;
  const shift = Math.min(Math.max(bitLength(b) - bitLength(a) + 66, 0), 2_000);
  const scaled = (a << BigInt(shift)) / b;
  const exact = scaled * b === a << BigInt(shift);
  // A last bit for the rest decides between two doubles that are equally near.
  const found = Number((scaled << 1n) | (exact ? 0n : 1n));
  return (sign * found) / 2 ** Math.min(shift, 1_000) / 2 ** Math.max(shift - 1_000, 0) / 2;
}

export function floorDivide(left: Operand, right: Operand): Int | Float {
  refuseZero(right);
  if (isInt(left) && isInt(right)) {
    const [a, b] = [toBig(left), toBig(right)];
    const found = a / b;
    return int(found * b !== a && a < 0n !== b < 0n ? found - 1n : found);
  }
  const [a, b] = [toDouble(left), toDouble(right)];
  let rest = a % b;
  let found = (a - rest) / b;
  if (rest && b < 0 !== rest < 0) {
    rest += b;
    found -= 1;
  }
  if (!found) return float(a / b < 0 || Object.is(a / b, -0) ? -0 : 0);
  const floor = Math.floor(found);
  return float(found - floor > 0.5 ? floor + 1 : floor);
}

export function modulo(left: Operand, right: Operand): Int | Float {
  refuseZero(right);
  if (isInt(left) && isInt(right)) {
    const b = toBig(right);
    const rest = toBig(left) % b;
    return int(rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest);
  }
  const b = toDouble(right);
  const rest = toDouble(left) % b;
  if (!rest) return Number.isNaN(rest) ? rest : float(b < 0 ? -0 : 0);
  return float(b < 0 !== rest < 0 ? rest + b : rest);
}

function refuseZero(value: Operand): void {
  if (plain(value) == 0) fail("division by zero");
}

/** `**`; undefined for a complex number. */
export function power(left: Operand, right: Operand): Int | Float | undefined {
  if (isInt(left) && isInt(right) && plain(right) >= 0) {
    refuseBits(bitLength(left) * Number(right));
    return int(toBig(left) ** toBig(right));
  }
  const [a, b] = [toDouble(left), toDouble(right)];
  if (a === 0 && b < 0) fail("0.0 can't be raised to a negative power");
  if (a < 0 && Number.isFinite(a) && Number.isFinite(b) && !Number.isInteger(b)) return undefined;
  if (a === 1 || (a === -1 && !Number.isFinite(b) && !Number.isNaN(b))) return float(1);
  const found = a ** b;
  if (!Number.isFinite(found) && Number.isFinite(a) && Number.isFinite(b)) fail("a number that is too large");
  return float(found);
}

/** A number as Python's `str` writes it. */
export function numberText(value: Int | Float): string {
  return isInt(value) ? String(value) : floatText(toDouble(value));
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const sign = value < 0 ? "-" : "";
  const [mantissa = "", exponent = ""] = Math.abs(value).toExponential().split("e");
  return sign + placed(mantissa.replace(".", ""), Number(exponent), 16, true);
}

/** Digits with a point, or with an exponent outside of -4 to `most`. */
function placed(digits: string, exponent: number, most: number, point: boolean): string {
  if (exponent < -4 || exponent >= most) {
    const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const rest = digits.slice(exponent + 1);
  return rest || point ? `${whole}.${rest || "0"}` : whole;
}

// Exact decimals: JavaScript rounds a tie up, Python to the even digit.

function fraction(value: number): [bigint, bigint] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const stored = Number(bits >> 52n);
  const mantissa = (bits & ((1n << 52n) - 1n)) | (stored ? 1n << 52n : 0n);
  const exponent = (stored || 1) - 1_075;
  return exponent < 0 ? [mantissa, 1n << BigInt(-exponent)] : [mantissa << BigInt(exponent), 1n];
}

function roundedHalfEven(above: bigint, below: bigint): bigint {
  const found = above / below;
  const twice = (above % below) * 2n;
  return twice > below || (twice === below && found % 2n === 1n) ? found + 1n : found;
}

function scaled(value: number, digits: number): bigint {
  const [above, below] = fraction(value);
  return digits < 0
    ? roundedHalfEven(above, below * 10n ** BigInt(-digits))
    : roundedHalfEven(above * 10n ** BigInt(digits), below);
}

/** `%.{digits}f` of a number that is not negative and finite. */
export function fixedText(value: number, digits: number): string {
  const text = scaled(value, digits)
    .toString()
    .padStart(digits + 1, "0");
  return digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text;
}

/** The digits of a number that is positive and finite, and its exponent. */
function significant(value: number, digits: number): [string, number] {
  if (value === 0) return ["0".repeat(digits), 0];
  const exponent = Number(value.toExponential().split("e")[1]);
  const text = scaled(value, digits - 1 - exponent).toString();
  return text.length > digits ? [text.slice(0, digits), exponent + 1] : [text, exponent];
}

/** `%.{digits}e`. */
export function exponentText(value: number, digits: number, alternate: boolean): string {
  const [text, exponent] = significant(value, digits + 1);
  const point = digits || alternate ? "." : "";
  return `${text[0]}${point}${text.slice(1)}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** `%.{digits}g`. */
export function generalText(value: number, digits: number, alternate: boolean): string {
  const precision = digits || 1;
  const [text, exponent] = significant(value, precision);
  const kept = alternate ? text : text.replace(/0+$/, "") || "0";
  const found = placed(kept, exponent, precision, false);
  return alternate && !found.includes(".") && !found.includes("e") ? `${found}.` : found;
}

/** Python's `round(value, digits)`. */
export function rounded(value: Int | Float | boolean, digits: number): Int | Float {
  if (isInt(value)) {
    if (digits >= 0) return int(toBig(value));
    const unit = 10n ** BigInt(-digits);
    const number = toBig(value);
    const found = roundedHalfEven(number < 0n ? -number : number, unit) * unit;
    return int(number < 0n ? -found : found);
  }
  const double = toDouble(value);
  if (!Number.isFinite(double) || digits > 323) return value;
  if (digits < -308) return float(double < 0 ? -0 : 0);
  const text = scaled(double, digits).toString();
  const found = Number(`${text}e${-digits}`);
  if (!Number.isFinite(found)) fail("rounded value too large to represent");
  return float(double < 0 || Object.is(double, -0) ? -found : found);
}

/** Python's `round(value)`, `floor` and `ceil`: a whole number. */
export function toWhole(value: Int | Float | boolean, how: "round" | "floor" | "ceil" | "trunc"): Int {
  if (isInt(value)) return int(toBig(value));
  const double = toDouble(value);
  if (!Number.isFinite(double)) fail("cannot convert float infinity or NaN to integer");
  if (how !== "round") return int(BigInt(Math[how](double)));
  const found = scaled(double, 0);
  return int(double < 0 ? -found : found);
}
