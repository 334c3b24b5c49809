/** A model's answer: its text, why it ended, and whether it follows the output schema. */
import { type Json, isObject } from "./data";
import { AnswerError, InputError } from "./errors";
import { NotJson, TooDeep, exactNumber, readJson } from "./json";
import { WholeFloat } from "./numbers";
import type { OutputData } from "./prompt_data";
import { SchemaCheck } from "./schema_check";

const MAX_DEPTH = 500;
const LONGEST = 1_000;

/** Finish reasons of complete answers; "" if the reason is not known. */
const FINISHED = new Set(["", "stop", "completed", "tool_calls", "end_turn", "stop_sequence", "tool_use", "STOP"]);
/** Finish reasons of answers that are longer than the limit of the request. */
const CUT_OFF = new Set(["length", "max_output_tokens", "max_tokens", "MAX_TOKENS"]);

/** What `parse` finds in an answer. */
export interface Answer<Output> {
  /** The text of the answer, or its JSON data. */
  readonly value: Output;
}

/** Parses the answers to one prompt. */
export class Answers {
  private readonly check: SchemaCheck | undefined;

  /** `prompt` is the id that errors show; throws an InputError for a schema that refers to other documents. */
  constructor(
    private readonly prompt: string,
    private readonly output: OutputData,
  ) {
    try {
      this.check = output.schema === undefined ? undefined : new SchemaCheck(output.schema);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new InputError(`\`output\` has no valid schema: ${reason}`, { where: prompt });
    }
  }

  /** A string, or JSON data that matches the output schema; throws an AnswerError. */
  parse(answer: unknown): unknown {
    const found = answerText(answer);
    if (found?.text === undefined) {
      const hint = "pass `parse` what the client returned, or its text";
      throw new InputError(`${kindOf(answer)} is not a model's answer`, { where: this.prompt, hint });
    }
    const { text, reason } = found;
    if (this.check === undefined && this.output.format !== "json") return text;
    if (!FINISHED.has(reason)) {
      const hint = CUT_OFF.has(reason) ? "increase `max_output_tokens`" : undefined;
      throw this.error(`the answer is incomplete: it ended with '${reason}'`, text, hint);
    }
    return this.checked(text);
  }

  private checked(text: string): Json {
    try {
      const value = readJson(text, { object: Object.fromEntries, number: numberOf, depth: MAX_DEPTH });
      const [misfit] = this.check?.misfits(value) ?? [];
      if (misfit === undefined) return value;
      const at = misfit.pointer ? `, at ${shortened(misfit.pointer)}` : "";
      throw this.error(`the answer does not fit the output schema: ${shortened(misfit.message)}${at}`, text);
    } catch (error) {
      if (error instanceof RangeError) throw this.error("it takes too long to check the answer", text);
      if (!(error instanceof NotJson)) throw error;
      const reason = error instanceof TooDeep ? "it is nested too deep" : error.message;
      throw this.error(`the answer is not JSON: ${reason}`, text);
    }
  }

  private error(message: string, text: string, hint?: string): AnswerError {
    return new AnswerError(message, text, { where: this.prompt, hint });
  }
}

/** A number that is not a short whole number; JavaScript would round a long one without notice. */
function numberOf(text: string): number {
  const found = exactNumber(text);
  if (typeof found === "bigint") throw new NotJson(`${shortened(text)} is an integer beyond 2^53`);
  const number = found instanceof WholeFloat ? found.value : (found as number);
  return Number.isFinite(number) ? number : wrong("a number that is too large");
}

function wrong(reason: string): never {
  throw new NotJson(reason);
}

function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function kindOf(answer: unknown): string {
  if (answer === null || typeof answer !== "object") return String(typeof answer === "object" ? null : typeof answer);
  return answer.constructor?.name ?? "Object";
}

// The text of a model's answer, and the reason why it ended, for each API.

/** A text, undefined if the answer has none, and the provider's reason, "" if it is unknown. */
interface Found {
  readonly text: string | undefined;
  readonly reason: string;
}

/** A refusal counts as text; a model's thoughts do not. Undefined for what is not an answer. */
export function answerText(answer: unknown): Found | undefined {
  if (typeof answer === "string") return { text: answer, reason: "" };
  return completion(answer) ?? response(answer) ?? message(answer) ?? content(answer);
}

/** OpenAI's chat completion. */
function completion(answer: unknown): Found | undefined {
  const choices = member(answer, "choices");
  if (!Array.isArray(choices) || !choices.length) return undefined;
  const found = member(choices[0], "message") ?? undefined;
  if (found === undefined) return undefined;
  const text = filled(member(found, "content")) ?? filled(member(found, "refusal")) ?? "";
  return { text: joined(text), reason: word(member(choices[0], "finish_reason")) };
}

/** OpenAI's response. */
function response(answer: unknown): Found | undefined {
  const output = member(answer, "output");
  if (!Array.isArray(output)) return undefined;
  const messages = output.filter((item) => member(item, "type") === "message");
  const text = messages.map((each) => joined(member(each, "content")) ?? "").join("");
  const reason = filled(member(member(answer, "incomplete_details"), "reason"));
  return { text, reason: word(reason ?? member(answer, "status")) };
}

/** Anthropic's message. */
function message(answer: unknown): Found | undefined {
  const blocks = member(answer, "content");
  if (!Array.isArray(blocks) || member(answer, "role") !== "assistant") return undefined;
  const texts = blocks.filter((block) => member(block, "type") === "text");
  return { text: joined(texts), reason: word(member(answer, "stop_reason")) };
}

/** Gemini's content; a blocked request has no candidate. */
function content(answer: unknown): Found | undefined {
  const candidates = member(answer, "candidates");
  if (Array.isArray(candidates) && candidates.length) {
    const parts = member(member(candidates[0], "content"), "parts");
    const texts = Array.isArray(parts) ? parts.filter((part) => !filled(member(part, "thought"))) : [];
    return { text: joined(texts), reason: word(either(candidates[0], "finish_reason", "finishReason")) };
  }
  const feedback = either(answer, "prompt_feedback", "promptFeedback");
  const blocked = word(either(feedback, "block_reason", "blockReason"));
  return blocked ? { text: "", reason: blocked } : undefined;
}

/** A string, or the joined text parts; undefined for anything else that a server may send. */
function joined(found: unknown): string | undefined {
  if (typeof found === "string") return found;
  if (!Array.isArray(found)) return undefined;
  return found.map((part) => word(filled(member(part, "text")) ?? member(part, "refusal"))).join("");
}

function word(value: unknown): string {
  return String(filled(value) ?? "");
}

/** The value, unless it is empty: null, false, 0, "", an empty list or object. */
function filled(value: unknown): unknown {
  if (Array.isArray(value)) return value.length ? value : undefined;
  return !value || (isObject(value) && !Object.keys(value).length) ? undefined : value;
}

/** A property by its name in Python and JSON, or in JavaScript. */
function either(value: unknown, name: string, other: string): unknown {
  return member(value, name) ?? member(value, other);
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
