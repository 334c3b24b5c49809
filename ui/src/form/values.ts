/** The values of a form: an input that is left out has no key, which differs from an empty one. */

import type { FormField } from "../types";

export type Inputs = Readonly<Record<string, unknown>>;
export type Parsed = { readonly value: unknown } | { readonly problem: string };

export function withInput(inputs: Inputs, name: string, value: unknown): Inputs {
  return { ...inputs, [name]: value };
}

export function withoutInput(inputs: Inputs, name: string): Inputs {
  return Object.fromEntries(Object.entries(inputs).filter(([each]) => each !== name));
}

export function isGiven(inputs: Inputs, name: string): boolean {
  return Object.hasOwn(inputs, name);
}

export function equal(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The value that an input has when a person adds it: its default, else an empty one. */
export function firstValue(field: FormField): unknown {
  if (field.default !== undefined && field.default !== null) {
    return field.default;
  }
  switch (field.kind) {
    case "boolean":
      return false;
    case "choice":
      return field.choices[0];
    case "number":
      return 0;
    case "list":
    case "table":
    case "history":
      return [];
    case "object":
      return emptyObject(field.fields);
    case "json":
      return null;
    default:
      return "";
  }
}

/** An object with the required keys. */
export function emptyObject(fields: readonly FormField[]): Inputs {
  const required = fields.filter((field) => field.required);
  return Object.fromEntries(required.map((field) => [field.name, firstValue(field)]));
}

/** Whether the control of a kind can show a value; JSON can show all. */
export function fits(field: FormField, value: unknown): boolean {
  switch (field.kind) {
    case "text":
      return ["string", "number", "boolean"].includes(typeof value);
    case "number":
      return typeof value === "number" || typeof value === "string";
    case "boolean":
      return typeof value === "boolean";
    case "choice":
      return field.choices.some((choice) => equal(choice, value));
    case "media":
      return typeof value === "string";
    case "list":
      return Array.isArray(value) && value.every((item) => typeof item === "string");
    case "table":
      return Array.isArray(value) && value.every((row) => fitsObject(field, row));
    case "object":
      return fitsObject(field, value);
    case "history":
      return Array.isArray(value) && value.every(isTurn);
    default:
      return true;
  }
}

function fitsObject(field: FormField, value: unknown): boolean {
  if (!isObject(value)) {
    return false;
  }
  const known = new Map(field.fields.map((each) => [each.name, each]));
  return Object.entries(value).every(([name, each]) => {
    const column = known.get(name);
    return column !== undefined && fits(column, each);
  });
}

export function isObject(value: unknown): value is Inputs {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export interface Turn {
  readonly role: string;
  readonly content: string;
}

function isTurn(value: unknown): value is Turn {
  const keys = isObject(value) ? Object.keys(value).sort().join() : "";
  return keys === "content,role" && isObject(value) && Object.values(value).every((each) => typeof each === "string");
}

/** The text of a value in a box: a text as it is, anything else as JSON. */
export function shownText(value: unknown): string {
  if (value === undefined) {
    return "";
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A number, or the text itself if it is not one: the check of the inputs then reports it. */
export function parsedNumber(text: string): number | string {
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : text;
}

export function parsedJson(text: string): Parsed {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** A value in a few words, for a line. */
export function summary(value: unknown): string {
  if (value === "") {
    return "empty";
  }
  if (Array.isArray(value)) {
    return value.length === 0 ? "none" : `${value.length} ${value.length === 1 ? "item" : "items"}`;
  }
  const text = shownText(value).replace(/\s+/g, " ");
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** The pointer of the deepest shown part that contains a place, or null. */
export function nearestPointer(place: string, shown: Iterable<string>): string | null {
  let found: string | null = null;
  for (const pointer of shown) {
    const contains = place === pointer || place.startsWith(`${pointer}/`);
    if (contains && (found === null || pointer.length > found.length)) {
      found = pointer;
    }
  }
  return found;
}

export function pointer(...keys: readonly (string | number)[]): string {
  return keys.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
