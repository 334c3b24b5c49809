/**
 * Typed prompts of the work tree: made by promptops, not to be edited.
 *
 * Release: none
 * Bundle: none: it is not committed
 * Made by: promptops stubs worktree -o prompts.ts --format typescript
 */
/* eslint-disable */
import type { Prompt } from "promptops";

/** The release that these types describe: `release` of a bundle. */
export const RELEASE = null;
/** Its bundle: `digest` of a bundle. */
export const DIGEST = null;

/** What `desk/reply` takes. */
export interface DeskReplyInputs {
  /** The customer's message, verbatim. */
  ticket: string;
  /** What the ticket is about. */
  product: "router" | "camera" | "hub";
  /** As desk/triage has found. */
  category: "bug" | "how_to" | "billing" | "other";
}

/** What `desk/reply` answers. */
export type DeskReplyOutput = string;

/** Draft the first reply to a ticket that was sorted. */
export type DeskReply = Prompt<DeskReplyInputs, DeskReplyOutput>;

/** What `desk/triage` takes. */
export interface DeskTriageInputs {
  /** The customer's message, verbatim. */
  ticket: string;
  /** What the ticket is about. */
  product: "router" | "camera" | "hub";
}

export interface DeskTriageOutput {
  /** What the customer needs done. */
  category: "bug" | "how_to" | "billing" | "other";
  /** 1 can wait and 5 can't. */
  urgency: number;
}

/** Sort one support ticket. */
export type DeskTriage = Prompt<DeskTriageInputs, DeskTriageOutput>;

/** The prompts of the work tree by id, for `load<Prompts>(…)` and `readBundle<Prompts>(…)`. */
export interface Prompts {
  "desk/reply": DeskReply;
  "desk/triage": DeskTriage;
}
