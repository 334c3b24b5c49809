/** Opens places of the server: files by their path in the repository, lines and columns from 1. */

import { existsSync } from "node:fs";
import { posix } from "node:path";
import { Range, type TextDocument, Uri, ViewColumn, window, workspace } from "vscode";

import { linesOf, position } from "./places";
import type { Place } from "./protocol";

/** The root of the repository: the folder above a file in which a path of the repository exists. */
export function rootAbove(uri: string, path: string): Uri | undefined {
  const file = Uri.parse(uri);
  let folder = posix.dirname(file.path);
  while (true) {
    const root = file.with({ path: folder });
    if (file.path === posix.join(folder, path) || existsSync(Uri.joinPath(root, path).fsPath)) {
      return root;
    }
    if (folder === posix.dirname(folder)) {
      return undefined;
    }
    folder = posix.dirname(folder);
  }
}

export function rangeIn(document: TextDocument, place: Place): Range {
  const lines = linesOf(document.getText());
  const start = position(lines, place.line, place.column);
  const end = position(lines, place.end_line, place.end_column);
  return new Range(start.line, start.character, end.line, end.character);
}

/** Show a place, in the editor that shows the file already or in the first column. */
export async function openPlace(root: Uri, place: Place): Promise<void> {
  const document = await workspace.openTextDocument(Uri.joinPath(root, place.path));
  await openRange(document, rangeIn(document, place));
}

export async function openRange(document: TextDocument, selection: Range): Promise<void> {
  const shown = window.visibleTextEditors.find(
    (editor) => editor.document.uri.toString() === document.uri.toString(),
  );
  const viewColumn = shown?.viewColumn ?? ViewColumn.One;
  await window.showTextDocument(document, { selection, viewColumn });
}
