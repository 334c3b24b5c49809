/** Finds the program that runs the language server. No import of `vscode`, so that tests can run it. */

import * as path from "node:path";

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** What is known about the machine and the workspace. */
export interface Surroundings {
  /** The setting `promptops.command`, or an empty list. In an untrusted workspace, that of the user. */
  readonly configured: readonly string[];
  /** The folders of the workspace, absolute, the first one first. */
  readonly folders: readonly string[];
  readonly trusted: boolean;
  /** The Python interpreter that the Python extension selected, absolute. */
  readonly interpreter?: string | undefined;
  /** The value of `PATH`. */
  readonly searchPath: string;
  readonly platform: NodeJS.Platform;
  /** Whether this is a program that can be started. */
  isProgram(file: string): boolean;
  /** The path with all symbolic links followed; the path itself if it does not exist. */
  realPath(file: string): string;
}

const ENVIRONMENTS = [".venv", "venv"];

/**
 * The command that starts the language server, or undefined if promptops is not installed.
 *
 * In an untrusted workspace no program inside a folder of the workspace is used, wherever it is
 * found: starting it would run code of the repository.
 */
export function serverCommand(around: Surroundings): ServerCommand | undefined {
  const [program, ...args] = around.configured;
  if (program !== undefined) {
    return { command: program, args: [...args, "lsp"] };
  }
  const found = candidates(around).find(
    (file) => around.isProgram(file) && (around.trusted || !isInWorkspace(file, around)),
  );
  return found === undefined ? undefined : { command: found, args: ["lsp"] };
}

/** The programs that are tried, in order. */
function candidates(around: Surroundings): string[] {
  const { join, dirname, isAbsolute, delimiter } = pathsOf(around);
  const scripts = around.platform === "win32" ? "Scripts" : "bin";
  const environments = around.folders.flatMap((folder) =>
    ENVIRONMENTS.map((name) => join(folder, name, scripts)),
  );
  const selected = around.interpreter === undefined ? [] : [dirname(around.interpreter)];
  const search = around.searchPath.split(delimiter).filter((folder) => isAbsolute(folder));
  const name = around.platform === "win32" ? "promptops.exe" : "promptops";
  return [...environments, ...selected, ...search].map((folder) => join(folder, name));
}

function isInWorkspace(file: string, around: Surroundings): boolean {
  const { relative, isAbsolute, sep } = pathsOf(around);
  const places = [file, around.realPath(file)];
  return around.folders.some((folder) =>
    [folder, around.realPath(folder)].some((root) =>
      places.some((place) => {
        const inside = relative(root, place);
        return inside !== ".." && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
      }),
    ),
  );
}

function pathsOf(around: Surroundings): path.PlatformPath {
  return around.platform === "win32" ? path.win32 : path.posix;
}
