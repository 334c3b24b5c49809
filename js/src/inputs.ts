/** The inputs that callers pass: applies defaults, then checks them against the schema. */
import { type Json, type JsonObject, NotData, copied, followed, isObject, own, tokens } from "./data";
import type { InputProblem } from "./errors";
import { type Misfit, SchemaCheck } from "./schema_check";

const MAX_DEPTH = 100;
const MAX_DEFAULT_VALUES = 100_000;

export class Inputs {
  private readonly check: SchemaCheck;
  private readonly aliases: [alias: string, name: string][];
  private readonly hasDefaults: boolean;

  /** Throws an Error for a schema that refers to other documents. */
  constructor(private readonly schema: JsonObject) {
    this.check = new SchemaCheck(schema);
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
      return { accepted, problems: this.check.misfits(accepted).map(problemOf) };
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
}

function problemOf({ pointer, message, isUnknown }: Misfit): InputProblem {
  if (!isUnknown) return { pointer, message: pointer ? about(pointer, message) : message };
  if (!pointer) return { pointer, message: "the schema rejects all inputs" };
  const name = tokens(pointer).at(-1) ?? "";
  const isNested = tokens(pointer).length > 1;
  return { pointer, message: `\`${name}\` is not ${isNested ? "a key of this object" : "an input"}` };
}

function about(pointer: string, sentence: string): string {
  return pointer ? `\`${tokens(pointer).join(".")}\` ${sentence}` : sentence;
}

function sizeOf(value: Json): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + sizeOf(item), 1);
  return isObject(value) ? sizeOf(Object.values(value)) : 1;
}
