/** The bundle of a ref in memory. A caller who has one never waits: it starts a query, and others profit from it. */
import { Bundle } from "./bundle";
import { IntegrityError, PromptopsError, TransportError, UsageError, quoted } from "./errors";
import type { RefResolver } from "./resolver";

const LOCAL_QUERY_S = 60; // for a source on this machine, which may have work to do
const MAX_FAILURE_S = 60; // the longest time without a query after a remote source had no bundle
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Failure {
  readonly error: Error;
  readonly at: number;
  readonly timeout: number;
}

/** The bundle that one ref means. */
export class Snapshot {
  private bundle: Bundle | undefined;
  private queriedAt = -Infinity;
  private query: Promise<Bundle | Error> | undefined;
  private failure: Failure | undefined;
  private lastWarning = "";
  private readonly polling = new Polling();

  constructor(private readonly resolver: RefResolver) {}

  /**
   * The bundle; at once if it was loaded before.
   *
   * `refresh` are the seconds after which the source is queried again, varied by `Polling`; a failure of a remote source
   * is remembered for the same time, at most MAX_FAILURE_S or as long as the source asks clients to wait. `timeout` are
   * the seconds that a remote source may take.
   */
  async get(refresh: number, timeout: number): Promise<Bundle> {
    if (this.bundle === undefined) return this.first(refresh, timeout);
    if (this.query === undefined && this.queriedAt + this.polling.wait(refresh) <= now()) void this.start(timeout);
    return this.bundle;
  }

  /** Waits for the answer of the source, together with all other callers. */
  private async first(refresh: number, timeout: number): Promise<Bundle> {
    const failure = this.failure;
    const wait = this.polling.hold(Math.min(refresh, MAX_FAILURE_S));
    if (failure !== undefined && timeout <= failure.timeout && now() < failure.at + wait) throw failure.error;
    const outcome = await (this.query ?? this.start(timeout));
    if (outcome instanceof Bundle) return outcome;
    throw outcome;
  }

  private start(timeout: number): Promise<Bundle | Error> {
    this.queriedAt = now();
    const seconds = this.resolver.remote ? timeout : LOCAL_QUERY_S;
    const ends = new AbortController();
    const timer = setTimeout(() => ends.abort(), Math.min(seconds * 1000, LONGEST_TIMER_MS));
    timer.unref?.(); // a program that ends does not wait for it
    this.query = this.ask(ends.signal, timeout).finally(() => {
      clearTimeout(timer);
      this.query = undefined;
    });
    return this.query;
  }

  /** The bundle of now, or the last good one if there was none in memory; or else the error. */
  private async ask(signal: AbortSignal, timeout: number): Promise<Bundle | Error> {
    const before = this.bundle;
    const outcome = await Promise.race([this.resolver.ask(before, signal).catch(asError), this.tooLate(signal)]);
    if (outcome instanceof Bundle) return this.succeeded(outcome);
    this.polling.failed(outcome instanceof TransportError ? outcome.retryAfterSeconds : 0);
    const canGoBack = outcome instanceof TransportError || outcome instanceof IntegrityError;
    if (outcome instanceof UsageError)
      this.bundle = undefined; // it no longer exists: the next caller gets the error
    else if (before !== undefined) before.stale = true;
    else if (canGoBack) this.bundle = await this.resolver.lastGood().catch(() => undefined);
    if (this.bundle !== undefined) this.warn(outcome, this.bundle);
    else if (before === undefined && this.resolver.remote) this.failure = { error: outcome, at: now(), timeout };
    return this.bundle ?? outcome;
  }

  /** The error at the deadline, also for a `fetch` that ignores the signal. */
  private tooLate(signal: AbortSignal): Promise<Error> {
    const error = new TransportError("no answer in time", { where: this.resolver.where });
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve(error), { once: true });
    });
  }

  private succeeded(bundle: Bundle): Bundle {
    if (this.bundle !== undefined || this.failure !== undefined) this.polling.succeeded();
    bundle.stale = false;
    [this.bundle, this.lastWarning, this.failure] = [bundle, "", undefined];
    this.queriedAt = this.resolver.fixed ? Infinity : now();
    return bundle;
  }

  /** Once for each reason, until the source works again. */
  private warn(error: Error, { release, digest }: Bundle): void {
    const where = error instanceof PromptopsError && error.where ? `${error.where}: ` : "";
    const text = `${where}${error.message}`;
    if (text === this.lastWarning) return;
    this.lastWarning = text;
    console.warn(`promptops: ${text}; ${quoted(release ?? `sha256:${digest}`)} stays in use`);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Seconds on a clock that is never set. */
function now(): number {
  return performance.now() / 1000;
}

// When to query a source again: with jitter, so that replicas do not all do so at once

const JITTER = 0.2; // a wait differs from the interval by up to this share
const MAX_BACKOFF = 10; // the longest wait after failures, in intervals
const MAX_RETRY_AFTER_S = 3600; // the longest wait that a source can require

/** How long to wait before a source is queried again. */
export class Polling {
  private failures = 0;
  private holding = 1;
  private retryAfter = 0;
  private intervals: number;

  /** `random` returns numbers of at least 0 and below 1. */
  constructor(private readonly random: () => number = Math.random) {
    this.intervals = random(); // many replicas start together
  }

  /** Seconds to wait after the last answer; after each failure they double, up to MAX_BACKOFF intervals. */
  wait(interval: number): number {
    return Math.max(this.intervals * interval, this.retryAfter);
  }

  /** Seconds to wait after a failure, for a program that has no bundle in the meantime. */
  hold(interval: number): number {
    return Math.max(this.holding * interval, this.retryAfter);
  }

  succeeded(): void {
    if (this.failures) [this.failures, this.retryAfter] = [0, 0];
    this.intervals = this.spread();
  }

  /** `retryAfter`: for how many seconds the source asks clients to wait. */
  failed(retryAfter = 0): void {
    this.failures += 1;
    this.intervals = Math.min(2 ** this.failures, MAX_BACKOFF) * this.spread();
    this.holding = 1 - JITTER * this.random();
    this.retryAfter = Math.min(Math.max(retryAfter, 0), MAX_RETRY_AFTER_S) * (1 + JITTER * this.random());
  }

  private spread(): number {
    return 1 - JITTER + 2 * JITTER * this.random();
  }
}
