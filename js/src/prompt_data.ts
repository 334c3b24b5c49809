/** The line of a prompt in a bundle, which may come from anybody: the type of each field is checked. */
import { type Json, type JsonObject, isObject, own, readStrict } from "./data";
import { NotJson } from "./json";
import type { Start, Text } from "./scope";

export interface PromptData {
  readonly id: string;
  readonly path: string;
  readonly version: string | null;
  readonly digest: string;
  readonly status: string;
  readonly description: string;
  readonly inputs: JsonObject;
  readonly output: OutputData;
  readonly model: ModelData;
  readonly tools: readonly ToolData[];
  readonly tool_choice: Json;
  readonly messages: readonly Turn[];
  readonly metadata: JsonObject;
  readonly includes: JsonObject;
}

export interface OutputData {
  readonly format: string;
  readonly schema: JsonObject | undefined;
  readonly name: string | undefined;
  readonly strict: boolean;
  readonly description: string | undefined;
}

export interface ModelData {
  readonly profile: string | undefined;
  readonly provider: string | undefined;
  readonly id: string | undefined;
  readonly params: JsonObject;
  readonly provider_options: JsonObject;
  readonly any_api: boolean;
}

export interface ToolData {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonObject;
  readonly strict: boolean;
}

export type Turn =
  | Message
  | { readonly source: string; readonly as: string; readonly messages: readonly Message[] }
  | { readonly source: string; readonly last: number | undefined };

export interface Message {
  readonly role: string;
  readonly parts: readonly Part[];
  readonly plain: boolean;
  readonly name: string | undefined;
  readonly cache: boolean;
  readonly when: Text | undefined;
  readonly tool_calls: readonly JsonObject[];
  readonly tool_call_id: string | undefined;
}

export type Part = TextPart | MediaPart;
export interface TextPart {
  readonly text: Text;
  readonly when: Text | undefined;
}
export interface MediaPart {
  readonly kind: string;
  readonly origin: string;
  readonly value: string;
  readonly detail: string | undefined;
  readonly title: string | undefined;
  readonly when: Text | undefined;
}

/** The prompt of a line; throws NotJson for anything else. */
export function promptOf(line: Json): PromptData {
  const fields = new Fields(line);
  return {
    id: fields.text("id"),
    path: fields.text("path"),
    version: fields.optionalText("version") ?? null,
    digest: fields.text("digest"),
    status: fields.oneOf("status", ["draft", "active", "deprecated"]),
    description: fields.optionalText("description") ?? "",
    inputs: fields.jsonObject("inputs") ?? {},
    output: outputOf(fields.inner("output")),
    model: modelOf(fields.inner("model")),
    tools: fields.list("tools").map(toolOf),
    tool_choice: fields.json("tool_choice") ?? null,
    messages: fields.list("messages").map(turnOf),
    metadata: fields.jsonObject("metadata") ?? {},
    includes: fields.inner("includes").value,
  };
}

function outputOf(fields: Fields): OutputData {
  return {
    format: fields.oneOf("format", ["text", "json", "markdown"]),
    schema: fields.jsonObject("schema"),
    name: fields.optionalText("name"),
    strict: fields.flag("strict"),
    description: fields.optionalText("description"),
  };
}

function modelOf(fields: Fields): ModelData {
  return {
    profile: fields.optionalText("profile"),
    provider: fields.optionalText("provider"),
    id: fields.optionalText("id"),
    params: fields.jsonObject("params") ?? {},
    provider_options: fields.jsonObject("provider_options") ?? {},
    any_api: fields.flag("any_api"),
  };
}

function toolOf(value: Json): ToolData {
  const fields = new Fields(value);
  return {
    name: fields.text("name"),
    description: fields.optionalText("description") ?? "",
    parameters: fields.jsonObject("parameters") ?? {},
    strict: fields.flag("strict"),
  };
}

