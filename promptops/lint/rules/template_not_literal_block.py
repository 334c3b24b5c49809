"""SCH006."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptops.lint import Fix, Problem, Severity, rule
from promptops.model.place import Place
from promptops.source.document import Document


@rule("SCH006", severity=Severity.ERROR)
def template_not_literal_block(document: Document) -> Iterator[Problem]:
    r"""The text of a message is a `|` block, or a quoted string on one line without escapes.

    YAML joins the lines of a `>` block and of a plain or quoted string over several lines, so the
    model receives other line breaks than the file shows. An escape such as `\n` hides line breaks
    from the reader, and any change to such a string is a diff of the whole line. The fix writes the
    same text as a block.

    Bad:
        messages:
          - role: user
            content: >
              Say hello.
              Then wait.

    Bad:
        messages:
          - role: user
            content: "Say hello.\nThen wait."

    Good:
        messages:
          - role: system
            content: "You are brief."
          - role: user
            content: |
              Say hello.
              Then wait.
    """
    for pointer in _template_texts(document.value):
        found = _folded(document, pointer)
        if found:
            from promptops.lint.rewriting import as_template

            edit = as_template(document, pointer)
            yield Problem(
                found,
                at=_header(document.place(pointer), document),
                hint="put it in single quotes" if edit and edit.text[0] == "'" else _HINT,
                fix=Fix((edit,), safe=True) if edit else None,
            )


_HINT = "write it as a `|` block"


def _template_texts(value: Any) -> Iterator[str]:
    """Pointers of the texts and conditions of all messages, where the file is valid."""
    messages = value.get("messages") if isinstance(value, dict) else None
    yield from _of_messages(messages, "/messages")


def _of_messages(messages: Any, at: str) -> Iterator[str]:
    for index, message in enumerate(messages if isinstance(messages, list) else ()):
        if isinstance(message, dict):
            here = f"{at}/{index}"
            yield from _texts(message, here, ("content", "when"))
            yield from _of_messages(message.get("messages"), f"{here}/messages")
            parts = message.get("content")
            for number, part in enumerate(parts if isinstance(parts, list) else ()):
                yield from _texts(part, f"{here}/content/{number}", ("text", "when"))


def _texts(value: Any, at: str, keys: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{at}/{key}" for key in keys if isinstance(value.get(key), str))


def _folded(document: Document, pointer: str) -> str:
    """The YAML style of a text whose lines differ from the result; "" for all other texts."""
    style = document.style(pointer)
    if style in ("literal", ""):
        return ""
    if style == "folded":
        return "a template in a `>` block, which joins lines"
    if document.spans_lines(pointer):
        quoted = "unquoted" if style == "plain" else "quoted"
        return f"a template {quoted} over several lines, which are joined"
    if style == "double" and "\\" in document.text and "\\" in _raw(document, pointer):
        return "a template with escapes"
    return ""


def _raw(document: Document, pointer: str) -> str:
    place = document.place(pointer)
    line = document.text.split("\n")[place.line - 1]
    return line[place.column - 1 : place.end_column - 1]


def _header(place: Place, document: Document) -> Place:
    """The first line of a scalar over several lines."""
    if place.end_line == place.line:
        return place
    end = len(document.text.split("\n")[place.line - 1])
    return Place(place.path, place.line, place.column, place.line, end + 1)
