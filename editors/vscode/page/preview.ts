/** Draws the rendered request: messages by role, each piece with its source. */

import { element } from "../../../ui/src/form/elements";
import { counted, dollars } from "../../../ui/src/words";
import { keyLink, link } from "./links";
import type { PageMessage, Preview, PreviewError, PreviewPiece } from "../src/protocol";

type Send = (message: PageMessage) => void;

export function drawHead(title: string, preview: Preview): HTMLElement {
  const { tokens, cost_usd: cost } = preview;
  const words = [
    ...(tokens === null ? [] : [counted(tokens, "token")]),
    ...(cost === null ? [] : [dollars(cost)]),
  ];
  const facts = words.length === 0 ? [] : [element("p", {}, words.join(" · "))];
  return element("header", {}, element("h1", {}, title), ...facts);
}

/** The chooser of cases, whose inputs fill the form. */
export function drawCases({ cases, case: shown }: Preview, send: Send): HTMLElement[] {
  if (cases.length === 0) {
    return [];
  }
  const select = element("select");
  const own = element("option", {}, "other inputs");
  own.hidden = true;
  select.append(own);
  own.selected = shown === null;
  for (const name of cases) {
    const option = element("option", {}, name);
    option.value = name;
    option.selected = name === shown;
    select.append(option);
  }
  select.addEventListener("change", () => send({ type: "case", name: select.value }));
  return [element("label", { class: "cases" }, "Case ", select)];
}

/** The errors with their numbers in the preview. */
export function drawErrors(
  errors: readonly PreviewError[], all: readonly PreviewError[], send: Send,
): HTMLElement[] {
  return errors.map((error) => {
    const number = all.indexOf(error);
    return drawError(error, () => send({ type: "openError", message: null, error: number }));
  });
}

export function drawMessages({ messages }: Preview, send: Send): HTMLElement[] {
  return messages.map(({ role, pieces, error }, message) => {
    const head = element("h2", {}, role);
    if (error) {
      const open = (): void => send({ type: "openError", message, error: 0 });
      return element("section", {}, head, drawError(error, open));
    }
    const drawn = pieces.map((piece, index) =>
      drawPiece(piece, () => send({ type: "open", message, piece: index })),
    );
    return element("section", {}, head, element("div", { class: "text" }, ...drawn));
  });
}

function drawError({ message, hint, place }: PreviewError, open: () => void): HTMLElement {
  const where = place ? `${place.path}:${place.line}:${place.column}: ` : "";
  const shown = element("span", {}, `${where}${message}`);
  const text = place ? keyLink(shown, "Go to the error", open) : shown;
  return element("p", { class: "error", role: "alert" }, text, hint ? `\n${hint}` : "");
}

function drawPiece(piece: PreviewPiece, open: () => void): HTMLElement {
  const shown = element("span", { class: piece.literal ? "literal" : "inserted" }, piece.text);
  if (piece.place === null) {
    return shown;
  }
  return piece.literal
    ? link(shown, "Go to the template", open)
    : keyLink(shown, "Inserted value: go to its place", open);
}
