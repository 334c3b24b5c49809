/** What all pages know: the session, the page that is shown, and what went wrong last. */

import { batch, computed, signal } from "@preact/signals";
import { ApiError, get, isAborted } from "./api";
import type { UiChange, UiSession } from "./types";

export const session = signal<UiSession | null>(null);
export const problem = signal<ApiError | null>(null);
/** The changes, as they were read last; null before. */
export const change = signal<UiChange | null>(null);
/** Paths of files with changes that are saved nowhere. */
export const pending = signal<readonly string[]>([]);
/** Increases when pages read again what they show: the window has the focus, or the server is back. */
export const again = signal(0);

/** Waits this long before a server that did not answer is tried again. */
export const RETRY_MS = 3000;
/** The first page comes before the number of unsaved files, for which the server compares all. */
const PENDING_MS = 1500;

const hash = signal(location.hash);
window.addEventListener("hashchange", () => {
  hash.value = location.hash;
});
window.addEventListener("focus", () => {
  again.value += 1;
});

export interface Route {
  readonly page: string;
  readonly id: string;
  /** The test case to show; null for none. */
  readonly name: string | null;
}

/** `#/prompt/support/triage?case=NAME` is the page `prompt` of the id `support/triage`, with this case. */
export const route = computed(() => routeOf(hash.value));

/** What can't be decoded is the catalog. */
export function routeOf(address: string): Route {
  const [, page = "", id = "", name] = /^#\/([a-z]*)\/?([^?]*)(?:\?case=(.*))?$/.exec(address) ?? [];
  try {
    return { page, id: decodeURIComponent(id), name: name === undefined ? null : decodeURIComponent(name) };
  } catch {
    return { page: "", id: "", name: null };
  }
}

export function address(page: string, id = "", name: string | null = null): string {
  const parts = id.split("/").map(encodeURIComponent);
  const shown = name === null ? "" : `?case=${encodeURIComponent(name)}`;
  return `#/${[page, ...(id === "" ? [] : parts)].join("/")}${shown}`;
}

/** The profile that answers unless a person chooses another: that of the prompt, else the first one. */
export function presetProfile(profiles: UiSession["profiles"], own: string | null): string {
  const found = profiles.find(({ name }) => name === own) ?? profiles[0];
  return found?.name ?? "";
}

export async function openSession(): Promise<void> {
  await reporting(async () => {
    session.value = await get<UiSession>("/api/session");
  });
  setTimeout(() => void reporting(readChange), PENDING_MS);
}

/** The numbers of the last read of the changes, and of the one that is shown. */
let reads = 0;
let shown = 0;

/** Reads the changes; only their own page needs the cases that do not pass, which takes longer. */
export async function readChange(): Promise<void> {
  const number = (reads += 1);
  const found = await get<UiChange>(`/api/change${route.value.page === "change" ? "?failing=1" : ""}`);
  if (number < shown) {
    return;
  }
  shown = number;
  batch(() => {
    change.value = found;
    pending.value = found.saved === null ? found.files.map(({ path }) => path) : [];
  });
}

/** Does something; what fails is shown at the top of the page. */
export async function reporting(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isAborted(error)) {
      return;
    }
    if (!(error instanceof ApiError)) {
      throw error;
    }
    problem.value = error;
    if (error.isLost) {
      void untilBack();
    }
  }
}

/** Does what a person started: what went wrong before is of the past. */
export async function acting(work: () => Promise<void>): Promise<void> {
  problem.value = null;
  await reporting(work);
}

let isWaiting = false;

/** Tries until the server answers; then the pages read again. */
async function untilBack(): Promise<void> {
  if (isWaiting) {
    return;
  }
  isWaiting = true;
  let failure: unknown = problem.value;
  while (failure instanceof ApiError && failure.isLost) {
    await new Promise((passed) => setTimeout(passed, RETRY_MS));
    failure = await get<UiSession>("/api/session").then(
      (found) => {
        session.value = found;
      },
      (error: unknown) => error,
    );
  }
  isWaiting = false;
  problem.value = failure instanceof ApiError ? failure : null;
  again.value += 1;
}
