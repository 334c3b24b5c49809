"""SEC007."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.detect.unicode import find_invisible
from promptops.lint.searchable_text import Written
from promptops.model.place import Place, Text
from promptops.source.document import Document


@rule("SEC007", severity=Severity.ERROR)
def invisible_unicode(document: Document, written: Sequence[Written]) -> Iterator[Problem]:
    """No character stands in a prompt's files that nobody sees and a model reads.

    Zero-width and tag characters can spell whole sentences that no reviewer sees; bidirectional
    controls show a line in another order than the model reads it; a zero-width space, pasted from a
    page, makes two words of one. Whatever emoji, flags, Arabic, Persian or Indic spelling needs is
    left alone. Keys, comments, partials and test cases are searched, too, and in messages what is
    written as an escape (`"\\u200b"`).

    Bad:
        messages:
          - role: user
            content: "Sort\u200b this ticket."

    Good:
        messages:
          - role: user
            content: "Sort this ticket, \U0001f469\u200d\U0001f4bb."
    """
    for each in written:
        if each.kind != "recordings":
            yield from _as_written(each)
    yield from _escaped(document)


def _as_written(each: Written) -> Iterator[Problem]:
    text = each.source
    for match in find_invisible(text.value):
        yield _problem(match.message, text.place(match.start, match.end))


def _problem(message: str, place: Place) -> Problem:
    return Problem(message, at=place, hint="take it out", fix=Fix((Edit(place, ""),), safe=False))


def _escaped(document: Document) -> Iterator[Problem]:
    """Invisible characters that a double-quoted text of a message spells out."""
    if not any(escape in document.text for escape in ("\\u", "\\x", "\\U")):
        return
    for pointer, role, value in document.scalars():
        if role == "value" and not value.isascii() and pointer.startswith("/messages/"):
            text = document.template(pointer)
            for match in find_invisible(value):
                place = _escape(text, match.start, match.end)
                if place is not None:
                    yield _problem(match.message, place)


def _escape(text: Text, start: int, end: int) -> Place | None:
    """The place of an escape; None for what is not written as one."""
    line, column = text.locate(start)
    end_line, end_column = text.locate(end)
    if end_line == line and end_column - column > end - start:
        return Place(text.path, line, column, line, end_column)
    return None
