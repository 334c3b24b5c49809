/** A rendered request: its canonical form and digest, and the arguments of the clients of providers. */
import { messageArguments } from "./anthropic";
import type { Method } from "./api_limits";
import { sha256 } from "./bundle";
import { type Json, type JsonObject, isObject, plain } from "./data";
import { contentArguments, forJavaScript } from "./gemini";
import { jsonText } from "./formatting";
import { WholeFloat } from "./numbers";
import { chatArguments, responseArguments } from "./openai";
import { refuseUnsupported } from "./unsupported";
import { toValue } from "./values";

const REQUEST_FORMAT = "promptops-request/1";

/** All parts of a request that do not depend on inputs. */
export interface RequestSettings {
  readonly model: JsonObject;
  readonly params: JsonObject;
  readonly provider_options: JsonObject;
  readonly tools: readonly JsonObject[];
  readonly tool_choice: Json;
  readonly response_format: JsonObject | null;
  /** Whether the provider may use any API. */
  readonly any_api: boolean;
}

export interface Request extends RequestSettings {
  readonly messages: readonly JsonObject[];
}

/** Where the prompt of a request comes from, and its inputs. */
export interface RequestOrigin {
  readonly prompt: string;
  readonly version: string | null;
  readonly inputs: JsonObject;
  readonly release: string | null;
  readonly channel: string | null;
  /** SHA-256, in hexadecimal, of the prompt's content. */
  readonly digest: string;
}

/** Arguments of a client, in the form of its API. */
export type ClientArguments = Record<string, unknown>;

const CREATORS: Record<Method, (request: Request) => JsonObject> = {
  openai: chatArguments,
  responses: responseArguments,
  anthropic: messageArguments,
  gemini: contentArguments,
};

export class RenderedRequest {
  /** The id of the prompt. */
  readonly prompt: string;
  /** The version of the prompt; null if it does not come from a release. */
  readonly version: string | null;
  /** The inputs as templates received them: with defaults, under their current names. */
  readonly inputs: Record<string, unknown>;

  constructor(
    private readonly request: Request,
    private readonly origin: RequestOrigin,
  ) {
    this.prompt = origin.prompt;
    this.version = origin.version;
    this.inputs = plain(origin.inputs) as Record<string, unknown>;
  }

  /** The messages in the provider-neutral form. */
  get messages(): Record<string, unknown>[] {
    return plain(this.request.messages) as Record<string, unknown>[];
  }
  /** `provider` and `id`; empty if the prompt names no model. */
  get model(): { provider?: string; id?: string } {
    return plain(this.request.model) as { provider?: string; id?: string };
  }

  /** The request as canonical JSON (RFC 8785). `cache` is left out: it does not affect the answer. */
  canonical(): string {
    const { messages, model, params, provider_options, response_format, tool_choice, tools } = this.request;
    const uncached = messages.map(({ cache: _, ...message }) => message);
    return canonicalJson({
      format: REQUEST_FORMAT,
      messages: uncached,
      model,
      params,
      provider_options,
      response_format,
      tool_choice,
      tools,
    });
  }

  /** SHA-256, in hexadecimal, of the canonical form: the key of recorded answers. */
  digest(): Promise<string> {
    return sha256(new TextEncoder().encode(this.canonical()));
  }

  /** Arguments for `client.chat.completions.create` of `openai`; throws an UnsupportedRequest. */
  openai<T = ClientArguments>(): T {
    return this.arguments("openai") as T;
  }

  /** Arguments for `client.responses.create` of `openai`. */
  responses<T = ClientArguments>(): T {
    return this.arguments("responses") as T;
  }

  /** Arguments for `client.messages.create` of `@anthropic-ai/sdk`. */
  anthropic<T = ClientArguments>(): T {
    return this.arguments("anthropic") as T;
  }

  /** Arguments for `ai.models.generateContent` of `@google/genai`. */
  gemini<T = ClientArguments>(): T {
    return forJavaScript(this.arguments("gemini")) as T;
  }

  /**
   * Attributes for an OpenTelemetry span: which prompt of which release, and which request.
   *
   * Values of inputs may be personal data: they are included only if `inputs` is set.
   */
  async attributes({ inputs = false } = {}): Promise<Record<string, string>> {
    const { origin } = this;
    const named = {
      "gen_ai.prompt.name": origin.prompt,
      "gen_ai.prompt.version": origin.version,
      "promptops.release": origin.release,
      "promptops.channel": origin.channel,
      "promptops.prompt.digest": origin.digest,
      "promptops.request.digest": await this.digest(),
    };
    const values = inputs ? Object.entries(origin.inputs) : [];
    return Object.fromEntries([
      ...Object.entries(named).filter((entry): entry is [string, string] => entry[1] !== null),
      ...values.map(([name, value]) => [`gen_ai.prompt.variable.${name}`, textOf(value)] as const),
    ]);
  }

  /** The arguments in the names of the API; the data of Gemini's media are bytes. */
  arguments(method: Method): Json {
    refuseUnsupported(this.request, method, this.prompt);
    return plain(CREATORS[method](this.request));
  }
}

function textOf(value: Json): string {
  return typeof value === "string" ? value : jsonText(toValue(value), { indent: null, isPlain: false });
}

/** JSON with one form for each value: keys sorted by UTF-16 code units, numbers as in ECMAScript. */
export function canonicalJson(value: Json): string {
  if (value instanceof WholeFloat) return JSON.stringify(value.value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (!isObject(value)) return typeof value === "bigint" ? String(value) : JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${members.join(",")}}`;
}
