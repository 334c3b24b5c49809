/** A request as arguments for the `@google/genai` client's `generateContent`. */
import { described, merged, stopSequences } from "./anthropic";
import { APIS } from "./api_limits";
import { type Json, type JsonObject, isObject, own } from "./data";
import { bytesOf, mediaSource } from "./media";
import { INSTRUCTIONS, callsOf, geminiCalls, partsOf, textOf, thoughtSignature } from "./neutral_messages";
import { geminiSchema } from "./provider_schemas";
import type { Request } from "./request";

const AS_NAMED = ["temperature", "top_p", "max_output_tokens", "seed", "frequency_penalty", "presence_penalty"];
const MODES: Record<string, string> = { auto: "AUTO", none: "NONE", required: "ANY" };
const RESOLUTIONS: Record<string, string> = {
  low: "MEDIA_RESOLUTION_LOW",
  high: "MEDIA_RESOLUTION_HIGH",
  original: "MEDIA_RESOLUTION_ULTRA_HIGH",
};
/** Tokens, for models before Gemini 3: those of Google's own OpenAI-compatible API. */
const BUDGETS: Record<string, number> = { minimal: 1_024, low: 1_024, medium: 8_192, high: 24_576, xhigh: 24_576 };

/** The arguments in the names of the API; the data of media parts are bytes. */
export function contentArguments(request: Request): JsonObject {
  const { system, turns } = turnsOf(request);
  const { params } = request;
  let config: JsonObject = {
    system_instruction: system.length ? { parts: system } : null,
    ...Object.fromEntries(AS_NAMED.map((name) => [name, own(params, name)])),
    stop_sequences: stopSequences(params.stop),
    thinking_config: thinking(request),
    ...response(request.response_format),
    tools: request.tools.length ? [{ function_declarations: request.tools.map(declaration) }] : null,
    tool_config: toolConfig(request),
  };
  for (const name of APIS.gemini.options) config = merged(config, own(request.provider_options, name));
  const found = { model: own(request.model, "id"), contents: turns, config };
  return Object.fromEntries(
    Object.entries(found).filter(([, value]) =>
      isObject(value) ? Object.keys(value).length : Array.isArray(value) ? value.length : value,
    ),
  );
}

/** Keys whose values are the caller's, and keep their names. */
const AS_WRITTEN = new Set(["args", "response", "parameters_json_schema", "response_json_schema", "labels"]);

/** Arguments in the names of the JavaScript client, and with base64 in place of bytes. */
export function forJavaScript(value: Json): Json {
  if (value instanceof Uint8Array) return btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join(""));
  if (Array.isArray(value)) return value.map(forJavaScript);
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(([key, item]) => {
    const name = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return [name, AS_WRITTEN.has(key) ? item : forJavaScript(item)];
  });
  return Object.fromEntries(members) as JsonObject;
}

/** The parts of the instructions, and the turns; equal roles are joined. */
function turnsOf(request: Request): { system: JsonObject[]; turns: JsonObject[] } {
  const system: JsonObject[] = [];
  const turns: { role: string; parts: JsonObject[] }[] = [];
  const names = new Map<Json, Json>();
  for (const message of request.messages) {
    for (const call of callsOf(message)) names.set(call.id, call.name);
    for (const [id, name] of geminiCalls(message)) names.set(id, name);
    const parts = partsFor(message, names);
    if (!parts.length) continue;
    if (INSTRUCTIONS.has(String(message.role))) {
      system.push(...parts);
      continue;
    }
    const role = message.role === "assistant" || message.role === "model" ? "model" : "user";
    const last = turns.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else turns.push({ role, parts });
  }
  return { system, turns };
}

function partsFor(message: JsonObject, names: ReadonlyMap<Json, Json>): JsonObject[] {
  if ("parts" in message) return [...(message.parts as readonly JsonObject[])]; // of a caller's history: in the provider's form already
  if (message.role === "tool") {
    const id = message.tool_call_id;
    const answer = { id, name: names.get(id) ?? null, response: resultOf(textOf(message)) };
    return [
      { function_response: answer },
      ...partsOf(message)
        .filter(({ type }) => type !== "text")
        .map(partFor),
    ];
  }
  const written = Array.isArray(message.tool_calls) ? (message.tool_calls as readonly Json[]) : [];
  const calls = callsOf(message).map((call, index) => {
    const signature = thoughtSignature(written[index]);
    const known = { id: call.id, name: call.name, args: call.arguments };
    return { function_call: known, ...(signature === undefined ? {} : { thought_signature: signature }) };
  });
  return [...partsOf(message).map(partFor), ...calls];
}

/** The result of a tool as an object: the API accepts nothing else. */
function resultOf(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : { output: value };
  } catch {
    return { output: text };
  }
}

function partFor(part: JsonObject): JsonObject {
  const source = mediaSource(part);
  if (part.type === "text" || source === undefined) return { text: part.text ?? "" };
  const mime_type = source.mediaType ?? null;
  const found =
    source.url !== undefined
      ? { file_data: { file_uri: source.url, mime_type } }
      : { inline_data: { data: bytesOf(source.data ?? ""), mime_type } };
  const level = RESOLUTIONS[String(part.detail)];
  return level === undefined ? found : { ...found, media_resolution: { level } };
}

function thinking(request: Request): JsonObject | null {
  const effort = request.params.reasoning_effort ?? null;
  if (effort === null) return null;
  if (effort === "none") return { thinking_budget: 0 };
  if (String(request.model.id).includes("gemini-2")) return { thinking_budget: BUDGETS[String(effort)] };
  return { thinking_level: String(effort).toUpperCase() };
}

function response(form: JsonObject | null): JsonObject {
  if (form === null) return {};
  const schema = "schema" in form ? { response_json_schema: geminiSchema(described(form)) } : {};
  return { response_mime_type: "application/json", ...schema };
}

function declaration(tool: JsonObject): JsonObject {
  const parameters = isObject(tool.parameters) && Object.keys(tool.parameters).length ? tool.parameters : null;
  const found = {
    name: tool.name,
    description: tool.description || null,
    parameters_json_schema: tool.strict ? geminiSchema(parameters) : parameters,
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== null));
}

/** `VALIDATED` where a tool is strict: then calls match their schemas, as they do with `ANY`. */
function toolConfig(request: Request): JsonObject | null {
  const { tool_choice: choice } = request;
  const isStrict = request.tools.some((tool) => tool.strict);
  if (!request.tools.length || (choice === null && !isStrict)) return null;
  const mode = isObject(choice) ? "ANY" : (MODES[String(choice ?? "auto")] ?? "AUTO");
  const names = isObject(choice) ? { allowed_function_names: [choice.name] } : {};
  return { function_calling_config: { mode: isStrict && mode === "AUTO" ? "VALIDATED" : mode, ...names } };
}
