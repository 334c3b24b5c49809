/** Numbers and states in plain words. */

import type { AssertionResult, CaseRun, Change, DiffReport, ModelAnswer, TestRun, UiFailing, UiTested } from "./types";

export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

export function dollars(usd: number): string {
  return `$${usd.toLocaleString("en-US", { maximumSignificantDigits: 2, maximumFractionDigits: 6 })}`;
}

export function seconds(s: number): string {
  return `${s.toLocaleString("en-US", { maximumFractionDigits: s < 10 ? 1 : 0 })} s`;
}

/** A part of a message; code is what the message has between backticks. */
export interface Span {
  readonly text: string;
  readonly code: boolean;
}

export function spans(message: string): Span[] {
  return message
    .split("`")
    .map((text, index) => ({ text, code: index % 2 === 1 }))
    .filter(({ text }) => text !== "");
}

export function sentence(message: string): string {
  if (message.startsWith("promptops ")) {
    return `Run \`${message}\`.`;
  }
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** The results of checks, apart: those of the request, of the answer or answers, and of all turns together. */
export function checkWords(results: readonly AssertionResult[]): string {
  const of = (on: AssertionResult["on"]) => results.filter((each) => each.on === on);
  const words = (found: readonly AssertionResult[], subject: string) =>
    found.length === 0 ? [] : [`${counted(found.length, "check")} of ${subject}: ${resultWords(found)}`];
  const answer = of("answer");
  const answers = answer.some(({ turn }) => turn) ? "the answers" : "the answer";
  const conversation = words(of("conversation"), "the conversation");
  const checked = [...words(answer, answers), ...conversation];
  return [
    ...words(of("request"), "what the model receives"),
    ...(checked.length === 0 ? ["no check of the answer"] : checked),
  ].join(" · ");
}

function resultWords(results: readonly AssertionResult[]): string {
  const words = results.map(({ status }) => (status === "error" ? "failed" : status));
  const found = (["failed", "passed", "skipped"] as const).filter((word) => words.includes(word));
  const [only, ...others] = found;
  return only !== undefined && others.length === 0
    ? only
    : found.map((word) => `${words.filter((each) => each === word).length} ${word}`).join(", ");
}

const CUT_FAILS = "It counts as failed: somebody who edits the file can raise `max_output_tokens`.";

/** The reason of an answer that was judged, for a person who does not edit files. */
export function answerReason({ reason, was_cut: wasCut }: Pick<ModelAnswer, "reason" | "was_cut">): string | null {
  return reason === null ? null : wasCut ? CUT_FAILS : sentence(reason);
}

/** The reason of a case, for the same person. */
export function caseReason({ reason, answer }: Pick<CaseRun, "reason" | "answer">): string | null {
  const wasCut = answer?.finish_reason === "length";
  return reason === null ? null : wasCut ? `The answer was cut at its limit of tokens. ${CUT_FAILS}` : sentence(reason);
}

/** What a run of test cases found; it looks good only if every case checks an answer. */
export function reportWords({ cases, count }: TestRun): { readonly text: string; readonly look: "problem" | "good" | "muted" } {
  const { passed, failed, errors, stale, warnings } = count;
  const unchecked = cases.filter(({ status, assertions }) => status === "passed" && !checksAnswer(assertions)).length;
  const counts = [
    `${counted(passed, "case")} passed`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(errors > 0 ? [`${errors} could not run`] : []),
    ...(stale > 0 ? [`${stale} without an answer to check`] : []),
    ...(warnings > 0 ? [`${warnings} unread drafts fail`] : []),
  ];
  const note = unchecked === 0 ? "" : ` ${counted(unchecked, "passed case")} ${unchecked === 1 ? "checks" : "check"} no answer.`;
  const isWhole = stale + unchecked + warnings === 0;
  return { text: `${counts.join(", ")}.${note}`, look: failed + errors > 0 ? "problem" : isWhole ? "good" : "muted" };
}

/** What an assertion is about, before its name; "" for the only answer. */
export function aboutWords({ on, turn }: Pick<AssertionResult, "on" | "turn">): string {
  return turn ? `turn ${turn}: ` : on === "answer" ? "" : `in the ${on}: `;
}

function checksAnswer(results: readonly AssertionResult[]): boolean {
  return results.some(({ on }) => on !== "request");
}

/** That the test cases of the changed prompts pass; it looks good only if all of them check an answer. */
export function passedWords({ cases, unchecked }: UiTested): { readonly text: string; readonly look: "ok" | "" } {
  if (cases === 0) {
    return { text: "The changed prompts have no test cases.", look: "" };
  }
  const some = `${unchecked} of ${cases} ${unchecked === 1 ? "checks" : "check"} no answer.`;
  const note = unchecked === 0 ? "" : ` ${unchecked === cases ? "None of them checks an answer." : some}`;
  return { text: `All test cases pass.${note}`, look: unchecked === 0 ? "ok" : "" };
}

/** How the answer that a test case needs is got; `own` is the prompt's model, if that is known. */
export function answerAdvice(isLive: boolean, own: string | null = null): string {
  const model = own === null ? "the prompt's model" : `\`${own}\`, the prompt's model`;
  return isLive
    ? `Get one from ${model}: it is saved with your changes if a test case needs it.`
    : "Get one with `promptops ui --live`, or record it with `promptops test --record`.";
}

/** Why a case does not pass, and what helps if an answer does. */
export function failingWords({ reason, answerable }: UiFailing, isLive: boolean): string {
  return [sentence(reason), ...(answerable ? [answerAdvice(isLive)] : [])].join(" ");
}

/** What a required version bump means to who uses the prompts. */
export const BUMPS: Readonly<Record<DiffReport["bump"], string>> = {
  none: "Nothing that an application or a model notices.",
  patch: "A small change. Applications need no change.",
  minor: "The model or an application can notice it. Applications need no change.",
  major: "Applications that use this prompt have to change, too.",
};

export const LEVELS: Readonly<Record<Change["level"], string>> = {
  BREAKING: "breaks applications",
  BEHAVIOR: "the model receives something else",
  ADDITIVE: "adds something",
  NEUTRAL: "no effect on callers",
};

export const STATUSES: Readonly<Record<CaseRun["status"], string>> = {
  passed: "passed",
  failed: "failed",
  error: "could not run",
  stale: "no answer to check yet",
  warning: "draft, fails",
};

/** The position in UTF-16 units of one in characters, as Python counts them. */
export function utf16Offset(text: string, characters: number): number {
  let units = 0;
  let left = characters;
  for (const character of text) {
    if (left <= 0) {
      break;
    }
    units += character.length;
    left -= 1;
  }
  return units;
}

/** Whether all words of a query are in one of the texts, in any case. */
export function matches(query: string, texts: readonly (string | null)[]): boolean {
  const text = texts.join(" ").toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
