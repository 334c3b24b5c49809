/** What a request format can't express, with the place in the request; refuses such requests. */
import { APIS, type Api, COMPATIBLE_RESPONSES, type MediaLimits, type Method, apisOf } from "./api_limits";
import { type Json, type JsonObject, isObject, own } from "./data";
import { UnsupportedRequest } from "./errors";
import { type MediaSource, isBase64, mediaSource } from "./media";
import { INSTRUCTIONS, callsOf, geminiCalls, numberedParts, partsOf } from "./neutral_messages";
import type { Request } from "./request";

interface Unsupported {
  /** JSON pointer into the request. */
  readonly at: string;
  readonly message: string;
}

type Found = Generator<Unsupported>;

const MEDIA = ["image", "audio", "document"];

/** Throws an UnsupportedRequest for a request that the format of `method` can't express. */
export function refuseUnsupported(request: Request, method: Method, prompt: string): void {
  const provider = String(request.model.provider ?? "");
  const apis = request.any_api ? [] : apisOf(provider);
  let api = APIS[method];
  if (apis.length && !apis.includes(api)) {
    const calls = apis.map((each) => `\`request.${each.method}()\``).join(" or ");
    throw new UnsupportedRequest(
      `${prompt}: \`${method}()\` does not create requests for the provider \`${provider}\`; call ${calls}`,
    );
  }
  if (!apis.length && method === "openai") return; // a compatible server may accept more than OpenAI does
  if (!apis.length && method === "responses") api = COMPATIBLE_RESPONSES;
  for (const { at, message } of unsupported(request, api))
    throw new UnsupportedRequest(`${prompt}: ${message}, at ${at}`);
}

function* unsupported(request: Request, api: Api): Found {
  yield* inParams(request.params, api);
  for (const [name, ownName] of Object.entries(api.required)) {
    const isGiven = api.options.some((key) => own(own(request.provider_options, key), ownName) !== undefined);
    if ((request.params[name] ?? null) === null && !isGiven)
      yield { at: "/params", message: `\`${name}\` is missing: ${api.name} requires it` };
  }
  if (request.response_format !== null) yield* inResponseFormat(request.response_format, api);
  yield* inTools(request.tools, api);
  for (const [index, message] of request.messages.entries()) yield* inMessage(message, api, `/messages/${index}`);
  yield* inConversation(request.messages, api);
}

function* inParams(params: JsonObject, api: Api): Found {
  for (const [name, value] of Object.entries(params)) {
    if (value === null || api.params.includes(name) || name.startsWith("x-")) continue;
    const because = name in api.refusals ? `: ${api.refusals[name]}` : "";
    yield { at: `/params/${name}`, message: `${api.name} can't express \`${name}\`${because}` };
  }
  const effort = params.reasoning_effort ?? null;
  if (effort !== null && !api.efforts.includes(String(effort))) {
    yield {
      at: "/params/reasoning_effort",
      message: `${api.name} can't express \`reasoning_effort: ${String(effort)}\``,
    };
  }
  if (params.parallel_tool_calls === false && !api.hasSerialCalls) {
    yield { at: "/params/parallel_tool_calls", message: `${api.name} can't express \`parallel_tool_calls: false\`` };
  }
}

function* inResponseFormat(form: JsonObject, api: Api): Found {
  if (!api.hasJsonMode && !isObject(form.schema)) {
    yield { at: "/response_format", message: `${api.name} can't express \`format: json\` without a schema` };
  }
  yield* inSchema(form.schema, "/response_format/schema", api);
}

function* inSchema(schema: Json, at: string, api: Api): Found {
  for (const found of api.refusedInSchema?.(schema) ?? [])
    yield { at: at + found.at, message: `${api.name} can't express ${found.what}` };
}

function* inTools(tools: readonly JsonObject[], api: Api): Found {
  for (const [index, tool] of tools.entries()) {
    const at = `/tools/${index}/parameters`;
    const kind = own(tool.parameters, "type") ?? "object";
    if (kind !== "object")
      yield { at, message: `${api.name} can't express parameters of a tool that are not an object` };
    else if (tool.strict) yield* inSchema(tool.parameters, at, api);
    const name = String(tool.name ?? "");
    if (api.letterFirst && !/^[\p{L}_]/u.test(name)) {
      yield {
        at: `/tools/${index}/name`,
        message: `${api.name} can't express the tool name \`${name}\`: it must begin with a letter`,
      };
    }
  }
}

function* inMessage(message: JsonObject, api: Api, at: string): Found {
  const role = String(message.role);
  if ((message.name ?? null) !== null && !api.hasNames && role !== "tool") {
    yield { at: `${at}/name`, message: `${api.name} can't express the \`name\` of a message` };
  }
  if ("parts" in message && api.method !== "gemini") {
    yield { at: `${at}/parts`, message: `${api.name} can't express a message with \`parts\`: it is in Gemini's form` };
  }
  if ("parts" in message && !(Array.isArray(message.parts) && message.parts.length && message.parts.every(isObject))) {
    yield { at: `${at}/parts`, message: "the `parts` of a message are not a list of objects" };
  }
  if (api.convertsCalls) yield* inCalls(message, api, at);
  for (const [index, part] of numberedParts(message)) {
    const kind = String(part.type);
    if (MEDIA.includes(kind) && !("source" in part)) yield* inMedia(part, role, api, `${at}/content/${index}`);
    else if (kind !== "text" && !(api.ownParts === undefined || api.ownParts.includes(kind))) {
      yield { at: `${at}/content/${index}`, message: `${api.name} can't express \`${kind}\` parts` };
    }
  }
}

