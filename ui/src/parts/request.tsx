/** The request by message: inserted values are marked, and so is what comes from another file. */

import type { Preview, PreviewMessage, PreviewPiece } from "../types";
import { counted, dollars, sentence } from "../words";
import { Message } from "./shown";

export function Request({ preview }: { readonly preview: Preview }) {
  const general = preview.errors.filter(({ input }) => input === null);
  return (
    <div class="request" data-digest={preview.digest ?? ""}>
      {general.map(({ message, hint }) => (
        <p class="notice bad">
          <Message text={sentence(message)} /> {hint !== null && <Message text={sentence(hint)} />}
        </p>
      ))}
      {preview.messages.map((message, index) => (
        <ShownMessage message={message} path={preview.path} number={index + 1} />
      ))}
      <Legend preview={preview} />
    </div>
  );
}

export function facts({ tokens, cost_usd: cost }: Preview): string {
  if (tokens === null) {
    return "can't be sent yet";
  }
  return [`about ${counted(tokens, "token")}`, ...(cost === null || cost === 0 ? [] : [`${dollars(cost)} to send`])].join(" · ");
}

interface Shown {
  readonly message: PreviewMessage;
  readonly path: string;
  readonly number: number;
}

function ShownMessage({ message, path, number }: Shown) {
  const { role, pieces, error } = message;
  return (
    <article class={error === null ? "message" : "message failed"} aria-label={`message ${number}: ${role}`}>
      <h3>{role}</h3>
      {error === null ? (
        <div class="text">
          {pieces.map((piece) => (
            <Piece piece={piece} path={path} />
          ))}
        </div>
      ) : (
        <div class="text problem">
          <Message text={sentence(error.message)} /> {error.hint !== null && <Message text={sentence(error.hint)} />}
          {error.place !== null && (
            <span class="muted">
              {" "}
              ({error.place.path}, line {error.place.line})
            </span>
          )}
        </div>
      )}
    </article>
  );
}

function Piece({ piece, path }: { readonly piece: PreviewPiece; readonly path: string }) {
  const { text, literal, place } = piece;
  if (!literal) {
    return (
      <mark class="inserted" title="An inserted value">
        {text}
      </mark>
    );
  }
  if (place !== null && place.path !== path) {
    return (
      <span class="shared" title={`From ${place.path}, which other prompts may use, too`}>
        {text}
      </span>
    );
  }
  return <span>{text}</span>;
}

function Legend({ preview }: { readonly preview: Preview }) {
  const pieces = preview.messages.flatMap((message) => message.pieces);
  const others = new Set(
    pieces.flatMap(({ literal, place }) => (literal && place !== null && place.path !== preview.path ? [place.path] : [])),
  );
  const hasValues = pieces.some(({ literal }) => !literal);
  if (!hasValues && others.size === 0) {
    return null;
  }
  return (
    <p class="legend muted">
      {hasValues && <mark class="inserted">inserted value</mark>}
      {others.size > 0 && (
        <>
          <span class="shared">shared text</span> from {[...others].join(", ")}
        </>
      )}
    </p>
  );
}
