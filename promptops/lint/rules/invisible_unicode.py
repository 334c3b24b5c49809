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
    """The files of a prompt contain no invisible characters that a model reads.

    Zero-width and tag characters can hide whole sentences from reviewers. Bidirectional controls
    show a line in a different order than the model reads it. A zero-width space, pasted from a web
    page, splits a word in two. Characters that emoji, flags, and Arabic, Persian or Indic spelling
    need are allowed. The rule also searches keys, comments, partials and test cases, and escapes in
    messages (`"\u200b"`).

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
    return Problem(message, at=place, hint="remove it", fix=Fix((Edit(place, ""),), safe=False))


def _escaped(document: Document) -> Iterator[Problem]:
    """Invisible characters written as escapes in double-quoted text of a message."""
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
    """The place of an escape; None if the character is not written as an escape."""
    line, column = text.locate(start)
    end_line, end_column = text.locate(end)
    if end_line == line and end_column - column > end - start:
        return Place(text.path, line, column, line, end_column)
    return None
