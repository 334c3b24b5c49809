/** Marks in open files: the result of each assertion, behind its text. */

import { type DecorationOptions, type Disposable, type TextEditor, ThemeColor, Uri, window } from "vscode";

import { rangeIn } from "./opening";
import type { AssertionResult } from "./protocol";

const MOST_CHARACTERS = 80;

export class AssertionMarks implements Disposable {
  private readonly passed = markedWith("testing.iconPassed");
  private readonly failed = markedWith("testing.iconFailed");
  private root: Uri | undefined;
  private results: readonly AssertionResult[] = [];
  private readonly following = window.onDidChangeVisibleTextEditors(() => this.draw());

  show(root: Uri | undefined, results: readonly AssertionResult[]): void {
    this.root = root;
    this.results = results;
    this.draw();
  }

  dispose(): void {
    this.following.dispose();
    this.passed.dispose();
    this.failed.dispose();
  }

  private draw(): void {
    for (const editor of window.visibleTextEditors) {
      const own = this.results.filter((each) => this.isIn(editor, each));
      const failed = own.filter((each) => each.status === "failed" || each.status === "error");
      const passed = own.filter((each) => each.status === "passed");
      editor.setDecorations(this.passed, passed.map((each) => mark(editor, each)));
      editor.setDecorations(this.failed, failed.map((each) => mark(editor, each)));
    }
  }

  private isIn(editor: TextEditor, { place }: AssertionResult): boolean {
    const file = this.root && Uri.joinPath(this.root, place.path).toString();
    return editor.document.uri.toString() === file;
  }
}

function markedWith(color: string) {
  return window.createTextEditorDecorationType({
    after: { margin: "0 0 0 1em", color: new ThemeColor(color) },
  });
}

function mark(editor: TextEditor, { place, status, reason }: AssertionResult): DecorationOptions {
  const line = rangeIn(editor.document, place).start.line;
  const range = editor.document.lineAt(line).range;
  const text = reason.length > MOST_CHARACTERS ? `${reason.slice(0, MOST_CHARACTERS)}…` : reason;
  const contentText = status === "passed" ? "✓ passed" : `✗ ${text}`;
  return { range, hoverMessage: reason, renderOptions: { after: { contentText } } };
}
