/** Resolves a ref to a bundle: its current meaning at a source, or the last known one. */
import type { Bundle } from "./bundle";
import type { BundleCache } from "./cache";
import { IntegrityError, NotFound, TransportError, UsageError, quoted } from "./errors";
import { type Ref, type Version, compareVersions, highest, parseRef, parseVersion } from "./refs";
import { type BundleSource, type Delivery, type Listed, canBe, shown, versionIn } from "./source";
import { nearestChannel } from "./suggestions";
import { type Trust, verify } from "./trust";

const MAX_SERIAL_STEP = 1440n;
const MAX_REMEMBERED = 1_024;
const SHOWN = 8;

/** The highest serial of a channel and the digest of its bundle, by source and channel; also without a cache. */
const SERIALS = new Map<string, readonly [serial: bigint, digest: string]>();

/** Keys of trust stores, each with the digest of a bundle that one of its signers signed. */
const VERIFIED = new Map<string, true>();

/** The current meaning of a ref. */
interface Choice {
  readonly listed: Listed;
  /** What the channel serves, if the ref names one. */
  readonly serial?: bigint;
}

/** One ref at one source, with or without trusted signers. */
export class RefResolver {
  readonly where: string;
  /** Whether the source may be unreachable. */
  readonly remote: boolean;
  /** Whether the ref always means the same bundle. */
  readonly fixed: boolean;
  private readonly ref: Ref | undefined;
  private readonly text: string;
  private trust: Trust | undefined;
  /** Whether `trust` is known: without it nothing may be taken from the cache. */
  private hasReadTrust = false;
  /** The last bundle, and the trust store that accepted it: after a failed query, the bundle may outlast it. */
  private accepted: { readonly bundle: Bundle; readonly key: string | undefined } | undefined;
  private opened: { readonly cache: BundleCache | undefined } | undefined;

  /** Throws a UsageError for an invalid ref. `readTrust` is called for each query, `openCache` once. */
  constructor(
    private readonly source: BundleSource,
    ref: string | undefined,
    private readonly readTrust: () => Promise<Trust | undefined>,
    private readonly openCache: () => BundleCache | undefined,
    private readonly offline: boolean,
  ) {
    this.ref = ref === undefined ? undefined : parseRef(ref);
    this.text = ref ?? "";
    this.where = shown(source.where);
    this.remote = source.remote;
    this.fixed = this.ref?.kind === "Exact" || this.ref?.kind === "Digest";
  }

  /** The bundle that the ref means now; `current` itself if that is still right. */
  async ask(current: Bundle | undefined, signal: AbortSignal): Promise<Bundle> {
    this.trust = await this.readTrust(); // it may have changed
    this.hasReadTrust = true;
    const isAccepted = this.accepted?.bundle === current && this.accepted?.key === this.trust?.key;
    const usable = isAccepted ? current : undefined;
    const kept = this.fixed ? await this.lastGood() : undefined;
    if (kept !== undefined) return kept;
    if (this.offline && this.remote) {
      const hint = "nothing is cached: load it once with access to the source";
      throw new TransportError("PROMPTOPS_OFFLINE is set", { where: this.where, hint });
    }
    const choice = await this.choose(usable, signal);
    const bundle = await this.loaded(choice, usable, signal);
    await this.remember(choice, bundle.digest);
    return this.accept(bundle);
  }

  /** The last known bundle of the ref, marked stale if the meaning of the ref can change. */
  async lastGood(): Promise<Bundle | undefined> {
    if (!this.remote || !this.hasReadTrust) return undefined;
    const digest = this.ref?.kind === "Digest" ? this.ref.sha256 : await this.known(this.text);
    const bundle = digest === undefined ? undefined : await this.kept(digest);
    if (bundle === undefined || !this.canMean(bundle.release)) return undefined;
    const pointer = await this.cache?.pointer(...this.key(this.text));
    bundle.channel = pointer?.channel === true ? this.text : null;
    bundle.stale = !this.fixed;
    return this.accept(bundle);
  }

  private accept(bundle: Bundle): Bundle {
    this.accepted = { bundle, key: this.trust?.key };
    return bundle;
  }

  private get cache(): BundleCache | undefined {
    this.opened ??= { cache: this.openCache() };
    return this.opened.cache;
  }

  private async choose(current: Bundle | undefined, signal: AbortSignal): Promise<Choice> {
    if (this.ref?.kind === "NamedRef") {
      const pointer = await this.source.channel(this.text, signal);
      if (pointer !== undefined) {
        const { release, digest, serial } = pointer;
        this.refuseSerial(serial);
        return { listed: { release, version: undefined, digest }, serial };
      }
    }
    try {
      return { listed: await selected(this.source, this.ref, this.text, signal) };
    } catch (error) {
      const isRange = error instanceof NotFound && this.ref?.kind === "Highest";
      if (!isRange || !(current ?? (await this.known(this.text)))) throw error;
      // The range matched a release before, so it has no typing error.
      throw new TransportError(`no release matches ${quoted(this.text)} any more`, { where: this.where });
    }
  }

