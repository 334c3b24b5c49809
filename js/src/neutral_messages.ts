/** Messages of a caller's history that have a provider's form, in the neutral form. */
import { type Json, type JsonObject, isObject, own } from "./data";

/** Roles whose messages are instructions. */
export const INSTRUCTIONS: ReadonlySet<string> = new Set(["system", "developer"]);

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: JsonObject;
}

/** The content of a message as parts; empty texts are left out. */
export function partsOf(message: JsonObject): JsonObject[] {
  return numberedParts(message).map(([, part]) => part);
}

/** The parts, each with its index in the content of the message. */
export function numberedParts(message: JsonObject): [number, JsonObject][] {
  const content = typeof message.content === "string" ? [{ type: "text", text: message.content }] : message.content;
  const found: [number, JsonObject][] = [];
  for (const [index, part] of (Array.isArray(content) ? (content as readonly Json[]) : []).entries()) {
    if (isObject(part) && !(part.type === "text" && !part.text)) found.push([index, neutral(part)]);
  }
  return found;
}

function neutral(part: JsonObject): JsonObject {
  const image = part.image_url;
  if (part.type !== "image_url" || !isObject(image)) return part;
  return { type: "image", url: image.url ?? null, ...(image.detail ? { detail: image.detail } : {}) };
}

/** The tool calls of a message; throws an Error for one that is not complete. */
export function callsOf(message: JsonObject): ToolCall[] {
  const calls = message.tool_calls || [];
  if (!Array.isArray(calls)) throw new Error("`tool_calls` is not a list");
  return calls.map(callOf);
}

function callOf(call: Json): ToolCall {
  const called = isObject(call) ? (own(call, "function") ?? call) : undefined;
  if (!isObject(call) || !isObject(called)) throw new Error("it is not an object");
  const { id } = call;
  const { name } = called;
  if (typeof id !== "string" || typeof name !== "string") throw new Error("its `id` or name is missing");
  const written = called.arguments || {};
  const found = typeof written === "string" ? parsed(written) : written;
  if (!isObject(found)) throw new Error("its arguments are not a JSON object");
  return { id, name, arguments: found };
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new Error(`its arguments are not JSON: ${String(error)}`);
  }
}

/** The signature of Gemini's thoughts before a call, without which Gemini 3 refuses the call. */
export function thoughtSignature(call: Json): string | undefined {
  const found = own(own(own(call, "extra_content"), "google"), "thought_signature");
  return typeof found === "string" ? found : undefined;
}

/** The names of the tool calls in a message with Gemini's `parts`, by id. */
export function geminiCalls(message: JsonObject): [Json, Json][] {
  const parts = Array.isArray(message.parts) ? (message.parts as readonly Json[]) : [];
  const calls = parts.map((part) => own(part, "function_call") ?? own(part, "functionCall")).filter(isObject);
  return calls.map((call) => [call.id ?? null, call.name ?? null]);
}

/** The joined text of a message. */
export function textOf(message: JsonObject): string {
  return partsOf(message)
    .map(({ text }) => (text ? String(text) : ""))
    .join("");
}
