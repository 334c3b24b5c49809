/** A request as arguments for the `openai` client: chat completions and the Responses API. */
import { type Json, type JsonObject, isObject, own } from "./data";
import { jsonText } from "./formatting";
import type { Request } from "./request";
import { toValue } from "./values";

const AUDIO = new Map([
  ["audio/mpeg", "mp3"],
  ["audio/x-wav", "wav"],
  ["audio/wave", "wav"],
  ["audio/vnd.wave", "wav"],
]);

export function chatArguments(request: Request): JsonObject {
  const { max_output_tokens, ...params } = request.params;
  const found: Record<string, Json> = {
    model: own(request.model, "id"),
    messages: request.messages.map(message),
    ...params,
    max_completion_tokens: max_output_tokens,
    tools: request.tools.length ? request.tools.map(tool) : null,
    tool_choice: toolChoice(request.tool_choice),
    response_format: responseFormat(request.response_format),
    ...(own(request.provider_options, "openai") as JsonObject | undefined),
  };
  return given(found);
}

function given(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null && item !== undefined));
}

function message({ cache: _, ...turn }: JsonObject): JsonObject {
  const found: Record<string, Json> = { ...turn };
  if (Array.isArray(turn.content)) found.content = turn.content.map((each) => part(each as JsonObject));
  if (turn.tool_calls !== undefined) found.tool_calls = (turn.tool_calls as readonly JsonObject[]).map(call);
  return found;
}

function part(value: JsonObject): JsonObject {
  const address = String(value.url || `data:application/octet-stream;base64,${String(value.data)}`);
  if (value.type === "image") {
    return { type: "image_url", image_url: { url: address, ...("detail" in value ? { detail: value.detail } : {}) } };
  }
  if (value.type === "audio") {
    const [kind = "", ...data] = address.replace(/^data:/, "").split(";base64,");
    const format = AUDIO.get(kind) ?? kind.split("/").slice(1).join("/");
    return { type: "input_audio", input_audio: { data: data.join(";base64,"), format } };
  }
  if (value.type === "document")
    return { type: "file", file: { filename: value.title ?? "document", file_data: address } };
  return value;
}

function call(value: JsonObject): JsonObject {
  if ("function" in value) return value; // of a caller's history: in the provider's form already
  const written = jsonText(toValue(value.arguments ?? {}), { indent: null, isPlain: false });
  return { id: value.id, type: "function", function: { name: value.name, arguments: written } };
}

function tool(value: JsonObject): JsonObject {
  return {
    type: "function",
    function: Object.fromEntries(Object.entries(value).filter(([, item]) => item !== "" && item !== false)),
  };
}

function toolChoice(choice: Json): Json {
  return isObject(choice) ? { type: "function", function: { name: choice.name } } : choice;
}

function responseFormat(form: JsonObject | null): JsonObject | null {
  if (form === null) return null;
  if (!("schema" in form)) return { type: "json_object" };
  const schema = { name: form.name ?? "answer", schema: form.schema, strict: form.strict ?? false };
  return {
    type: "json_schema",
    json_schema: "description" in form ? { ...schema, description: form.description } : schema,
  };
}

/** The provider stores nothing unless the prompt sets `store`. */
export function responseArguments(request: Request): JsonObject {
  const { messages, max_completion_tokens, reasoning_effort, response_format, ...chat } = chatArguments(request);
  const body: Record<string, Json> = { store: false, ...chat };
  body.input = (messages as readonly JsonObject[]).flatMap(items);
  if (max_completion_tokens !== undefined) body.max_output_tokens = max_completion_tokens;
  if (reasoning_effort !== undefined) body.reasoning = { effort: reasoning_effort };
  // Without `strict`, this API would try to be strict.
  if (Array.isArray(body.tools))
    body.tools = body.tools.map((each) => ({ parameters: null, strict: false, ...flat(each as JsonObject) }));
  if (isObject(body.tool_choice)) body.tool_choice = flat(body.tool_choice);
  if (isObject(response_format)) {
    const form = { type: response_format.type, ...(response_format.json_schema as JsonObject | undefined) };
    body.text = { ...(body.text as JsonObject | undefined), format: form };
  }
  return body;
}

/** A chat message as input items: tool calls and their results are items of their own. */
function items(turn: JsonObject): JsonObject[] {
  const { role, content, tool_calls } = turn;
  if (role === "tool")
    return [{ type: "function_call_output", call_id: turn.tool_call_id ?? null, output: content ?? null }];
  const calls = Array.isArray(tool_calls) ? (tool_calls as readonly JsonObject[]) : [];
  const isEmpty = !content || (Array.isArray(content) && !content.length);
  const said = isEmpty && calls.length ? [] : [{ role, content: inputContent(role, content ?? null) }];
  return [
    ...said,
    ...calls.map((each) => ({ type: "function_call", call_id: each.id, ...(each.function as JsonObject) })),
  ];
}

function inputContent(role: Json, content: Json): Json {
  if (!Array.isArray(content)) return content;
  return content.map((each) => inputPart(role === "assistant" ? "output_text" : "input_text", each as JsonObject));
}

function inputPart(textType: string, value: JsonObject): JsonObject {
  if (value.type === "text") return { type: textType, text: value.text };
  if (value.type === "image_url") {
    const image = value.image_url as JsonObject;
    return { type: "input_image", image_url: image.url, detail: image.detail ?? "auto" };
  }
  return value.type === "file" ? { type: "input_file", ...(value.file as JsonObject) } : value;
}

function flat(value: JsonObject): JsonObject {
  return { type: value.type, ...(value.function as JsonObject | undefined) };
}
