/** What is exchanged with the server and with the page. The types of JSON are made from `schemas/`. */

import type { Inputs } from "../../../ui/src/form/values";
import type { Preview, PromptRun, UiProfile } from "../../../ui/src/types";

export type { Inputs };
export type {
  AssertionResult,
  CaseRun,
  ModelAnswer,
  Place,
  Preview,
  PreviewError,
  PreviewPiece,
  PromptRun,
  TestRun,
  UiProfile,
} from "../../../ui/src/types";

/** The commands of the server; code lenses name the first ones, too. */
export const PREVIEW_COMMAND = "promptops.preview";
export const RECORDED_COMMAND = "promptops.recorded";
export const RUN_COMMAND = "promptops.runCases";
export const ANSWER_COMMAND = "promptops.answer";
export const STOP_COMMAND = "promptops.stopAnswer";
export const KEEP_COMMAND = "promptops.keepCase";
export const PROFILES_COMMAND = "promptops.profiles";

/** The notification that a shown preview may differ now. */
export const PREVIEW_CHANGED = "promptops/previewChanged";

/** The notification of the next piece of a live answer. */
export const ANSWER_TEXT = "promptops/answerText";

/** The argument of a command. */
export interface PreviewRequest {
  readonly uri: string;
  /** The name of a case; null for the first one. */
  readonly case?: string | null;
  /** What was typed into the form; null for the inputs of the case. */
  readonly inputs?: Inputs | null;
}

/** The answer below the request. */
export type Answer =
  | { readonly kind: "none" }
  | { readonly kind: "missing"; readonly prompt: string }
  | { readonly kind: "recorded" | "live"; readonly run: PromptRun }
  | { readonly kind: "arriving"; readonly text: string }
  | { readonly kind: "failed"; readonly message: string };

/** What the extension sends to the page of the preview. */
export interface Shown {
  readonly title: string;
  readonly preview: Preview;
  readonly answer: Answer;
  readonly profiles: readonly UiProfile[];
  /** Whether cases may be run and models called. */
  readonly trusted: boolean;
  /** What became of the case that was to be kept last, or null. */
  readonly kept: { readonly name: string; readonly problem: string | null } | null;
  /** Whether the inputs are those that were typed; others fill the form. */
  readonly typed: boolean;
}

/** What the page sends: it names pieces and assertions by number, never a file. */
export type PageMessage =
  | { readonly type: "ready" }
  | { readonly type: "case"; readonly name: string }
  | { readonly type: "inputs"; readonly inputs: Inputs }
  | { readonly type: "open"; readonly message: number; readonly piece: number }
  | { readonly type: "openError"; readonly message: number | null; readonly error: number }
  | { readonly type: "openAssertion"; readonly assertion: number }
  | { readonly type: "answer"; readonly profile: string | null }
  | { readonly type: "stop" }
  | { readonly type: "keep"; readonly name: string; readonly inputs: Inputs; readonly contains: readonly string[] };
