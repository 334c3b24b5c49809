/** What the server answers to `promptops.preview`. Positions count from 0, as in the protocol. */

import type { Location } from "vscode-languageclient/node";

/** The command of the server that renders a case of a prompt; code lenses name it, too. */
export const PREVIEW_COMMAND = "promptops.preview";

/** The notification that a shown preview may differ now. */
export const PREVIEW_CHANGED = "promptops/previewChanged";

export interface PreviewRequest {
  readonly uri: string;
  /** The name of a case; null for the first one. */
  readonly case: string | null;
}

export interface Piece {
  readonly text: string;
  /** Whether the text is written in a template; otherwise a value was inserted. */
  readonly literal: boolean;
  readonly location: Location | null;
}

export interface Preview {
  readonly messages: readonly { readonly role: string; readonly pieces: readonly Piece[] }[];
  readonly tokens: number | null;
  /** In US dollars; null without a known price. */
  readonly cost: number | null;
  readonly error: string | null;
  /** The names of all cases of the prompt, and the one that is shown. */
  readonly cases: readonly string[];
  readonly case: string | null;
}

/** What the extension sends to the page of the preview. */
export interface Shown {
  readonly title: string;
  readonly preview: Preview;
}

/** What the page sends: it names pieces by number, never a file. */
export type PageMessage =
  | { readonly type: "ready" }
  | { readonly type: "case"; readonly name: string }
  | { readonly type: "open"; readonly message: number; readonly piece: number };
