/** The function for applications: `load`. */
import type { AnyPrompts, Bundle } from "./bundle";
import { openCache } from "./cache";
import { InputError, UsageError, quoted } from "./errors";
import { readRegular, reasonOf } from "./files";
import { isSet, needed, variable } from "./node";
import { RefResolver } from "./resolver";
import { Snapshot } from "./snapshots";
import { namedSource, noGit, opened } from "./sources";
import { MAX_SIGNERS_BYTES, type Trust, trustOf } from "./trust";

/** How `load` finds a bundle. */
export interface LoadOptions {
  /**
   * The folder of a site or a bundle file on this machine, `https://…` (a site), or `pkg:NAME`, a bundle or a site in an
   * installed package. The default is PROMPTOPS_SOURCE.
   */
  readonly source?: string | undefined;
  /**
   * The text of a file of allowed signers: a bundle that none of them signed is refused. The default is the file that
   * PROMPTOPS_TRUST names; without both, only the digest is verified.
   */
  readonly trust?: string | undefined;
  /** Seconds after which a channel or a range is resolved again, in the background; 60 by default. */
  readonly refreshSeconds?: number | undefined;
  /** Seconds for a source on another machine if nothing is loaded yet; 2 by default. */
  readonly timeoutSeconds?: number | undefined;
}

const REFRESH_S = 60;
const TIMEOUT_S = 2;
const MAX_REMEMBERED = 1_024; // refs whose bundles stay in memory
const VARIABLES = ["SOURCE", "TRUST", "OFFLINE", "CACHE", "OVERRIDE", "FROZEN"].map((name) => `PROMPTOPS_${name}`);
const loaded = new Map<string, Snapshot>();

/**
 * All prompts of one release, by id. Call it wherever prompts are needed: a loaded bundle stays in memory.
 *
 * `ref`: `v1.8.0`, exactly that release; `^1.2`, `~1.2.3`, `>=1,<2`, the highest matching release; `production`, the
 * release of that channel; `sha256:…`, a bundle by its content. Only a bundle file needs none: it has one release.
 *
 * `Prompts` are the types that `promptops stubs --format typescript` writes.
 *
 * Throws NotFound, UsageError, IntegrityError, TransportError and InputError as Python's `load`.
 */
export async function load<Prompts extends object = AnyPrompts>(
  ref?: string,
  options: LoadOptions = {},
): Promise<Bundle<Prompts>> {
  const { source, trust, refreshSeconds = REFRESH_S, timeoutSeconds = TIMEOUT_S } = options;
  const key = JSON.stringify([ref, source, trust, ...VARIABLES.map(variable)]);
  let snapshot = loaded.get(key);
  if (snapshot === undefined) {
    snapshot = open(ref, source, trust);
    const [oldest = key] = loaded.keys();
    if (loaded.size >= MAX_REMEMBERED) loaded.delete(oldest);
    loaded.set(key, snapshot);
  }
  const bundle: unknown = await snapshot.get(refreshSeconds, timeoutSeconds);
  return bundle as Bundle<Prompts>; // the caller's types describe it
}

function open(ref: string | undefined, source: string | undefined, trust: string | undefined): Snapshot {
  if (variable("PROMPTOPS_OVERRIDE")) {
    refuseWhereFrozen("PROMPTOPS_OVERRIDE is for development");
    const hint = "unset it, or build a bundle of the work tree: promptops build HEAD -o FILE";
    throw new UsageError("only Python reads a work tree: PROMPTOPS_OVERRIDE is set", { hint });
  }
  if (ref?.startsWith("git:")) {
    refuseWhereFrozen(`${quoted(ref)} is for development`);
    throw noGit(ref);
  }
  const from = opened(namedSource(source));
  return new Snapshot(new RefResolver(from, ref, trustReader(trust), openCache, isSet("PROMPTOPS_OFFLINE")));
}

function refuseWhereFrozen(message: string): void {
  if (isSet("PROMPTOPS_FROZEN")) throw new UsageError(message, { hint: "PROMPTOPS_FROZEN is set: load a release" });
}

/** Reads the trust store: the given text, or the file of now that PROMPTOPS_TRUST names. */
function trustReader(text: string | undefined): () => Promise<Trust | undefined> {
  if (text !== undefined) {
    let trust: Promise<Trust> | undefined;
    return () => (trust ??= givenTrust(text));
  }
  const file = variable("PROMPTOPS_TRUST");
  if (file === undefined) return async () => undefined;
  if (file.trim()) return () => fileTrust(file);
  // A deployment that lost its value must not trust everyone.
  const hint = "set it to a file of allowed signers, or remove it: unset PROMPTOPS_TRUST";
  throw new UsageError("`PROMPTOPS_TRUST` is set, and empty", { hint });
}

async function givenTrust(text: string): Promise<Trust> {
  const trust = await trustOf(text, "`trust`");
  if (trust.signers.length) return trust;
  const hint = "give the text of a file of allowed signers, and not its path; the keys must be ssh-ed25519";
  throw new UsageError("`trust` has no line of a key that can sign", { hint });
}

async function fileTrust(file: string): Promise<Trust> {
  const { fs, path, user } = needed("PROMPTOPS_TRUST");
  const where = path.resolve(file);
  let data: Uint8Array;
  try {
    const everyone = user !== undefined && fs.statSync(where).mode & 0o002; // Windows has no such modes
    data = await readRegular(where, MAX_SIGNERS_BYTES);
    if (everyone) {
      const message = "every user of this machine can change the allowed signers";
      throw new InputError(message, { where, hint: `chmod o-w ${file}` });
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`the allowed signers can't be read: ${reasonOf(error)}`, { where });
  }
  return trustOf(new TextDecoder("utf-8", { ignoreBOM: true }).decode(data), where);
}
