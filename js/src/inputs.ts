/** The inputs that callers pass: applies defaults, then checks them against the schema. */
import { type OutputUnit, type Schema, Validator } from "@cfworker/json-schema";
import {
  type Json,
  type JsonObject,
  NotData,
  copied,
  followed,
  isObject,
  localPointer,
  own,
  plain,
  tokens,
  valueAt,
} from "./data";
import type { InputProblem } from "./errors";

const MAX_DEPTH = 100;
const MAX_DEFAULT_VALUES = 100_000;

export class Inputs {
  private readonly validator: Validator;
  private readonly aliases: [alias: string, name: string][];
  private readonly hasDefaults: boolean;

  /** Throws an Error for a schema that refers to other documents. */
  constructor(private readonly schema: JsonObject) {
    refuseReferences(schema, schema);
    this.validator = new Validator(withoutFormats(plain(schema)) as Schema, "2020-12", false);
    this.aliases = Object.entries(own(schema, "properties") ?? {}).flatMap(([name, property]) => {
      const found = own(property, "x-aliases");
      return Array.isArray(found) ? found.map((alias): [string, string] => [String(alias), name]) : [];
    });
    this.hasDefaults = JSON.stringify(schema).includes('"default"');
  }

  /** The inputs as templates receive them, and the problems with them. */
  accept(given: unknown): { readonly accepted: JsonObject; readonly problems: readonly InputProblem[] } {
    try {
      const inputs = copied(given);
      if (!isObject(inputs))
        return {
          accepted: {},
          problems: [{ pointer: "", message: "the inputs must be an object with a value by name" }],
        };
      const named = this.renamed(inputs);
      const accepted = this.hasDefaults
        ? (this.filled(named, this.schema, 0, { left: MAX_DEFAULT_VALUES }) as JsonObject)
        : named;
      return { accepted, problems: this.problems(accepted) };
    } catch (error) {
      if (error instanceof NotData)
        return { accepted: {}, problems: [{ pointer: error.pointer, message: about(error.pointer, error.message) }] };
      if (error instanceof RangeError)
        return { accepted: {}, problems: [{ pointer: "", message: "it takes too long to check the inputs" }] };
      throw error;
    }
  }

  private renamed(inputs: JsonObject): JsonObject {
    const found: Record<string, Json> = { ...inputs };
    for (const [alias, name] of this.aliases) {
      if (!Object.hasOwn(found, alias)) continue;
      if (!Object.hasOwn(found, name)) found[name] = found[alias];
      delete found[alias];
    }
    return found;
  }

  /** A value with the defaults of its missing properties. */
  private filled(value: Json, schema: Json, depth: number, added: { left: number }): Json {
    const part = followed(schema, this.schema);
    if (depth > MAX_DEPTH) throw new NotData("", "the defaults of the inputs expand without end");
    if (Array.isArray(value))
      return isObject(part.items) ? value.map((item) => this.filled(item, part.items, depth + 1, added)) : value;
    const properties = own(part, "properties");
    if (!isObject(value) || !isObject(properties)) return value;
    const members = new Map(Object.entries(value));
    for (const [name, property] of Object.entries(properties)) {
      const fallback = own(followed(property, this.schema), "default");
      if (!members.has(name) && fallback !== undefined) {
        added.left -= sizeOf(fallback);
        if (added.left < 0) throw new NotData("", `the defaults of the inputs add over ${MAX_DEFAULT_VALUES} values`);
        members.set(name, fallback);
      }
      if (members.has(name)) members.set(name, this.filled(members.get(name), property, depth + 1, added));
    }
    return Object.fromEntries(members);
  }

  private problems(inputs: JsonObject): InputProblem[] {
    const { valid, errors } = this.validator.validate(plain(inputs));
    if (valid) return [];
    if (own(errors[0], "keyword") === "false" && errors[0]?.instanceLocation === "#") {
      return [{ pointer: "", message: "the schema rejects all inputs" }];
    }
    const found = explained(errors).map((error) => problemOf(error));
    return found.length ? found : [{ pointer: "", message: "the inputs do not match their schema" }];
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

function problemOf({ keyword, instanceLocation, error }: OutputUnit): InputProblem {
  const pointer = decodeURI(instanceLocation.slice(1));
  const name = tokens(pointer).at(-1) ?? "";
  if (keyword === "false")
    return {
      pointer,
      message: `\`${name}\` is not ${tokens(pointer).length > 1 ? "a key of this object" : "an input"}`,
    };
  return { pointer, message: about(pointer, error.replace(/^Instance /, "").replace(/\.$/, "")) };
}

function about(pointer: string, sentence: string): string {
  return pointer ? `\`${tokens(pointer).join(".")}\` ${sentence}` : sentence;
}

function sizeOf(value: Json): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + sizeOf(item), 1);
  return isObject(value) ? sizeOf(Object.values(value)) : 1;
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

function refuseReferences(schema: Json, root: JsonObject): void {
  if (Array.isArray(schema)) schema.forEach((part) => refuseReferences(part, root));
  if (!isObject(schema)) return;
  const reference = own(schema, "$ref");
  const pointer = localPointer(reference);
  if (
    typeof reference === "string" &&
    (pointer === undefined ? !reference.startsWith("#") : valueAt(root, pointer) === undefined)
  ) {
    throw new Error(`\`${reference}\` is not found, and not fetched`);
  }
  if (own(schema, "$dynamicRef") !== undefined) throw new Error("`$dynamicRef` is not supported");
  for (const [key, part] of Object.entries(schema)) if (!DATA.has(key)) refuseReferences(part, root);
}
