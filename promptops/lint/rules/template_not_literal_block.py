"""SCH006."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptops.json_pointer import tokens
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.source.document import Document, read


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
            from promptops.lint.rules.template_not_literal_block import as_template

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


_OWN_LINE = lazy_pattern(r" *(?:- +)*")


def as_template(document: Document, pointer: str) -> Edit | None:
    """The text of a message as a `|` block, or in single quotes if it is one line.

    None if neither gives the same text; trailing newlines may be lost, as rendering strips them.
    """
    text = document.template(pointer).value
    wanted = text.rstrip("\n") + ("\n" if text.endswith("\n") else "")
    place = document.place(pointer)
    for written in _replacements(document, pointer, wanted):
        if _reads_as(document, pointer, Edit(place, written), wanted):
            return Edit(place, written)
    return None


def _replacements(document: Document, pointer: str, text: str) -> Iterator[str]:
    if "\n" not in text:
        yield "'" + text.replace("'", "''") + "'"
    key = document.place(pointer, key=True)
    line = document.text.split("\n")[key.line - 1]
    if _OWN_LINE.fullmatch(line[: key.column - 1]):
        yield literal(text, key.column + 1)


def literal(text: str, indentation: int) -> str:
    """A text as a `|` block with its header, without the final newline."""
    mark = "2" if text[:1] in (" ", "\n", "") else ""
    chomping = "" if text.endswith("\n") else "-"
    margin = " " * indentation
    lines = [margin + line if line else "" for line in text.removesuffix("\n").split("\n")]
    return "\n".join((f"|{mark}{chomping}", *lines))


def spliced(text: str, edit: Edit) -> str:
    """The text, with LF newlines, after one edit."""
    start, end = _offset(text, edit.place, False), _offset(text, edit.place, True)
    return text[:start] + edit.text + text[end:]


def _offset(text: str, place: Place, at_end: bool) -> int:
    line, column = (place.end_line, place.end_column) if at_end else (place.line, place.column)
    return sum(len(row) + 1 for row in text.split("\n")[: line - 1]) + column - 1


def _reads_as(document: Document, pointer: str, edit: Edit, wanted: str) -> bool:
    """Whether an edited file has the given text in one place and is otherwise unchanged."""
    found = read(document.path, spliced(document.text, edit).encode())
    return len(found.problems) <= len(document.problems) and found.value == _with(
        document.value, tokens(pointer), wanted
    )


def _with(value: Any, path: list[str], text: str) -> Any:
    if not path:
        return text
    step, *rest = path
    if isinstance(value, list):
        return [_with(v, rest, text) if str(i) == step else v for i, v in enumerate(value)]
    return {key: _with(v, rest, text) if key == step else v for key, v in value.items()}
