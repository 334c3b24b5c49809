/** JSON Schemas in the subsets that the structured outputs of Anthropic and Gemini accept. */
import { type Json, type JsonObject, escaped, isObject, localPointer, own, valueAt } from "./data";
import { jsonText } from "./formatting";
import { toValue } from "./values";

/** One part of a schema that a request format can't express. */
export interface SchemaRefusal {
  /** JSON pointer into the schema. */
  readonly at: string;
  /** What is refused, to continue the sentence "gemini can't express". */
  readonly what: string;
}

type Kept = (key: string, value: Json) => JsonObject | undefined;
/** The schemas in a schema, with their pointers. */
type Below = (schema: JsonObject) => [pointer: string, schema: Json][];

const CLAUDE_FORMATS = words("date-time time date duration email hostname uri ipv4 ipv6 uuid");
const CLAUDE_KEPT = words("$ref $anchor type title enum const required");
const CLAUDE_NAMED = words("$defs definitions properties");
const CLAUDE_LISTED = new Map([
  ["anyOf", "anyOf"],
  ["oneOf", "anyOf"],
  ["allOf", "allOf"],
]);
const CLAUDE_LEFT_OUT = words("additionalProperties description $schema $id $comment");

/** The schema with closed objects and without keywords that the API refuses. */
export function claudeSchema(schema: Json): Json {
  if (!isObject(schema)) return schema;
  const { found, description } = keptAndDescribed(schema, claudeKept, CLAUDE_LEFT_OUT);
  // Nothing but definitions may be beside a reference.
  if ("$ref" in schema) return onlyKeys(found, (key) => ["$ref", "$defs", "definitions"].includes(key));
  const isOpen = "properties" in schema || schema.type === "object" || listOf(schema.type).includes("object");
  return { ...found, ...(isOpen ? { additionalProperties: false } : {}), ...description };
}

/** Everything in a schema that the API can't express: objects with any keys, and recursion. */
export function* claudeRefusals(schema: Json): Generator<SchemaRefusal> {
  for (const at of openObjects(schema, "")) yield { at, what: "an object with any keys in a schema" };
  for (const at of closingReferences(schema, claudeBelow, claudeBelow))
    yield { at, what: "a `$ref` that leads back to itself" };
}

function* openObjects(schema: Json, pointer: string): Generator<string> {
  if (!isObject(schema)) return;
  const others = schema.additionalProperties ?? false;
  if (others !== false) yield `${pointer}/additionalProperties`;
  else if (
    schema.type === "object" &&
    !["properties", "additionalProperties", "$ref", ...CLAUDE_LISTED.keys()].some((key) => key in schema)
  )
    yield pointer;
  for (const [step, each] of claudeBelow(schema)) yield* openObjects(each, pointer + step);
}

function claudeBelow(schema: JsonObject): [string, Json][] {
  return below(schema, CLAUDE_NAMED, CLAUDE_LISTED.keys(), ["items"]);
}

function claudeKept(key: string, value: Json): JsonObject | undefined {
  if (CLAUDE_NAMED.has(key)) return { [key]: mapped(value, claudeSchema) };
  const listed = CLAUDE_LISTED.get(key);
  if (listed !== undefined) return { [listed]: listOf(value).map(claudeSchema) };
  if (key === "items") return { [key]: claudeSchema(value) };
  const isKept =
    CLAUDE_KEPT.has(key) ||
    (key === "format" && CLAUDE_FORMATS.has(String(value))) ||
    (key === "minItems" && (value === 0 || value === 1));
  return isKept ? { [key]: value } : undefined;
}

// Gemini's API ignores other keywords. Those that only limit values move into the description, so
// that the model still reads them. Others are refused: the schema would have another meaning.

const GEMINI_KEPT = words(
  "$id $anchor $ref type format title required propertyOrdering minItems maxItems minimum maximum",
);
const GEMINI_NAMED = words("$defs properties");
const GEMINI_LISTED = words("anyOf oneOf prefixItems");
const GEMINI_SINGLE = words("items additionalProperties");
const GEMINI_LEFT_OUT = words("description $schema $comment");
const GEMINI_REFUSED = words(
  "allOf not if then else contains propertyNames patternProperties dependentSchemas unevaluatedItems unevaluatedProperties contentSchema $dynamicRef definitions dependencies",
);
const ANNOTATIONS = words("description title default examples deprecated readOnly writeOnly");

/** The schema without keywords that the API ignores. */
export function geminiSchema(schema: Json): Json {
  if (!isObject(schema)) return schema === true ? {} : schema;
  const { found, description } = keptAndDescribed(schema, geminiKept, GEMINI_LEFT_OUT);
  if ("$ref" in schema) return onlyKeys(found, (key) => key.startsWith("$")); // nothing may be beside it
  return { ...nullable(found), ...description };
}

/** Everything in a schema that the API can't express. */
export function* geminiRefusals(schema: Json): Generator<SchemaRefusal> {
  yield* refused(schema, "");
  const what = "a `$ref` that leads back to itself through required properties or items";
  for (const at of closingReferences(schema, geminiBelow, required)) yield { at, what };
}

function geminiKept(key: string, value: Json): JsonObject | undefined {
  if (GEMINI_NAMED.has(key) && isObject(value)) return { [key]: mapped(value, geminiSchema) };
  if (GEMINI_LISTED.has(key) && Array.isArray(value)) return { [key]: value.map(geminiSchema) };
  if (GEMINI_SINGLE.has(key)) return { [key]: typeof value === "boolean" ? value : geminiSchema(value) };
  if (key === "const" || key === "enum") {
    const values = key === "const" ? [value] : listOf(value);
    return values.length &&
      values.every((each) => each === null || (!isObject(each) && !Array.isArray(each) && typeof each !== "boolean"))
      ? { enum: values }
      : undefined;
  }
  return GEMINI_KEPT.has(key) ? { [key]: value } : undefined;
}

