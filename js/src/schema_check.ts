/** Checks JSON data against a schema of draft 2020-12 that refers to no other document. */
import { type OutputUnit, type Schema, Validator } from "@cfworker/json-schema";
import { type Json, type JsonObject, isObject, localPointer, own, plain, valueAt } from "./data";

/** What is wrong with a value. */
export interface Misfit {
  /** JSON pointer to the wrong part, or to the object that lacks one. */
  readonly pointer: string;
  /** Without the name of the part, such as "is not one of …". */
  readonly message: string;
  /** Whether the schema allows nothing at the pointer, such as an unknown key. */
  readonly isUnknown: boolean;
}

export class SchemaCheck {
  private readonly validator: Validator;

  /** Throws an Error for a schema that refers to other documents, or has a pattern that JavaScript does not have. */
  constructor(schema: JsonObject) {
    refuseUnsupported(schema, schema);
    this.validator = new Validator(withoutFormats(plain(schema)) as Schema, "2020-12", false);
  }

  /** In the order of the schema; empty if the value matches it. Throws a RangeError for one nested too deep. */
  misfits(value: Json): Misfit[] {
    const { valid, errors } = this.validator.validate(plain(value));
    if (valid) return [];
    const isRoot = errors[0]?.keyword === "false" && errors[0].instanceLocation === "#";
    if (isRoot) return [{ pointer: "", message: "is not allowed", isUnknown: true }];
    const found = explained(errors).map(misfitOf);
    return found.length ? found : [{ pointer: "", message: "does not match the schema", isUnknown: false }];
  }
}

/** Keywords whose errors only say that there are others below. */
const CONTAINERS = new Set(
  "properties patternProperties additionalProperties unevaluatedProperties items prefixItems additionalItems unevaluatedItems $ref $recursiveRef allOf if dependentSchemas dependencies".split(
    " ",
  ),
);
/** Keywords whose errors stand for all of those below. */
const ALTERNATIVES = new Set(["anyOf", "oneOf", "not", "contains", "propertyNames"]);

function explained(errors: readonly OutputUnit[]): OutputUnit[] {
  const found: OutputUnit[] = [];
  let above: OutputUnit | undefined;
  for (const error of errors) {
    const isBelow =
      above !== undefined &&
      (error.keywordLocation.startsWith(`${above.keywordLocation}/`) ||
        (error.keyword === "false" && error.instanceLocation.startsWith(above.instanceLocation)));
    if (isBelow) continue;
    above = ALTERNATIVES.has(error.keyword) ? error : undefined;
    if (!CONTAINERS.has(error.keyword)) found.push(error);
  }
  return found;
}

function misfitOf({ keyword, instanceLocation, error }: OutputUnit): Misfit {
  return {
    pointer: decodeURI(instanceLocation.slice(1)),
    message: error.replace(/^Instance /, "").replace(/\.$/, ""),
    isUnknown: keyword === "false",
  };
}

const DATA = new Set(["const", "default", "enum", "examples"]);
const NAMED = new Set(["$defs", "definitions", "properties", "patternProperties", "dependentSchemas"]);

/** A schema whose formats are not checked: Python does not check them either. */
function withoutFormats(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(withoutFormats);
  if (!isObject(schema)) return schema;
  const kept = Object.entries(schema).filter(([key]) => key !== "format");
  return Object.fromEntries(
    kept.map(([key, part]) => {
      if (DATA.has(key)) return [key, part];
      if (!NAMED.has(key) || !isObject(part)) return [key, withoutFormats(part)];
      return [key, Object.fromEntries(Object.entries(part).map(([name, each]) => [name, withoutFormats(each)]))];
    }),
  );
}

function refuseUnsupported(schema: Json, root: JsonObject): void {
  if (Array.isArray(schema)) schema.forEach((part) => refuseUnsupported(part, root));
  if (!isObject(schema)) return;
  const reference = own(schema, "$ref");
  const pointer = localPointer(reference);
  if (
    typeof reference === "string" &&
    (pointer === undefined ? !reference.startsWith("#") : valueAt(root, pointer) === undefined)
  ) {
    throw new Error(`\`${reference}\` is not found, and not fetched`);
  }
  const patterns = [own(schema, "pattern"), ...Object.keys(own(schema, "patternProperties") ?? {})];
  for (const pattern of patterns) if (typeof pattern === "string") refusePattern(pattern);
  if (own(schema, "$dynamicRef") !== undefined) throw new Error("`$dynamicRef` is not supported");
  for (const [key, part] of Object.entries(schema)) if (!DATA.has(key)) refuseUnsupported(part, root);
}

function refusePattern(pattern: string): void {
  try {
    new RegExp(pattern, "u");
  } catch {
    throw new Error(`the pattern \`${pattern}\` is not one of JavaScript`);
  }
}
