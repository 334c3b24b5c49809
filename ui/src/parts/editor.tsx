/** A text box for the text of one message: colours, underlined findings, names of inputs. */

import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { type Diagnostic, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightSpecialChars, keymap } from "@codemirror/view";
import { useEffect, useRef } from "preact/hooks";
import { marksOf } from "../marks";
import type { Finding, FormField, EditableText } from "../types";
import { jinja, namesAt } from "./jinja";

interface Properties {
  readonly label: string;
  readonly source: EditableText;
  readonly fields: readonly FormField[];
  readonly findings: readonly Finding[];
  readonly changed: (text: string) => void;
}

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";

const look = EditorView.theme({
  "&": { backgroundColor: "transparent", color: "var(--text)", fontSize: "0.875rem" },
  "&.cm-focused": { outline: "none" },
  ".cm-content": { fontFamily: "var(--mono)", padding: "0.7rem 0", caretColor: "var(--text)" },
  ".cm-line": { padding: "0 0.8rem", lineHeight: "1.55" },
  ".cm-cursor": { borderLeftColor: "var(--text)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--selection)",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--surface)",
    color: "var(--text)",
    border: "1px solid var(--line)",
    borderRadius: "6px",
    boxShadow: "var(--shadow)",
    maxWidth: "28rem",
  },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionDetail": { fontStyle: "normal", color: "inherit", opacity: "0.85" },
  ".cm-diagnostic": { borderLeftWidth: "3px", padding: "0.4rem 0.6rem" },
});

/** A browser that types over a selection itself keeps the colours in styles, which the policy refuses. */
const typedOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { data, inputType } = event;
    if (inputType !== "insertText" || data === null || view.state.selection.main.empty) {
      return false;
    }
    view.dispatch(view.state.replaceSelection(data), { userEvent: "input.type", scrollIntoView: true });
    event.preventDefault();
    return true;
  },
});

export function Editor({ label, source, fields, findings, changed }: Properties) {
  const holder = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const current = useRef({ fields, changed });
  current.current = { fields, changed };

  useEffect(() => {
    const names = () =>
      current.current.fields.map(({ name, description }) => ({
        label: name,
        type: "variable",
        ...(description !== null && { detail: description }),
      }));
    const made = new EditorView({
      doc: source.text,
      parent: holder.current!,
      extensions: [
        EditorView.cspNonce.of(nonce),
        history(),
        drawSelection(),
        highlightSpecialChars(),
        EditorView.lineWrapping,
        jinja,
        autocompletion({ override: [(context) => namesAt(context, names())], icons: false }),
        keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
        EditorView.contentAttributes.of({ "aria-label": label }),
        EditorState.readOnly.of(!source.editable),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) {
            current.current.changed(update.state.doc.toString());
          }
        }),
        typedOver,
        look,
      ],
    });
    view.current = made;
    return () => made.destroy();
  }, []);

  useEffect(() => {
    const shown = view.current;
    if (shown !== null) {
      // The places are those of the text that was sent; a line more or less is there a moment later.
      const text = shown.state.doc.toString();
      shown.dispatch(setDiagnostics(shown.state, diagnostics({ ...source, text }, findings)));
    }
  }, [source, findings]);

  return <div class={source.editable ? "editor" : "editor locked"} ref={holder} />;
}

function diagnostics(source: EditableText, findings: readonly Finding[]): Diagnostic[] {
  return marksOf(source, findings).map(({ from, to, finding: { severity, message, hint, code } }) => ({
    from,
    to,
    severity,
    source: code,
    message: hint === null ? message : `${message}: ${hint}`,
  }));
}