function turnOf(value: Json): Turn {
  const fields = new Fields(value);
  if (fields.has("for_each"))
    return { source: fields.text("for_each"), as: fields.text("as"), messages: fields.list("messages").map(messageOf) };
  if (fields.has("history")) return { source: fields.text("history"), last: fields.optionalCount("last") };
  return messageOf(value);
}

function messageOf(value: Json): Message {
  const fields = new Fields(value);
  const calls = fields.json("tool_calls") ?? [];
  if (!Array.isArray(calls) || !calls.every(isObject)) throw new NotJson("no tool calls");
  return {
    role: fields.text("role"),
    parts: fields.list("parts").map(partOf),
    plain: fields.flag("plain"),
    name: fields.optionalText("name"),
    cache: fields.flag("cache"),
    when: whenOf(fields),
    tool_calls: calls,
    tool_call_id: fields.optionalText("tool_call_id"),
  };
}

function partOf(value: Json): Part {
  const fields = new Fields(value);
  const when = whenOf(fields);
  if (!fields.has("kind")) return { text: textOf(fields), when };
  return {
    kind: fields.oneOf("kind", ["image", "audio", "document"]),
    origin: fields.oneOf("origin", ["input", "url", "file"]),
    value: fields.text("value"),
    detail: fields.optionalText("detail"),
    title: fields.optionalText("title"),
    when,
  };
}

function whenOf(fields: Fields): Text | undefined {
  return fields.has("when") ? textOf(fields.inner("when")) : undefined;
}

function textOf(fields: Fields): Text {
  return {
    path: fields.text("path"),
    text: fields.text("text"),
    program: fields.optionalText("program"),
    starts: startsOf(fields.list("starts")),
  };
}

function startsOf(written: readonly Json[]): Text["starts"] {
  if (typeof written[0] === "number") return startOf(written);
  return written.length ? written.map(startOf) : wrong("a text without a start");
}

function startOf(written: Json): Start {
  const [line, column, ...rest]: unknown[] = Array.isArray(written) ? written : [];
  const isPlace = Number.isSafeInteger(line) && Number.isSafeInteger(column) && !rest.length;
  return isPlace ? [line as number, column as number] : wrong("no line and column");
}

/** An object with typed access to its values; each method throws NotJson for one of another type. */
class Fields {
  readonly value: JsonObject;

  constructor(value: Json) {
    this.value = isObject(value) ? value : wrong("no object");
  }
  has(name: string): boolean {
    return own(this.value, name) !== undefined;
  }
  text(name: string): string {
    const found = own(this.value, name);
    return typeof found === "string" ? found : wrong(`\`${name}\` is not a string`);
  }
  optionalText(name: string): string | undefined {
    return (own(this.value, name) ?? null) === null ? undefined : this.text(name);
  }
  oneOf(name: string, known: readonly string[]): string {
    const found = this.text(name);
    return known.includes(found) ? found : wrong(`\`${name}\` is not one of ${known.join(", ")}`);
  }
  flag(name: string): boolean {
    const found = own(this.value, name) ?? false;
    return typeof found === "boolean" ? found : wrong(`\`${name}\` is not a boolean`);
  }
  optionalCount(name: string): number | undefined {
    const found = own(this.value, name);
    return found === undefined || (typeof found === "number" && Number.isSafeInteger(found))
      ? found
      : wrong(`\`${name}\` is not a whole number`);
  }
  list(name: string): readonly Json[] {
    const found = own(this.value, name) ?? [];
    return Array.isArray(found) ? found : wrong(`\`${name}\` is not a list`);
  }
  inner(name: string): Fields {
    return new Fields(own(this.value, name) ?? {});
  }
  /** A value that is written as a string of JSON, which keeps the order of its keys. */
  json(name: string): Json | undefined {
    return this.has(name) ? readStrict(this.text(name)) : undefined;
  }
  jsonObject(name: string): JsonObject | undefined {
    const found = this.json(name);
    return found === undefined || isObject(found) ? found : wrong(`\`${name}\` is not an object`);
  }
}

function wrong(problem: string): never {
  throw new NotJson(problem);
}
