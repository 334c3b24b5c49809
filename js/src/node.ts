/** What Node, Deno and Bun have, and browsers and Workers lack: variables of the environment, and files. */
import { UsageError } from "./errors";

const runtime: Partial<NodeJS.Process> | undefined = globalThis.process;

/** A variable of the environment; undefined if it is not set. */
export function variable(name: string): string | undefined {
  return runtime?.env?.[name];
}

/** Whether a variable turns something on. */
export function isSet(name: string): boolean {
  return !["", "0", "false", "no"].includes((variable(name) ?? "").toLowerCase());
}

export type NodeModules = NonNullable<ReturnType<typeof nodeModules>>;

/** Node's modules, which are not imported: a bundler for browsers would not find them. Undefined elsewhere. */
export function nodeModules() {
  const get = runtime?.getBuiltinModule;
  if (get === undefined || runtime?.cwd === undefined) return undefined;
  const { cwd, pid = 0, platform = "" } = runtime;
  const [fs, path, os, crypto] = [get("node:fs"), get("node:path"), get("node:os"), get("node:crypto")];
  return { fs, path, os, crypto, cwd, pid, platform, user: runtime.geteuid?.() };
}

/** Node's modules; throws a UsageError where there are none. */
export function needed(what: string): NodeModules {
  const found = nodeModules();
  if (found !== undefined) return found;
  throw new UsageError(`${what} needs files, which this JavaScript runtime lacks`, {
    hint: "give the address of a site: https://…",
  });
}