  /** Whether the ref can mean this release; the cached pointer alone does not prove it. */
  private canMean(release: string | null): boolean {
    const version = versionIn(release ?? "");
    if (this.ref?.kind === "Highest") return version === undefined || highest(this.ref.range, [version]) !== undefined;
    if (this.ref?.kind !== "Exact" || release === this.text) return true;
    const named = parseVersion(this.text.replace(/^v/, ""));
    return named !== undefined && canBe(release ?? "", named);
  }

  private refuseSerial(serial: bigint): void {
    const key = [this.source.where, this.text];
    const [cached, last] = [this.cache?.serial(...key) ?? 0n, SERIALS.get(JSON.stringify(key))?.[0] ?? 0n];
    const seen = cached > last ? cached : last;
    const channel = `channel ${quoted(this.text)}`;
    const reset = `if this is intended: promptops doctor --reset-channel ${this.text}`;
    if (serial < seen) {
      const hint = `to go back, use \`promptops rollback\`, which increases the serial; ${reset}`;
      throw new IntegrityError(`${channel} went back from serial ${seen} to ${serial}`, { where: this.where, hint });
    }
    if (seen !== 0n && serial - seen > MAX_SERIAL_STEP) {
      const hint = `the limit is ${MAX_SERIAL_STEP} changes at once; ${reset}`;
      throw new IntegrityError(`${channel} jumped from serial ${seen} to ${serial}`, { where: this.where, hint });
    }
  }

  /** A serial always means one bundle. */
  private async refuseAnother(serial: bigint, digest: string): Promise<void> {
    const channel = [this.source.where, this.text] as const;
    const key = [...channel, "serial", String(serial)];
    const kept = (await this.cache?.pointer(...key))?.bundle;
    const [last, ofLast] = SERIALS.get(JSON.stringify(channel)) ?? [0n, ""];
    const known = serial === last ? ofLast : typeof kept === "string" ? kept : digest;
    if (serial >= last) addNewest(SERIALS, JSON.stringify(channel), [serial, known] as const);
    if (digest !== known) {
      const message = `channel ${quoted(this.text)} names a different release with the same serial ${serial}`;
      const hint = "change channels by `promptops promote` and `promptops rollback` only";
      throw new IntegrityError(message, { where: this.where, hint });
    }
    await this.cache?.keepPointer({ bundle: digest, of: this.cache.keyName(...channel) }, ...key);
  }

  private async loaded({ listed, serial }: Choice, current: Bundle | undefined, signal: AbortSignal): Promise<Bundle> {
    if (current !== undefined && current.release === listed.release) {
      if (listed.digest === undefined || listed.digest === current.digest) return current;
      throw this.moved(listed);
    }
    const bundle = await this.found(listed, signal);
    bundle.channel = serial === undefined ? null : this.text;
    return bundle;
  }

  private async found(listed: Listed, signal: AbortSignal): Promise<Bundle> {
    const known = await this.known(listed.release ?? "");
    if (known && listed.digest && known !== listed.digest) throw this.moved(listed);
    const digest = listed.digest ?? known;
    const kept = digest !== undefined && this.remote ? await this.kept(digest) : undefined;
    const bundle = kept ?? (await this.fetched(listed, digest, signal));
    if (bundle.release === listed.release) return bundle;
    const actual = bundle.release === null ? "None" : quoted(bundle.release);
    const message = `the bundle of ${quoted(listed.release ?? "")} contains the release ${actual}`;
    throw new IntegrityError(message, { where: this.where });
  }

  private async fetched(listed: Listed, digest: string | undefined, signal: AbortSignal): Promise<Bundle> {
    const delivery = await this.source.bundle(listed, this.trust, signal);
    if (digest !== undefined && digest !== delivery.bundle.digest) throw this.moved(listed);
    await this.keep(delivery);
    return delivery.bundle;
  }

  private async keep({ bundle: { digest }, data, proof }: Delivery): Promise<void> {
    if (this.trust !== undefined) addNewest(VERIFIED, `${this.trust.key} ${digest}`, true);
    if (!this.remote) return;
    await this.cache?.keepBundle(digest, data);
    if (proof !== undefined) await this.cache?.keepProof(proof, digest, ...this.key("proof"));
  }

  /**
   * The cached bundle; with `trust`, only if its signature is cached and still valid.
   *
   * The signature is verified once per process, because another user may have written the cache.
   */
  private async kept(digest: string): Promise<Bundle | undefined> {
    const found = await this.cache?.bundle(digest);
    const trust = this.trust;
    if (found === undefined || trust === undefined || VERIFIED.has(`${trust.key} ${digest}`)) return found?.bundle;
    const signature = await this.cache?.proof(digest, ...this.key("proof"));
    try {
      await verify({ data: found.data, signature, where: this.where }, trust);
    } catch (error) {
      if (error instanceof IntegrityError) return undefined;
      throw error;
    }
    addNewest(VERIFIED, `${trust.key} ${digest}`, true);
    return found.bundle;
  }

