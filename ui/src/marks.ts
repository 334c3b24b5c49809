/** Findings, whose places are in files, as spans of the texts that a person edits. */

import type { Finding, Place, EditableText } from "./types";
import { utf16Offset } from "./words";

/** A finding in a text; `from` and `to` are in UTF-16 units. */
export interface Mark {
  readonly from: number;
  readonly to: number;
  readonly finding: Finding;
}

type Source = Pick<EditableText, "path" | "text" | "starts">;

export function marksOf(text: Source, findings: readonly Finding[]): Mark[] {
  return findings.flatMap((finding) => {
    const from = offset(text, finding.place, finding.place.line, finding.place.column);
    const to = offset(text, finding.place, finding.place.end_line, finding.place.end_column);
    return from === null || to === null || from > to ? [] : [{ from, to, finding }];
  });
}

/** Where a place of the file is in the text; null if it is not in it. */
function offset({ path, text, starts }: Source, place: Place, line: number, column: number): number | null {
  const lines = text.split("\n");
  const index = starts.findLastIndex(([each, first]) => each === line && first <= column);
  const [, first] = starts[index] ?? [0, 0];
  const shown = lines[index];
  if (place.path !== path || shown === undefined) {
    return null;
  }
  const before = lines.slice(0, index).reduce((sum, each) => sum + each.length + 1, 0);
  return before + utf16Offset(shown, column - first);
}
