/** An answer with what assertions found in it, for the workbench and the preview in VS Code. */

import type { AssertionResult, ModelAnswer } from "./types";
import { counted } from "./words";

/** A part of an answer, and the assertions that found it. */
export interface MarkedPart {
  readonly text: string;
  readonly results: readonly AssertionResult[];
}

/**
 * The answer in parts, which join to its text; results count its characters as Python does.
 * Those of a turn or of a conversation are about other texts.
 */
export function markedParts(text: string, all: readonly AssertionResult[]): MarkedPart[] {
  const characters = [...text];
  const results = all.filter(({ on, turn }) => on !== "conversation" && !turn);
  const ends = [0, characters.length, ...results.flatMap(({ at }) => at.flat())];
  const places = [...new Set(ends)].sort((one, other) => one - other);
  return places.slice(1).map((end, index) => {
    const start = places[index] ?? 0;
    const found = results.filter(({ at }) => at.some(([from, to]) => from <= start && end <= to));
    return { text: characters.slice(start, end).join(""), results: found };
  });
}

/** Whether what was found in the answer is wrong; else it is what the answer needs. */
export function isWrong({ results }: MarkedPart): boolean {
  return results.some(({ status }) => status === "failed" || status === "error");
}

/** The assertions of a part, one on each line. */
export function markTitle({ results }: MarkedPart): string {
  return results.map(({ status, type, reason }) => `${status}: ${type}: ${reason}`).join("\n");
}

/** That a model stopped at a limit before its end, or null. */
export function cutWords({ was_cut: wasCut, limit }: ModelAnswer): string | null {
  const of = limit === null ? "" : ` of ${counted(limit, "token")}`;
  return wasCut ? `The answer was cut at its limit${of}.` : null;
}
