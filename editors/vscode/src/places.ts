/** Places of the server, which count characters from 1, as ranges of VS Code, which count UTF-16 from 0. */

export interface Position {
  readonly line: number;
  readonly character: number;
}

/** The position of a 1-based line and column in characters; after the last line, the text's end. */
export function position(lines: readonly string[], line: number, column: number): Position {
  const last = Math.max(lines.length - 1, 0);
  if (line - 1 > last) {
    return { line: last, character: lines[last]?.length ?? 0 };
  }
  const before = Array.from(lines[line - 1] ?? "").slice(0, Math.max(column - 1, 0));
  return { line: line - 1, character: before.join("").length };
}

/** The lines of a text as the server counts them. */
export function linesOf(text: string): string[] {
  return text.split(/\r\n?|\n/);
}