  /** The last known digest of the ref, for clients with the same trusted signers. */
  private async known(ref: string): Promise<string | undefined> {
    const digest = this.remote ? (await this.cache?.pointer(...this.key(ref)))?.bundle : undefined;
    return typeof digest === "string" ? digest : undefined;
  }

  private moved({ release }: Listed): IntegrityError {
    const message = `the bundle of ${quoted(release ?? "")} differs from the one loaded before, or from the expected digest`;
    return new IntegrityError(message, { where: this.where, hint: "a release never changes: create a new one" });
  }

  /** Caches the meaning of the ref, after the bundle was loaded successfully. */
  private async remember({ listed, serial }: Choice, digest: string): Promise<void> {
    if (serial !== undefined) {
      this.refuseSerial(serial); // another process may know a higher one now
      await this.refuseAnother(serial, digest);
      this.cache?.keepSerial(serial, this.source.where, this.text);
    }
    if (!this.remote || this.cache === undefined) return;
    await this.cache.keepPointer({ bundle: digest }, ...this.key(listed.release ?? ""));
    const of = this.cache.keyName(this.source.where, this.text);
    await this.cache.keepPointer({ bundle: digest, channel: serial !== undefined, of }, ...this.key(this.text));
  }

  private key(ref: string): [string, string, string] {
    return [this.source.where, ref, this.trust?.key ?? ""];
  }
}

/** The oldest are forgotten: they are on disk, or are verified again. */
function addNewest<T>(known: Map<string, T>, key: string, value: T): void {
  known.delete(key);
  known.set(key, value);
  const [oldest = key] = known.keys();
  if (known.size > MAX_REMEMBERED) known.delete(oldest);
}

// Selects the release that a ref means; the error for an unknown ref lists what exists.

/** Without a ref, the release of a bundle file. Throws a UsageError without a ref for another source, or NotFound. */
async function selected(
  source: BundleSource,
  ref: Ref | undefined,
  text: string,
  signal: AbortSignal,
): Promise<Listed> {
  const releases = await source.releases(signal);
  const channels = await source.channels(signal);
  const where = shown(source.where);
  if (ref === undefined) {
    const [only] = releases.values();
    if (channels === undefined && only !== undefined) return only;
    const message = "name a release: there is no implicit latest one";
    throw new UsageError(message, { where, hint: existing(releases, channels) });
  }
  const found = matching(releases, ref, text);
  if (found !== undefined) return found;
  const near = ref.kind === "NamedRef" ? ofChannel(text, channels) : "";
  throw new NotFound(`there is no ${quoted(text)}`, { where, hint: `${near}${existing(releases, channels)}` });
}

function matching(releases: ReadonlyMap<string, Listed>, ref: Ref, text: string): Listed | undefined {
  const all = [...releases.values()];
  if (ref.kind === "Digest") return all.find(({ digest }) => digest === ref.sha256);
  const versions = all.map(({ version }) => version).filter((version) => version !== undefined);
  const named = ref.kind === "Highest" ? undefined : releases.get(text);
  const version = ref.kind === "Highest" ? highest(ref.range, versions) : parseVersion(text.replace(/^v/, ""));
  return named ?? all.find((each) => version && each.version && compareVersions(each.version, version) === 0);
}

function ofChannel(name: string, channels: readonly string[] | undefined): string {
  if (channels === undefined) return "a bundle has no channels: name a repository or a site, or a release; ";
  const near = nearestChannel(name, channels);
  return near === undefined ? "" : `did you mean \`${near}\`? `;
}

/** A list of the channels and the highest releases. */
function existing(releases: ReadonlyMap<string, Listed>, channels: readonly string[] = []): string {
  const listed = [...releases.values()].sort(byVersion);
  const found = [...channels].sort().map(quoted);
  found.push(...listed.map(({ release, digest }) => quoted(release ?? `sha256:${digest}`)));
  const most = channels.length + SHOWN;
  const more = found.length > most ? ` and ${(found.length - most).toLocaleString("en")} more` : "";
  return found.length ? `there is ${found.slice(0, most).join(", ")}${more}` : "there are no releases";
}

/** The highest first, those without a version last. */
function byVersion(left: Listed, right: Listed): number {
  const order = (one: Version | undefined, other: Version | undefined): number =>
    one && other ? compareVersions(other, one) : Number(!one) - Number(!other);
  return order(left.version, right.version) || ((left.release ?? "") < (right.release ?? "") ? 1 : -1);
}
