/** Small parts that all pages use. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { ApiError } from "../api";
import { session } from "../session";
import { textDiff } from "../text_diff";
import { sentence, spans } from "../words";

/** A message of the server: what it has between backticks is code. */
export function Message({ text }: { readonly text: string }) {
  return (
    <>
      {spans(text).map(({ text: part, code }) => (code ? <code>{part}</code> : part))}
    </>
  );
}

export function Problem({ error, closed }: { readonly error: ApiError; readonly closed?: () => void }) {
  return (
    <div class="notice bad" role="alert">
      <p>
        <Message text={sentence(error.message)} />{" "}
        {error.hint !== null && <Message text={sentence(error.hint)} />}
        {error.where !== null && <span> In {error.where}.</span>}
      </p>
      {closed && (
        <button type="button" class="quiet" onClick={closed} aria-label="Close this message">
          ✕
        </button>
      )}
    </div>
  );
}

/** What the person can do here once the server is started otherwise. */
export function StartWith({ flag, what }: { readonly flag: "--write" | "--live"; readonly what: string }) {
  const { untrusted = false, revision = "worktree" } = session.value ?? {};
  if (untrusted) {
    return <p class="notice">{what} The setting PROMPTOPS_UNTRUSTED forbids it.</p>;
  }
  if (flag === "--write" && revision !== "worktree") {
    return <p class="notice">{what} It shows {revision}, which can't be changed.</p>;
  }
  return (
    <p class="notice">
      {what} Start it with <code>promptops ui {flag}</code>.
    </p>
  );
}

export function TextDiff({ before, after }: { readonly before: string; readonly after: string }) {
  const parts = useMemo(() => textDiff(before, after), [before, after]);
  return (
    <div class="text">
      {parts.map(({ kind, text }) => {
        if (kind === "same") {
          return text;
        }
        return kind === "added" ? <ins>{text}</ins> : <del>{text}</del>;
      })}
    </div>
  );
}

interface TextFieldProperties {
  readonly id: string;
  readonly label: string;
  readonly text: string;
  readonly placeholder?: string;
  readonly spellcheck?: boolean;
  /** A browser asks for it before the form is sent. */
  readonly isRequired?: boolean;
  readonly changed: (text: string) => void;
}

/** One line to type, with its label. */
export function TextField({ id, label, text, placeholder = "", spellcheck = true, isRequired = false, changed }: TextFieldProperties) {
  return (
    <>
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        autocomplete="off"
        placeholder={placeholder}
        spellcheck={spellcheck}
        required={isRequired}
        {...(isRequired && { pattern: ".*\\S.*", title: "more than spaces" })}
        value={text}
        onInput={(event) => changed(event.currentTarget.value)}
      />
    </>
  );
}

interface FoldedProperties {
  readonly summary: string;
  readonly open?: boolean;
  /** Makes the content, once it is opened. */
  readonly content: () => ComponentChildren;
}

export function Folded({ summary, open = false, content }: FoldedProperties) {
  const wasOpen = useSignal(open);
  return (
    <details open={open} onToggle={(event) => (wasOpen.value ||= event.currentTarget.open)}>
      <summary>{summary}</summary>
      {wasOpen.value && content()}
    </details>
  );
}

export function Section({
  title,
  id,
  aside,
  children,
}: {
  readonly title: string;
  readonly id: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <section class="panel" aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
