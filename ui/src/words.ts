/** Numbers and states in plain words. */

import type { CaseRun, Change, DiffReport } from "./types";

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
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** What a required version bump means to who uses the prompts. */
export const BUMPS: Readonly<Record<DiffReport["bump"], string>> = {
  none: "Nothing that an application or a model notices.",
  patch: "A small change: applications work as before.",
  minor: "A change that the model or an application can notice. Nothing breaks.",
  major: "Applications that use this prompt have to change, too.",
};

export const LEVELS: Readonly<Record<Change["level"], string>> = {
  BREAKING: "breaks applications",
  BEHAVIOR: "the model receives something else",
  ADDITIVE: "adds something",
  NEUTRAL: "no effect",
};

export const STATUSES: Readonly<Record<CaseRun["status"], string>> = {
  passed: "passed",
  failed: "failed",
  error: "could not run",
  stale: "no recorded answer",
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
