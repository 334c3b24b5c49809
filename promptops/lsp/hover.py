"""Hover: what is at a position. All text of the repository is escaped."""

from __future__ import annotations

from lsprotocol import types

from promptops.lsp.at_cursor.expression import Typed, in_expression, in_template
from promptops.lsp.at_cursor.here import Here
from promptops.lsp.hovers.findings import finding_texts
from promptops.lsp.hovers.template_names import template_text
from promptops.lsp.hovers.yaml_parts import key_text, value_text
from promptops.lsp.open_file import OpenFile
from promptops.source.document import MAX_BYTES


def hover(file: OpenFile, params: types.HoverParams) -> types.Hover | None:
    """The findings at a position, and what the word there means; None if there is neither."""
    if len(file.text) > MAX_BYTES:
        return None  # nothing in it is read
    here = Here(file, params.position)
    text, start, end = _meaning(here)
    parts = [*finding_texts(here), *([text] if text else [])]
    if not parts:
        return None
    shown = types.MarkupContent(kind=types.MarkupKind.Markdown, value="\n\n---\n\n".join(parts))
    return types.Hover(contents=shown, range=here.range(start, end) if text else None)


def _meaning(here: Here) -> tuple[str, int, int]:
    """What the word at the position means, with its columns."""
    cursor = here.cursor
    _, start, end = here.word()
    if here.is_other or cursor.part in ("", "comment"):
        return "", start, end
    if here.in_template or here.in_when:
        return _in_tag(here)
    value, start, end = here.scalar()
    if not value:
        return "", start, end
    text = key_text(here) if cursor.part == "key" else value_text(here, value)
    return text, start, end


def _in_tag(here: Here) -> tuple[str, int, int]:
    """A word in a tag, as if it were just typed to its end."""
    word, start, end = here.word()
    typed = _typed(here, end - here.column)
    if typed is not None and typed.kind == "path":
        word, start, end = here.path()
    if typed is None or not word:
        return "", start, end
    return template_text(here, typed, word), start, end


def _typed(here: Here, more: int) -> Typed | None:
    rest = here.lines[here.line - 1][here.column - 1 :][:more]
    typed = here.cursor.typed + rest
    return in_expression(typed) if here.in_when else in_template(typed)
