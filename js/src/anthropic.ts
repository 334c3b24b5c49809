/** A request as arguments for the `@anthropic-ai/sdk` client's Messages API. */
import { type Json, type JsonObject, isObject, own } from "./data";
import { bytesOf, mediaSource } from "./media";
import { INSTRUCTIONS, callsOf, partsOf } from "./neutral_messages";
import { claudeSchema } from "./provider_schemas";
import type { Request } from "./request";

const CHOICES: Record<string, string> = { auto: "auto", none: "none", required: "any" };
const MARK = { type: "ephemeral" };

export function messageArguments(request: Request): JsonObject {
  const { system, turns } = turnsOf(request);
  const { params } = request;
  return merged(
    {
      model: own(request.model, "id"),
      max_tokens: params.max_output_tokens,
      system: system.length ? system : null,
      messages: turns,
      stop_sequences: stopSequences(params.stop),
      tools: request.tools.length ? request.tools.map(tool) : null,
      tool_choice: toolChoice(request),
      thinking: params.reasoning_effort === "none" ? { type: "disabled" } : null,
      output_config: outputConfig(request),
    },
    own(request.provider_options, "anthropic"),
  );
}

export function stopSequences(stop: Json): Json {
  return typeof stop === "string" ? [stop] : stop;
}

/** The blocks of the instructions at the top, and the turns; equal roles are joined. */
function turnsOf(request: Request): { system: JsonObject[]; turns: JsonObject[] } {
  const system: JsonObject[] = [];
  const turns: { role: string; content: JsonObject[] }[] = [];
  for (const message of request.messages) {
    const [blocks, role] = [blocksOf(message), roleOf(String(message.role))];
    const last = turns.at(-1);
    if (!blocks.length) continue;
    if (role === "system" && last === undefined) system.push(...blocks);
    else if (last?.role === role) last.content.push(...blocks);
    else turns.push({ role, content: blocks });
  }
  return { system, turns };
}

function roleOf(role: string): string {
  return INSTRUCTIONS.has(role) ? "system" : role === "tool" ? "user" : role;
}

/** The content of a message; its last block has the mark of the cache. */
function blocksOf(message: JsonObject): JsonObject[] {
  let blocks = partsOf(message).map(block);
  if (message.role === "tool") {
    const result = { type: "tool_result", tool_use_id: message.tool_call_id };
    blocks = [blocks.length ? { ...result, content: blocks } : result];
  }
  for (const call of callsOf(message))
    blocks.push({ type: "tool_use", id: call.id, name: call.name, input: call.arguments });
  const last = blocks.at(-1);
  return message.cache && last !== undefined ? [...blocks.slice(0, -1), { ...last, cache_control: MARK }] : blocks;
}

/** A block; one of a caller's history that has the provider's form stays as it is. */
function block(part: JsonObject): JsonObject {
  const { type } = part;
  const source = type === "image" || type === "document" ? mediaSource(part) : undefined;
  if (source === undefined) return part;
  const title = "title" in part ? { title: part.title } : {};
  if (source.url !== undefined) return { type, source: { type: "url", url: source.url }, ...title };
  const data = source.data ?? "";
  const isText = source.mediaType === "text/plain";
  const content = isText ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytesOf(data)) : data;
  return {
    type,
    source: { type: isText ? "text" : "base64", media_type: source.mediaType ?? null, data: content },
    ...title,
  };
}

function tool(value: JsonObject): JsonObject {
  const parameters = isObject(value.parameters) ? value.parameters : {};
  const schema = value.strict ? (claudeSchema(parameters) as JsonObject) : parameters;
  return {
    name: value.name,
    input_schema: { type: "object", ...schema },
    ...(value.description ? { description: value.description } : {}),
    ...(value.strict ? { strict: true } : {}),
  };
}

function toolChoice(request: Request): JsonObject | null {
  const { tool_choice: choice } = request;
  const isSerial = request.params.parallel_tool_calls === false;
  if (!request.tools.length || (choice === null && !isSerial)) return null;
  const found = isObject(choice) ? { type: "tool", name: choice.name } : { type: CHOICES[String(choice ?? "auto")] };
  return isSerial && choice !== "none" ? { ...found, disable_parallel_tool_use: true } : found;
}

function outputConfig(request: Request): JsonObject | null {
  const effort = request.params.reasoning_effort;
  const hasEffort = effort !== undefined && effort !== null && effort !== "none";
  const { response_format: form } = request;
  if (!hasEffort && form === null) return null;
  const format = form === null ? {} : { format: { type: "json_schema", schema: claudeSchema(described(form)) } };
  return { ...(hasEffort ? { effort } : {}), ...format };
}

/** The schema of an answer, with the output's description where it has none of its own. */
export function described(form: JsonObject): JsonObject {
  const schema = form.schema as JsonObject;
  return "description" in form && !("description" in schema) ? { ...schema, description: form.description } : schema;
}

/** Arguments with options, which win; an object of both has the keys of both. */
export function merged(values: JsonObject, options: Json): JsonObject {
  const found: Record<string, Json> = { ...values };
  for (const [name, value] of Object.entries(isObject(options) ? options : {})) {
    const before = own(found, name);
    found[name] = isObject(before) && isObject(value) ? merged(before, value) : value;
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== null && value !== undefined));
}
