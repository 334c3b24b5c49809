/** What all pages know: the session, the page that is shown, and what went wrong last. */

import { computed, signal } from "@preact/signals";
import { ApiError, get, isAborted } from "./api";
import type { UiChange, UiSession } from "./types";

export const session = signal<UiSession | null>(null);
export const problem = signal<ApiError | null>(null);
/** Paths of files with changes that are not saved. */
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
}

/** `#/prompt/support/triage` is the page `prompt` of the id `support/triage`. */
export const route = computed(() => routeOf(hash.value));

/** What can't be decoded is the catalog. */
export function routeOf(address: string): Route {
  const [, page = "", id = ""] = /^#\/([a-z]*)\/?(.*)$/.exec(address) ?? [];
  try {
    return { page, id: decodeURIComponent(id) };
  } catch {
    return { page: "", id: "" };
  }
}

export function address(page: string, id = ""): string {
  const parts = id.split("/").map(encodeURIComponent);
  return `#/${[page, ...(id === "" ? [] : parts)].join("/")}`;
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
  setTimeout(() => void reporting(readPending), PENDING_MS);
}

export async function readPending(): Promise<void> {
  const { files } = await get<UiChange>("/api/change");
  pending.value = files.map(({ path }) => path);
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
