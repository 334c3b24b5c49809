/** The request formats of providers: which provider uses which, and what each can express. */
import { type Json } from "./data";
import { type SchemaRefusal, claudeRefusals, geminiRefusals } from "./provider_schemas";

export type Method = "openai" | "responses" | "anthropic" | "gemini";

/** What a request format can express of one kind of media part. */
export interface MediaLimits {
  /** Accepted media types; undefined for all. */
  readonly types?: readonly string[];
  /** Accepted media types of an address; undefined for the same as `types`. */
  readonly remoteTypes?: readonly string[];
  /** Whether the part can't be an address that the provider fetches. */
  readonly isLocal?: boolean;
  /** Whether the media type of an address must be known. */
  readonly isTyped?: boolean;
}

/** A request format. */
export interface Api {
  readonly method: Method;
  readonly provider: string;
  /** Its provider, or the format, as messages name it. */
  readonly name: string;
  /** The keys of `provider_options` that it uses. */
  readonly options: readonly string[];
  readonly params: readonly string[];
  /** Why it can't express a parameter, where there is more to say than that. */
  readonly refusals: Readonly<Record<string, string>>;
  /** From the neutral name of a required parameter to the provider's name. */
  readonly required: Readonly<Record<string, string>>;
  readonly efforts: readonly string[];
  readonly hasSerialCalls: boolean;
  readonly hasJsonMode: boolean;
  readonly refusedInSchema: ((schema: Json) => Iterable<SchemaRefusal>) | undefined;
  /** Whether messages can have a `name`, and documents a `title`. */
  readonly hasNames: boolean;
  readonly hasTitles: boolean;
  readonly details: readonly string[];
  readonly cacheMarks: number | undefined;
  readonly laterInstructions: "anywhere" | "after user" | "nowhere";
  readonly letterFirst: boolean;
  readonly media: Readonly<Record<string, MediaLimits>>;
  /** Roles whose messages can't have media parts. */
  readonly rolesWithoutMedia: readonly string[];
  /** Further pairs of a role and a kind. */
  readonly refusedParts: readonly string[];
  /** Types of parts in the provider's own form; undefined for any. */
  readonly ownParts: readonly string[] | undefined;
  /** Whether tool calls get another form, for which they must be complete. */
  readonly convertsCalls: boolean;
  readonly needsTurn: boolean;
  readonly hasBegunAnswers: boolean;
}

const PARAMS =
  "temperature top_p max_output_tokens stop seed reasoning_effort frequency_penalty presence_penalty parallel_tool_calls".split(
    " ",
  );
const NOT_IN_RESPONSES = ["stop", "seed", "frequency_penalty", "presence_penalty"];
const CHAT_PARTS = ["image_url", "input_audio", "file", "refusal"];
const CLAUDE_PARTS =
  "image document search_result thinking redacted_thinking tool_use tool_result server_tool_use web_search_tool_result web_fetch_tool_result code_execution_tool_result bash_code_execution_tool_result text_editor_code_execution_tool_result tool_search_tool_result container_upload".split(
    " ",
  );
const CLAUDE_SAMPLING = "API version 2026-10-21 removed it";

const OPENAI: Api = {
  method: "openai",
  provider: "openai",
  name: "openai",
  options: ["openai"],
  params: PARAMS,
  refusals: {},
  required: {},
  efforts: ["none", "minimal", "low", "medium", "high", "xhigh"],
  hasSerialCalls: true,
  hasJsonMode: true,
  refusedInSchema: undefined,
  hasNames: true,
  hasTitles: true,
  details: ["auto", "low", "high", "original"],
  cacheMarks: undefined,
  laterInstructions: "anywhere",
  letterFirst: false,
  media: { image: {}, document: {}, audio: { types: ["audio/wav", "audio/mp3"], isLocal: true } },
  rolesWithoutMedia: ["system", "developer", "assistant", "tool"],
  refusedParts: [],
  ownParts: CHAT_PARTS,
  convertsCalls: false,
  needsTurn: false,
  hasBegunAnswers: true,
};
const RESPONSES: Api = {
  ...OPENAI,
  method: "responses",
  name: "openai's Responses API",
  params: PARAMS.filter((name) => !NOT_IN_RESPONSES.includes(name)),
  refusals: Object.fromEntries(NOT_IN_RESPONSES.map((name) => [name, "chat completions have it"])),
  hasNames: false,
  media: { image: {}, document: {} },
  rolesWithoutMedia: [],
  ownParts: [...CHAT_PARTS, "input_text", "output_text", "input_image", "input_file"],
};
const ANTHROPIC: Api = {
  ...OPENAI,
  method: "anthropic",
  provider: "anthropic",
  name: "anthropic",
  options: ["anthropic"],
  params: ["max_output_tokens", "stop", "reasoning_effort", "parallel_tool_calls"],
  refusals: { temperature: CLAUDE_SAMPLING, top_p: CLAUDE_SAMPLING },
  required: { max_output_tokens: "max_tokens" },
  efforts: ["none", "low", "medium", "high", "xhigh"],
  hasJsonMode: false,
  refusedInSchema: claudeRefusals,
  hasNames: false,
  details: ["auto"],
  cacheMarks: 4,
  laterInstructions: "after user",
  media: {
    image: { types: ["image/jpeg", "image/png", "image/gif", "image/webp"] },
    document: { types: ["application/pdf", "text/plain"], remoteTypes: ["application/pdf"] },
  },
  rolesWithoutMedia: ["system", "developer"],
  refusedParts: ["assistant document"],
  ownParts: CLAUDE_PARTS,
  convertsCalls: true,
  needsTurn: true,
};
const GEMINI: Api = {
  ...OPENAI,
  method: "gemini",
  provider: "gemini",
  name: "gemini",
  options: ["google", "gemini", "vertex", "vertexai"],
  hasSerialCalls: false,
  refusedInSchema: geminiRefusals,
  hasNames: false,
  hasTitles: false,
  laterInstructions: "nowhere",
  letterFirst: true,
  media: { image: { isTyped: true }, audio: { isTyped: true }, document: { isTyped: true } },
  rolesWithoutMedia: ["system", "developer"],
  ownParts: [],
  convertsCalls: true,
  needsTurn: true,
  hasBegunAnswers: false,
};

/** All request formats, by the method of `RenderedRequest`. */
export const APIS: Readonly<Record<Method, Api>> = {
  openai: OPENAI,
  responses: RESPONSES,
  anthropic: ANTHROPIC,
  gemini: GEMINI,
};

/** OpenAI's Responses API of any server, which may accept more than OpenAI. */
export const COMPATIBLE_RESPONSES: Api = {
  ...RESPONSES,
  name: "the Responses API",
  hasNames: true,
  ownParts: undefined,
};

const METHODS = new Map<string, readonly Method[]>([
  ["openai", ["openai", "responses"]],
  ["anthropic", ["anthropic"]],
  ["google", ["gemini"]],
  ["gemini", ["gemini"]],
  ["vertex", ["gemini", "anthropic"]],
  ["vertexai", ["gemini", "anthropic"]],
]);

/** The request formats of a provider; empty if it may use any of them. */
export function apisOf(provider: string): readonly Api[] {
  return (METHODS.get(provider.toLowerCase()) ?? []).map((method) => APIS[method]);
}
