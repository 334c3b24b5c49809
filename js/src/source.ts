/** What all sources of bundles have in common. */
import type { Bundle } from "./bundle";
import { type Version, parseVersion, versionText } from "./refs";
import type { Trust } from "./trust";

/** A release of a source. */
export interface Listed {
  /** The name of its tag; null in a bundle of a revision that is not a release. */
  readonly release: string | null;
  /** Undefined if the data of the source does not contain it. */
  readonly version: Version | undefined;
  /** SHA-256 in hexadecimal of its bundle; undefined if the source does not name it. */
  readonly digest: string | undefined;
}

/** The release that a channel serves. */
export interface Pointer {
  readonly release: string;
  readonly digest: string;
  /** Increases with each change of the channel. */
  readonly serial: bigint;
}

/** A bundle from its source. */
export interface Delivery {
  readonly bundle: Bundle;
  readonly data: Uint8Array;
  /** The signature; undefined without a trust store. */
  readonly proof: Uint8Array | undefined;
}

/**
 * A place with releases. Requests to another machine end at the deadline of the signal.
 *
 * Errors: TransportError if there is no answer, IntegrityError for one that is not trustworthy, NotFound for no source.
 */
export interface BundleSource {
  /** The name of the source in messages, unique among sources. */
  readonly where: string;
  /** Whether the source may be unreachable. */
  readonly remote: boolean;
  /** The releases by the name of their tags; a bundle that is not a release by its commit. */
  releases(signal: AbortSignal): Promise<ReadonlyMap<string, Listed>>;
  /** What a channel serves; undefined if there is no such channel. */
  channel(name: string, signal: AbortSignal): Promise<Pointer | undefined>;
  /** The names of channels; undefined if this kind of source has none. */
  channels(signal: AbortSignal): Promise<readonly string[] | undefined>;
  /** The bundle of a release; with `trust`, only if one of these signers signed it. */
  bundle(listed: Listed, trust: Trust | undefined, signal: AbortSignal): Promise<Delivery>;
}

/** The version at the end of a tag's name; undefined if it has none. */
export function versionIn(release: string): Version | undefined {
  for (const { index } of release.matchAll(/(?<![0-9])[0-9]/g)) {
    const version = parseVersion(release.slice(index));
    if (version !== undefined) return version;
  }
  return undefined;
}

/** Whether a tag of that name can belong to a version; protects against false claims. */
export function canBe(release: string, version: Version): boolean {
  const text = versionText(version).replace(/[.-]/g, "\\$&");
  return new RegExp(`(?<![0-9.])${text}(?![0-9.])`).test(release);
}

/** An address without its password. */
export function shown(where: string): string {
  return where.replace(/(?<=:\/\/)[^/\s]*@/g, "");
}
