/** Finds the program that runs the language server. No import of `vscode`, so that tests can run it. */

import * as path from "node:path";

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Where it starts; undefined where VS Code itself started. */
  readonly cwd: string | undefined;
  /** The value of `PATH` that it gets. */
  readonly searchPath: string;
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

/** The command that starts the language server, or undefined if there is none. */
export function serverCommand(around: Surroundings): ServerCommand | undefined {
  return around.trusted ? trustedCommand(around) : untrustedCommand(around);
}

function trustedCommand(around: Surroundings): ServerCommand | undefined {
  const [program, ...args] = around.configured;
  const command = program ?? candidates(around).find((file) => around.isProgram(file));
  const { searchPath, folders } = around;
  return command === undefined ? undefined : { command, args: [...args, "lsp"], cwd: folders[0], searchPath };
}

/**
 * In an untrusted workspace only promptops itself is started, by its absolute path outside of the
 * workspace, without arguments. Anything else may run code of the repository: `uv run`, for
 * example, builds the project of the folder where it starts. So nothing starts in the workspace,
 * and no program of it is found through `PATH`, such as a `git`.
 */
function untrustedCommand(around: Surroundings): ServerCommand | undefined {
  const { isAbsolute, basename, dirname, delimiter } = pathsOf(around);
  const isOutside = (file: string): boolean => isAbsolute(file) && !isInWorkspace(file, around);
  const configured = around.configured.length === 1 ? around.configured : [];
  const command = [...configured, ...candidates(around)].find(
    (file) => basename(file) === nameOf(around) && isOutside(file) && around.isProgram(file),
  );
  const searchPath = around.searchPath.split(delimiter).filter(isOutside).join(delimiter);
  return command === undefined ? undefined : { command, args: ["lsp"], cwd: dirname(command), searchPath };
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
  return [...environments, ...selected, ...search].map((folder) => join(folder, nameOf(around)));
}

function nameOf(around: Surroundings): string {
  return around.platform === "win32" ? "promptops.exe" : "promptops";
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
