/** What VS Code knows about the machine and the workspace. */

import { accessSync, constants, realpathSync, statSync } from "node:fs";
import * as path from "node:path";
import { type Uri, extensions, workspace } from "vscode";

import type { Surroundings } from "./server_command";

interface PythonApi {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: Uri): { readonly path: string };
    resolveEnvironment(
      environment: { readonly path: string },
    ): Promise<{ readonly executable: { readonly uri?: Uri | undefined } } | undefined>;
  };
}

export async function surroundings(): Promise<Surroundings> {
  return {
    configured: configuredCommand(),
    folders: folders(),
    trusted: workspace.isTrusted,
    interpreter: await selectedInterpreter(),
    searchPath: process.env["PATH"] ?? "",
    platform: process.platform,
    isProgram,
    realPath,
  };
}

/** The folders of the workspace that are on disk, absolute. */
function folders(): string[] {
  const all = workspace.workspaceFolders ?? [];
  return all.filter(({ uri }) => uri.scheme === "file").map(({ uri }) => uri.fsPath);
}

/** The setting; VS Code ignores that of an untrusted workspace (`restrictedConfigurations`). */
function configuredCommand(): string[] {
  const value: unknown = workspace.getConfiguration("promptops").get("command");
  return Array.isArray(value) ? value.filter((word) => typeof word === "string") : [];
}

/** The interpreter that the Python extension selected, if that extension is installed. */
async function selectedInterpreter(): Promise<string | undefined> {
  const extension = extensions.getExtension<PythonApi>("ms-python.python");
  try {
    const environments = (await extension?.activate())?.environments;
    const selected = environments?.getActiveEnvironmentPath(workspace.workspaceFolders?.[0]?.uri);
    const resolved = selected && (await environments?.resolveEnvironment(selected));
    const found = resolved?.executable.uri?.fsPath ?? selected?.path;
    return found !== undefined && path.isAbsolute(found) ? found : undefined;
  } catch {
    return undefined; // A Python extension that fails must not keep the server from starting.
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function realPath(file: string): string {
  try {
    return realpathSync.native(file); // on macOS and Windows also with the case of the disk
  } catch {
    return file;
  }
}
