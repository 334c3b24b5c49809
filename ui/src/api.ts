/** Requests to the server of the workbench, which the token of the address allows. */

import type { CommandError, UiConflicts } from "./types";

const KEY = "promptops-token";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly errors: readonly CommandError[],
    /** Of status 409: what the page shows is not so any more. */
    readonly conflict: UiConflicts | null = null,
  ) {
    super(errors[0]?.message ?? `the workbench answered with status ${status}`);
  }

  /** The server did not answer, or not completely: nobody knows what it did. */
  get isLost(): boolean {
    return this.status === 0;
  }

  /** The present text of a box that was edited meanwhile; null of another error. */
  get otherText(): string | null {
    return this.conflict?.kind === "text" ? this.conflict.text : null;
  }

  get hint(): string | null {
    return this.errors[0]?.hint ?? null;
  }

  /** The file that it is about, or null. */
  get where(): string | null {
    return this.errors[0]?.where ?? null;
  }
}

/** Moves the token of the address, if there is one, into the session: the address can be shown to others. */
export function takeToken(): boolean {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (token !== undefined) {
    sessionStorage.setItem(KEY, token);
    history.replaceState(null, "", location.pathname);
  }
  return token !== undefined;
}

export function hasToken(): boolean {
  return sessionStorage.getItem(KEY) !== null;
}

export async function get<T>(path: string): Promise<T> {
  return received<T>(await request(path, {}));
}

export async function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return received<T>(await request(path, sent(body, signal)));
}

/** Sends something while the page is left, when nobody reads the answer. */
export function postAtEnd(path: string, body: unknown): void {
  void request(path, { ...sent(body), keepalive: true }).catch(() => undefined);
}

interface Streamed<T> {
  readonly text?: { readonly number: number; readonly piece: string };
  readonly note?: string;
  readonly result?: T;
  readonly error?: { readonly errors: ApiError["errors"] };
}

/** Receives what arrives before the result. */
export interface Arriving {
  readonly text?: (number: number, piece: string) => void;
  readonly note: (line: string) => void;
}

/** The result of calls of models, which arrives last; raises ApiError if there is none. */
export async function streamed<T>(path: string, body: object, signal: AbortSignal, arriving: Arriving): Promise<T> {
  for await (const { text, note, result, error } of postLines<Streamed<T>>(path, body, signal)) {
    if (result !== undefined) {
      return result;
    }
    if (error !== undefined) {
      throw new ApiError(500, error.errors);
    }
    if (text !== undefined) {
      arriving.text?.(text.number, text.piece);
    }
    if (note !== undefined) {
      arriving.note(note);
    }
  }
  throw new ApiError(500, [{ message: "the answer ended early", hint: null, where: null, place: null }]);
}

/** The objects of an answer with one on each line, as they arrive. */
async function* postLines<T>(path: string, body: unknown, signal: AbortSignal): AsyncGenerator<T> {
  const { body: stream } = await request(path, sent(body, signal));
  if (stream === null) {
    return;
  }
  let rest = "";
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  const next = () => complete(reader.read());
  for (let read = await next(); !read.done; read = await next()) {
    const lines = (rest + read.value).split("\n");
    rest = lines.pop() ?? "";
    yield* await complete(Promise.resolve(lines).then((all) => parsed<T>(all)));
  }
  yield* await complete(Promise.resolve([rest]).then((all) => parsed<T>(all)));
}

function parsed<T>(lines: readonly string[]): T[] {
  return lines.filter((line) => line.trim() !== "").map((line) => JSON.parse(line) as T);
}

function received<T>(response: Response): Promise<T> {
  return complete(response.json() as Promise<T>);
}

/** What is read; raises ApiError if the connection or the process ends in the middle of it. */
async function complete<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (isAborted(error)) {
      throw error;
    }
    throw failed("the answer of the workbench is not complete");
  }
}

function sent(body: unknown, signal?: AbortSignal): RequestInit {
  const headers = { "Content-Type": "application/json" };
  return { method: "POST", headers, body: JSON.stringify(body), ...(signal && { signal }) };
}

async function request(path: string, options: RequestInit): Promise<Response> {
  const headers = { ...options.headers, Authorization: `Bearer ${sessionStorage.getItem(KEY) ?? ""}` };
  let response: Response;
  try {
    response = await fetch(path, { ...options, headers, cache: "no-store" });
  } catch (error) {
    if (isAborted(error)) {
      throw error;
    }
    throw failed("the workbench does not answer; this page tries again until it does");
  }
  if (!response.ok) {
    throw await refused(response);
  }
  return response;
}

async function refused(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as Partial<UiConflicts>;
  if (response.status === 401) {
    return failed("`promptops ui` was started anew, and has another address now", RESTARTED, 401);
  }
  return new ApiError(response.status, body.errors ?? [], body.kind === undefined ? null : (body as UiConflicts));
}

const STOPPED =
  "if `promptops ui` was stopped in the terminal, copy from here what you did not save, start it again, and open the " +
  "address that it prints";
const RESTARTED = "copy from here what you did not save, and paste the address that it printed last into this tab";

function failed(message: string, hint = STOPPED, status = 0): ApiError {
  return new ApiError(status, [{ message, hint, where: null, place: null }]);
}

export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
