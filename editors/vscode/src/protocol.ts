/** What is exchanged with the server and with the page. The JSON is described in `schemas/`. */

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

export type Inputs = Readonly<Record<string, unknown>>;

/** The argument of a command. */
export interface PreviewRequest {
  readonly uri: string;
  /** The name of a case; null for the first one. */
  readonly case?: string | null;
  /** What was typed into the form; null for the inputs of the case. */
  readonly inputs?: Inputs | null;
}

/** Lines and columns are 1-based, in characters, the end is exclusive; see `schemas/common.schema.json`. */
export interface Place {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly end_line: number;
  readonly end_column: number;
}

export interface PreviewError {
  readonly message: string;
  readonly hint: string | null;
  readonly place: Place | null;
  /** JSON pointer to the wrong input. */
  readonly input: string | null;
}

export interface Piece {
  readonly text: string;
  /** Whether the text is written in a template; otherwise a value was inserted. */
  readonly literal: boolean;
  readonly place: Place | null;
}

export interface Message {
  readonly role: string;
  readonly pieces: readonly Piece[];
  readonly error: PreviewError | null;
}

export type FieldKind =
  | "text" | "number" | "boolean" | "choice" | "list" | "table" | "object" | "history" | "media" | "json";

export interface FormField {
  readonly name: string;
  readonly kind: FieldKind;
  readonly required: boolean;
  readonly description: string | null;
  /** No key without a default. */
  readonly default?: unknown;
  readonly choices: readonly unknown[];
  readonly fields: readonly FormField[];
}

/** `schemas/preview.schema.json`. */
export interface Preview {
  readonly prompt: string;
  readonly path: string;
  readonly case: string | null;
  readonly cases: readonly string[];
  readonly inputs: Inputs;
  readonly form: readonly FormField[];
  readonly messages: readonly Message[];
  readonly errors: readonly PreviewError[];
  readonly tokens: number | null;
  readonly cost_usd: number | null;
  readonly digest: string | null;
}

export interface AssertionResult {
  readonly type: string;
  readonly status: "passed" | "failed" | "error" | "skipped";
  readonly must: boolean;
  readonly reason: string;
  readonly place: Place;
}

export interface ModelAnswer {
  readonly profile: string;
  readonly text: string | null;
  readonly answer: { readonly usage: { readonly input: number; readonly output: number } } | null;
  readonly problem: string | null;
  readonly cost_usd: number | null;
  readonly duration_s: number | null;
  readonly reason: string | null;
  readonly assertions: readonly AssertionResult[];
}

/** `schemas/run.schema.json`. */
export interface PromptRun {
  readonly case: string | null;
  readonly answers: readonly ModelAnswer[];
}

export interface CaseRun {
  readonly name: string;
  readonly status: "passed" | "failed" | "stale" | "error" | "warning";
  readonly reason: string | null;
  readonly place: Place;
  readonly assertions: readonly AssertionResult[];
}

/** `schemas/test.schema.json`. */
export interface TestRunResult {
  readonly cases: readonly CaseRun[];
}

/** A model of the configuration. */
export interface Profile {
  readonly name: string;
  readonly provider: string;
  readonly model: string;
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
  readonly profiles: readonly Profile[];
  /** Whether cases may be run and models called. */
  readonly trusted: boolean;
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
  | { readonly type: "keep"; readonly name: string; readonly inputs: Inputs };
