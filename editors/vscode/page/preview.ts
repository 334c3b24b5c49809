/** Draws a preview as elements of a page. */

import type { PageMessage, Piece, Preview, Shown } from "../src/protocol";

type Send = (message: PageMessage) => void;

export function drawPreview({ title, preview }: Shown, send: Send): HTMLElement[] {
  const head = element("header", "", element("h1", title), ...facts(preview));
  const choice = caseChoice(preview, send);
  const error = preview.error ? [element("p", preview.error)] : [];
  error.forEach((shown) => {
    shown.className = "error";
    shown.setAttribute("role", "alert");
  });
  return [head, ...choice, ...error, ...preview.messages.map((_, index) => drawMessage(preview, index, send))];
}

function facts({ tokens, cost }: Preview): HTMLElement[] {
  const words = [
    ...(tokens === null ? [] : [`${tokens} ${tokens === 1 ? "token" : "tokens"}`]),
    ...(cost === null ? [] : [`$${cost.toLocaleString("en-US", { maximumSignificantDigits: 2 })}`]),
  ];
  return words.length === 0 ? [] : [element("p", words.join(" · "))];
}

function caseChoice({ cases, case: shown }: Preview, send: Send): HTMLElement[] {
  if (cases.length === 0) {
    return [];
  }
  const select = document.createElement("select");
  for (const name of cases) {
    const option = document.createElement("option");
    option.textContent = name;
    option.value = name;
    option.selected = name === shown;
    select.append(option);
  }
  select.addEventListener("change", () => send({ type: "case", name: select.value }));
  return [element("label", "Case ", select)];
}

function drawMessage(preview: Preview, message: number, send: Send): HTMLElement {
  const { role, pieces } = preview.messages[message] ?? { role: "", pieces: [] };
  const drawn = pieces.map((piece, index) =>
    drawPiece(piece, () => send({ type: "open", message, piece: index })),
  );
  const text = element("div", "", ...drawn);
  text.className = "text";
  return element("section", "", element("h2", role), text);
}

function drawPiece(piece: Piece, open: () => void): HTMLElement {
  const shown = element("span", piece.text);
  shown.className = piece.literal ? "literal" : "inserted";
  if (piece.location) {
    shown.title = piece.literal ? "Go to the template" : "Inserted value: go to its place";
    shown.addEventListener("click", () => {
      if (document.getSelection()?.isCollapsed !== false) {
        open();
      }
    });
  }
  if (piece.location && !piece.literal) {
    shown.tabIndex = 0;
    shown.setAttribute("role", "link");
    shown.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        open();
      }
    });
  }
  return shown;
}

function element(name: string, text: string, ...children: Node[]): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  made.append(...children);
  return made;
}
