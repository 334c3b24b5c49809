/** One HTTPS request, which ends at the deadline of its signal. Redirects must keep the scheme. */
import { TransportError } from "./errors";
import { secondsFrom } from "./server_time";
import { collected } from "./streams";

const MAX_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];
const GONE = [404, 410];

/** A response. */
export interface Page {
  /** Undefined if it is unchanged since the etag that was sent. */
  readonly data: Uint8Array | undefined;
  readonly etag: string | undefined;
}

/** Downloads from an address, at most `largest` bytes; undefined if it does not exist. Throws a TransportError. */
export async function get(
  url: string,
  largest: number,
  signal: AbortSignal,
  etag: string | undefined,
): Promise<Page | undefined> {
  try {
    const response = await answerOf(url, signal, etag);
    if (response.status === 304 && etag !== undefined) return { data: undefined, etag };
    if (GONE.includes(response.status)) return await left(response, undefined);
    if (!response.ok) throw await left(response, failure(response, url));
    const data = response.body === null ? new Uint8Array() : await collected(response.body, largest);
    if (data === undefined) throw new Error(`there are more than ${largest} bytes`);
    return { data, etag: response.headers.get("etag") ?? undefined };
  } catch (error) {
    if (error instanceof TransportError) throw error;
    throw new TransportError(signal.aborted ? "no answer in time" : `no answer: ${reasonOf(error)}`, { where: url });
  }
}

async function answerOf(url: string, signal: AbortSignal, etag: string | undefined): Promise<Response> {
  const headers = {
    "Accept-Encoding": "gzip",
    "User-Agent": "promptops",
    ...(etag === undefined ? {} : { "If-None-Match": etag }),
  };
  let here = new URL(url);
  for (let count = 0; ; count++) {
    const response = await fetch(here, { headers, signal, redirect: "manual" });
    if (response.type === "opaqueredirect") throw new Error("it redirects, and browsers hide to where");
    const location = response.headers.get("location");
    if (location === null || !REDIRECTS.includes(response.status) || count === MAX_REDIRECTS) return response;
    const there = await left(response, new URL(location, here)); // its body may be endless
    if (there.protocol !== here.protocol)
      throw new TransportError("the server redirects to another scheme", { where: here.href });
    if (there.protocol === "http:" && there.hostname !== here.hostname)
      throw new TransportError("the server redirects to another machine", { where: here.href });
    here = there;
  }
}

/** The result, after the body was given up. */
async function left<T>(response: Response, result: T): Promise<T> {
  await response.body?.cancel().catch(() => undefined);
  return result;
}

/** With the time to wait, by the server's clock if it sends one; ours may be wrong. */
function failure({ status, headers }: Response, where: string): TransportError {
  const sent = secondsFrom(headers.get("date") ?? "", 0);
  const wait = secondsFrom(headers.get("retry-after") ?? "", sent || Date.now() / 1000);
  return new TransportError(`the server answered with status ${status}`, { where }, wait);
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return (cause instanceof Error && cause.message) || code || String(error);
}