function* inCalls(message: JsonObject, api: Api, at: string): Found {
  try {
    callsOf(message);
  } catch (error) {
    yield {
      at: `${at}/tool_calls`,
      message: `a tool call is not valid: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
  if (message.role === "tool" && (message.tool_call_id ?? null) === null) {
    yield { at: `${at}/tool_call_id`, message: `${api.name} requires the \`tool_call_id\` of a tool message` };
  }
}

function* inMedia(part: JsonObject, role: string, api: Api, at: string): Found {
  const kind = String(part.type);
  const limits = api.media[kind];
  if (limits === undefined) return yield { at, message: `${api.name} can't express ${kind} parts` };
  if (api.rolesWithoutMedia.includes(role) || api.refusedParts.includes(`${role} ${kind}`)) {
    yield { at, message: `${api.name} can't express ${kind} parts in a message of the role \`${role}\`` };
  }
  const detail = part.detail ?? null;
  if (detail !== null && !api.details.includes(String(detail)))
    yield { at: `${at}/detail`, message: `${api.name} can't express \`detail: ${String(detail)}\`` };
  if ((part.title ?? null) !== null && !api.hasTitles)
    yield { at: `${at}/title`, message: `${api.name} can't express the \`title\` of a document` };
  const source = mediaSource(part);
  const problem = source && sourceProblem(kind, source, limits, api);
  if (problem !== undefined) yield { at, message: problem };
}

function sourceProblem(kind: string, source: MediaSource, limits: MediaLimits, api: Api): string | undefined {
  const named = `${/^[ai]/.test(kind) ? "an" : "a"} ${kind}`;
  const isRemote = source.url !== undefined;
  if (isRemote && limits.isLocal) return `${api.name} can't express the address of ${named}: it fetches no files`;
  const types = (isRemote ? limits.remoteTypes : undefined) ?? limits.types;
  if (source.mediaType === undefined && (limits.isTyped || (types !== undefined && !isRemote)))
    return `${api.name} requires the media type of ${named}`;
  if (source.mediaType !== undefined && types !== undefined && !types.includes(source.mediaType)) {
    return `${api.name} can't express ${named} of type ${source.mediaType}`;
  }
  if (source.data !== undefined && api.convertsCalls && !isBase64(source.data))
    return `the data of ${named} are not base64`;
  return undefined;
}

function* inConversation(messages: readonly JsonObject[], api: Api): Found {
  if (!api.convertsCalls) return;
  const turns = [...messages.keys()].filter((index) => !isInstruction(messages[index]) && isSent(messages[index]));
  const [first = messages.length] = turns;
  const last = turns.at(-1);
  if (api.needsTurn && last === undefined) yield { at: "/messages", message: `${api.name} requires a user message` };
  if (last !== undefined && !api.hasBegunAnswers && ["assistant", "model"].includes(String(messages[last]?.role))) {
    yield { at: `/messages/${last}/role`, message: `${api.name} can't express a last message of the assistant` };
  }
  for (let index = first; index < messages.length; index++) yield* laterInstructions(messages, index, api);
  yield* unknownCalls(messages, api);
  const marks = [...messages.keys()].filter((index) => messages[index]?.cache);
  if (api.cacheMarks !== undefined && marks.length > api.cacheMarks) {
    yield {
      at: `/messages/${marks[api.cacheMarks]}/cache`,
      message: `${api.name} can't express more than ${api.cacheMarks} messages with \`cache\``,
    };
  }
}

function* laterInstructions(messages: readonly JsonObject[], index: number, api: Api): Found {
  const message = messages[index];
  if (!isInstruction(message) || !isSent(message) || api.laterInstructions === "anywhere") return;
  const isAfterUser = ["user", "tool"].includes(String(messages[index - 1]?.role));
  if (api.laterInstructions === "after user" && isAfterUser) return;
  const where = api.laterInstructions === "after user" ? "follows no user message" : "is not at the top";
  yield {
    at: `/messages/${index}/role`,
    message: `${api.name} can't express a ${String(message?.role)} message that ${where}`,
  };
}

function* unknownCalls(messages: readonly JsonObject[], api: Api): Found {
  const known = new Set<Json>();
  for (const [index, message] of messages.entries()) {
    for (const call of Array.isArray(message.tool_calls) ? (message.tool_calls as readonly Json[]) : [])
      if (isObject(call)) known.add(call.id);
    for (const part of partsOf(message)) if (part.type === "tool_use") known.add(part.id);
    for (const [id] of geminiCalls(message)) known.add(id);
    const answered = message.tool_call_id ?? null;
    if (answered !== null && !known.has(answered)) {
      yield {
        at: `/messages/${index}/tool_call_id`,
        message: `${api.name} requires the tool call \`${String(answered)}\` before its result`,
      };
    }
  }
}

function isInstruction(message: JsonObject | undefined): boolean {
  return INSTRUCTIONS.has(String(message?.role));
}

/** Whether a message has content: no provider accepts an empty one, so it is left out. */
function isSent(message: JsonObject | undefined): boolean {
  if (message === undefined) return false;
  return partsOf(message).length > 0 || ["parts", "tool_calls", "tool_call_id"].some((key) => !isEmpty(message[key]));
}

function isEmpty(value: Json): boolean {
  return !value || (Array.isArray(value) && !value.length);
}
