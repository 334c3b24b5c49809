/** Jinja in a text: colours, and names where a name is typed. */

import { type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { HighlightStyle, StreamLanguage, type StreamParser, syntaxHighlighting } from "@codemirror/language";
import { tags } from "@lezer/highlight";

interface State {
  /** What ends the tag that the text is in; empty in text. */
  readonly end: string;
}

const KEYWORDS =
  /^(?:if|elif|else|endif|for|endfor|in|not|and|or|is|set|endset|with|endwith|include|extends|block|endblock|macro|endmacro|import|from|filter|endfilter|raw|endraw|call|endcall|loop|true|false|none|defined)\b/i;
const STATEMENTS = ["if", "elif", "else", "endif", "for", "endfor", "set", "include"];
const ENDS: Readonly<Record<string, string>> = { "{{": "}}", "{%": "%}", "{#": "#}" };

const parser: StreamParser<{ now: State }> = {
  name: "jinja",
  startState: () => ({ now: { end: "" } }),
  copyState: ({ now }) => ({ now }),
  token(stream, state) {
    const { end } = state.now;
    if (end === "") {
      const opened = stream.match(/^\{[{%#][-+]?/) as RegExpMatchArray | null;
      if (opened) {
        const closed = ENDS[opened[0].slice(0, 2)] ?? "";
        state.now = { end: closed };
        return closed === "#}" ? "comment" : "bracket";
      }
      if (!stream.match(/^[^{]+/)) {
        stream.next();
      }
      return null;
    }
    if (stream.match(end) || stream.match(`-${end}`)) {
      state.now = { end: "" };
      return end === "#}" ? "comment" : "bracket";
    }
    if (end === "#}") {
      stream.next();
      return "comment";
    }
    return inTag(stream);
  },
};

function inTag(stream: Parameters<StreamParser<unknown>["token"]>[0]): string | null {
  if (stream.eatSpace()) {
    return null;
  }
  if (stream.match(/^(?:"[^"]*"|'[^']*')/)) {
    return "string";
  }
  if (stream.match(/^\d+(?:\.\d+)?/)) {
    return "number";
  }
  if (stream.match(KEYWORDS)) {
    return "keyword";
  }
  if (stream.match(/^[\p{L}_][\p{L}\p{N}_]*/u)) {
    return "variableName";
  }
  stream.next();
  return null;
}

const colours = HighlightStyle.define([
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
  { tag: tags.bracket, color: "var(--accent)" },
  { tag: tags.variableName, color: "var(--accent)", fontWeight: "600" },
  { tag: tags.keyword, color: "var(--keyword)", fontWeight: "600" },
  { tag: tags.string, color: "var(--string)" },
  { tag: tags.number, color: "var(--string)" },
]);

export const jinja = [StreamLanguage.define(parser), syntaxHighlighting(colours)];

/** Offers names of inputs inside `{{` and `{%`, and statements after `{%`. */
export function namesAt(context: CompletionContext, names: readonly Completion[]): CompletionResult | null {
  const line = context.state.doc.sliceString(Math.max(0, context.pos - 500), context.pos);
  const tag = /\{([{%])[-+]?((?:(?!\}\}|%\}).)*)$/s.exec(line);
  const word = context.matchBefore(/[\p{L}_][\p{L}\p{N}_]*/u);
  if (tag === null || (word === null && !context.explicit && !/[\s{%]$/.test(line))) {
    return null;
  }
  if (/["'.][^"']*$/.test(tag[2] ?? "") && word !== null && line.at(word.from - context.pos - 1) === ".") {
    return null;
  }
  const isFirst = tag[1] === "%" && /^\s*\w*$/.test(tag[2] ?? "");
  const statements = STATEMENTS.map((label): Completion => ({ label, type: "keyword" }));
  return { from: word?.from ?? context.pos, options: isFirst ? statements : [...names] };
}
