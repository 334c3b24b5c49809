"""Alternative spellings of a YAML scalar, each parsed again before it is offered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptops.json_pointer import tokens
from promptops.lint import Edit
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.source.document import Document, read

_OWN_LINE = lazy_pattern(r" *(?:- +)*")


def as_template(document: Document, pointer: str) -> Edit | None:
    """The text of a message as a `|` block, or in single quotes if it is one line.

    None if neither gives the same text. Newlines at its end may be lost: rendering strips them.
    """
    text = document.template(pointer).value
    wanted = text.rstrip("\n") + ("\n" if text.endswith("\n") else "")
    place = document.place(pointer)
    for written in _ways(document, pointer, wanted):
        if _reads_as(document, pointer, Edit(place, written), wanted):
            return Edit(place, written)
    return None


def _ways(document: Document, pointer: str, text: str) -> Iterator[str]:
    if "\n" not in text:
        yield "'" + text.replace("'", "''") + "'"
    key = document.place(pointer, key=True)
    line = document.text.split("\n")[key.line - 1]
    if _OWN_LINE.fullmatch(line[: key.column - 1]):
        yield literal(text, key.column + 1)


def literal(text: str, indentation: int) -> str:
    """A text as a `|` block, from its header on, without the newline after its last line."""
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
