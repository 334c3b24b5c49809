/** Runs commands of promptops, with the same program as the language server. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Uri, window, workspace } from "vscode";

import { lastError } from "./last_error";
import { serverCommand } from "./server_command";
import { surroundings } from "./surroundings";

/** Run in a terminal, where places are links and the output stays. */
export async function runInTerminal(folder: string | undefined, ...words: string[]): Promise<void> {
  const found = await program();
  if (found !== undefined) {
    const name = `promptops ${words[0]}`;
    const cwd = folder === undefined ? {} : { cwd: folder };
    // A shell, so that the terminal stays open when the command has ended.
    const terminal = window.createTerminal({ name, ...cwd });
    terminal.show(true);
    terminal.sendText([found.command, ...found.args, ...words].map(quoted).join(" "));
  }
}

/** Run and return what it prints. Rejects with its error. */
export async function output(folder: string | undefined, ...words: string[]): Promise<string> {
  const found = await program();
  if (found === undefined) {
    throw new Error("promptops is not installed, or the workspace is not trusted");
  }
  const cwd = folder === undefined ? {} : { cwd: folder };
  try {
    return (await promisify(execFile)(found.command, [...found.args, ...words], cwd)).stdout;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(stderr ? lastError(stderr) : String(error));
  }
}

/** The program with its arguments, without `lsp`; with a message, undefined without trust. */
async function program() {
  if (!workspace.isTrusted) {
    void window.showInformationMessage("promptops runs commands in trusted workspaces only.");
    return undefined;
  }
  const found = serverCommand(await surroundings());
  if (found === undefined) {
    void window.showErrorMessage("promptops is not installed.");
    return undefined;
  }
  return { command: found.command, args: found.args.slice(0, -1) };
}

function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) {
    return word;
  }
  return process.platform === "win32" ? `"${word}"` : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The folder of a file, or the first of the workspace. */
export function folderOf(uri: Uri | undefined): string | undefined {
  const own = uri && workspace.getWorkspaceFolder(uri);
  return (own ?? workspace.workspaceFolders?.[0])?.uri.fsPath;
}