/** An `enum` with null as an alternative: `enum` itself has only strings and numbers. */
function nullable(found: JsonObject): JsonObject {
  const { enum: values, type, ...rest } = found;
  if (!Array.isArray(values) || !values.includes(null)) return found;
  const names = Array.isArray(type) ? (type as Json[]).filter((name) => name !== "null") : [];
  const kind = names.length ? { type: names.length === 1 ? names[0] : names } : {};
  return { ...rest, anyOf: [{ ...kind, enum: values.filter((value) => value !== null) }, { type: "null" }] };
}

function* refused(schema: Json, pointer: string): Generator<SchemaRefusal> {
  if (schema === false) yield { at: pointer, what: "the schema `false`" };
  if (!isObject(schema)) return;
  for (const key of Object.keys(schema)) {
    if (GEMINI_REFUSED.has(key)) yield { at: `${pointer}/${key}`, what: `\`${key}\` in a schema` };
    else if ("$ref" in schema && !/^(\$|x-)/.test(key) && !ANNOTATIONS.has(key))
      yield { at: `${pointer}/${key}`, what: `\`${key}\` beside a \`$ref\`` };
  }
  for (const [step, each] of geminiBelow(schema)) yield* refused(each, pointer + step);
}

function geminiBelow(schema: JsonObject): [string, Json][] {
  return below(schema, GEMINI_NAMED, GEMINI_LISTED, GEMINI_SINGLE);
}

/** The schemas in a schema without its optional properties. */
function required(schema: JsonObject): [string, Json][] {
  const names = new Set(listOf(schema.required).map((name) => `/properties/${escaped(String(name))}`));
  return geminiBelow(schema).filter(([step]) => !step.startsWith("/properties/") || names.has(step));
}

// Both: other limits move into the description.

function below(
  schema: JsonObject,
  named: Iterable<string>,
  listed: Iterable<string>,
  single: Iterable<string>,
): [string, Json][] {
  const found: [string, Json][] = [];
  for (const key of named)
    for (const [name, each] of Object.entries(objectOf(schema[key]))) found.push([`/${key}/${escaped(name)}`, each]);
  for (const key of listed)
    for (const [index, each] of listOf(schema[key]).entries()) found.push([`/${key}/${index}`, each]);
  for (const key of single)
    if (isObject(schema[key]) || (key === "items" && key in schema)) found.push([`/${key}`, schema[key]]);
  return found;
}

function objectOf(value: Json): JsonObject {
  return isObject(value) ? value : {};
}

function listOf(value: Json): Json[] {
  return Array.isArray(value) ? value : [];
}

function words(text: string): Set<string> {
  return new Set(text.split(" "));
}

function mapped(value: Json, change: (schema: Json) => Json): JsonObject {
  return Object.fromEntries(Object.entries(objectOf(value)).map(([name, each]) => [name, change(each)]));
}

function onlyKeys(value: JsonObject, isKept: (key: string) => boolean): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => isKept(key)));
}

/** What an API takes of a schema, and the `description` with the rest, which the model reads. */
function keptAndDescribed(
  schema: JsonObject,
  kept: Kept,
  leftOut: ReadonlySet<string>,
): { found: JsonObject; description: JsonObject } {
  let found: JsonObject = {};
  const more: [string, Json][] = [];
  for (const [key, value] of Object.entries(schema)) {
    const part = kept(key, value);
    if (part !== undefined) found = { ...found, ...part };
    else if (!leftOut.has(key) && !key.startsWith("x-")) more.push([key, value]);
  }
  const parts = "description" in schema ? [String(schema.description)] : [];
  if (more.length) parts.push(jsonText(toValue(Object.fromEntries(more)), { indent: null, isPlain: false }));
  return { found, description: parts.length ? { description: parts.join("\n\n") } : {} };
}

// References that lead back to themselves

/** The pointers of the `$ref`s that close a circle of references through the schemas of `onTheWay`. */
function* closingReferences(root: Json, all: Below, onTheWay: Below): Generator<string> {
  const done = new Set<string>();
  for (const start of new Set(["", ...targets(root, all)])) yield* closing(root, onTheWay, start, [start], done);
}

function* targets(schema: Json, all: Below): Generator<string> {
  if (!isObject(schema)) return;
  const pointer = localPointer(own(schema, "$ref"));
  if (pointer !== undefined) yield pointer;
  for (const [, part] of all(schema)) yield* targets(part, all);
}

function* closing(
  root: Json,
  onTheWay: Below,
  pointer: string,
  above: readonly string[],
  done: Set<string>,
): Generator<string> {
  if (done.has(pointer)) return;
  for (const [at, leadsTo] of references(valueAt(root, pointer), pointer, onTheWay)) {
    if (above.includes(leadsTo)) yield `${at}/$ref`;
    else yield* closing(root, onTheWay, leadsTo, [...above, leadsTo], done);
  }
  done.add(pointer);
}

/** The references in a schema, with what they lead to; definitions are not part of it. */
function* references(schema: Json, pointer: string, onTheWay: Below): Generator<[string, string]> {
  if (!isObject(schema)) return;
  const leadsTo = localPointer(own(schema, "$ref"));
  if (leadsTo !== undefined) yield [pointer, leadsTo];
  for (const [step, part] of onTheWay(schema)) {
    if (!/^\/(\$defs|definitions)\//.test(step)) yield* references(part, pointer + step, onTheWay);
  }
}
