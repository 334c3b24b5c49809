/** Saving the changes that a page shows. */

import { signal } from "@preact/signals";
import { ApiError, post } from "./api";
import { acting, readChange, reporting } from "./session";
import { allSent } from "./tried_prompt";
import type { UiBranch, UiConflict, UiSaved } from "./types";

/** The branch that was made last, with the command that sends it to the others. */
export const branch = signal<UiBranch | null>(null);

/** One save at a time, and what came of it. `state` is that of the change that is shown. */
export class Saving {
  readonly isUnderWay = signal(false);
  /** The files that were written last; null before. */
  readonly paths = signal<readonly string[] | null>(null);
  /** The files that others changed, because of which nothing was saved. */
  readonly conflicts = signal<readonly UiConflict[]>([]);

  toFiles(state: string): Promise<void> {
    return this.save(async () => {
      this.paths.value = (await post<UiSaved>("/api/save", { state })).paths;
    });
  }

  toBranch(state: string, name: string, message: string): Promise<void> {
    return this.save(async () => {
      branch.value = await post<UiBranch>("/api/branch", { state, name, message });
    });
  }

  private async save(sent: () => Promise<void>): Promise<void> {
    if (this.isUnderWay.value) {
      return;
    }
    this.isUnderWay.value = true;
    this.conflicts.value = [];
    try {
      await acting(() => this.attempt(sent));
      await reporting(readChange);
    } finally {
      this.isUnderWay.value = false;
    }
  }

  /** What was typed last makes another change than the one that is shown, which the server refuses. */
  private async attempt(sent: () => Promise<void>): Promise<void> {
    await allSent();
    try {
      await sent();
    } catch (error) {
      this.conflicts.value = (error instanceof ApiError && error.conflict?.files) || [];
      throw error;
    }
  }
}
