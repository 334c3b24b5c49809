/** The commands of the palette. */

import { Uri, commands, window, workspace } from "vscode";

import { rootAbove } from "./opening";
import { folderOf, output, runInTerminal } from "./programs";

/** Create a prompt file and open it. */
export async function newPrompt(): Promise<void> {
  const folder = editorFolder();
  const id = await window.showInputBox({
    title: "New Prompt",
    prompt: "Its id: the path below the prompt root, without the ending",
    placeHolder: "support/triage",
  });
  if (!id || folder === undefined) {
    return;
  }
  try {
    const printed = await output(folder, "new", id, "--format", "json");
    const { path } = JSON.parse(printed) as { path: string };
    const root = rootAbove(Uri.file(`${folder}/promptops.toml`).toString(), path);
    await window.showTextDocument(Uri.joinPath(root ?? Uri.file(folder), path));
  } catch (error) {
    void window.showErrorMessage(error instanceof Error ? error.message : String(error));
  }
}

/** Show what differs from HEAD. */
export async function showDiff(): Promise<void> {
  warnOfUnsaved();
  await runInTerminal(editorFolder(), "diff", "--worktree");
}

export async function lintWorkspace(): Promise<void> {
  warnOfUnsaved();
  await runInTerminal(editorFolder(), "lint");
}

/** The prompts are symbols of the workspace. */
export async function goToPrompt(): Promise<void> {
  await commands.executeCommand("workbench.action.quickOpen", "#");
}

function editorFolder(): string | undefined {
  return folderOf(window.activeTextEditor?.document.uri);
}

function warnOfUnsaved(): void {
  if (workspace.textDocuments.some((document) => document.isDirty)) {
    void window.showInformationMessage("Commands read saved files: what is not saved is not included.");
  }
}
