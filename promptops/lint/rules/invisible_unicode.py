"""SEC007."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.analysis.match import TextMatch
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.searchable_text import Written
from promptops.look_alikes import named
from promptops.model.place import Place, Text
from promptops.patterns import lazy_pattern
from promptops.plurals import some
from promptops.source.document import Document


@rule("SEC007", severity=Severity.ERROR)
def invisible_unicode(document: Document, written: Sequence[Written]) -> Iterator[Problem]:
    """The files of a prompt contain no invisible characters that a model reads.

    Zero-width and tag characters can hide whole sentences from reviewers. Bidirectional controls
    show a line in a different order than the model reads it. A zero-width space, pasted from a web
    page, splits a word in two. A line separator (U+2028) ends a line for some programs and not for
    others; its fix is a space. Characters that emoji, flags, and Arabic, Persian or Indic spelling
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
            text = each.source
            for match in find_invisible(text.value):
                yield _problem(match, text.place(match.start, match.end))
    yield from _escaped(document)


def _problem(match: TextMatch, place: Place) -> Problem:
    hint = "write a space" if match.replacement else "remove it"
    fix = Fix((Edit(place, match.replacement or ""),), safe=False)
    return Problem(match.message, at=place, hint=hint, fix=fix)


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
                    yield _problem(match, place)


def _escape(text: Text, start: int, end: int) -> Place | None:
    """The place of an escape; None if the character is not written as an escape."""
    line, column = text.locate(start)
    end_line, end_column = text.locate(end)
    if end_line == line and end_column - column > end - start:
        return Place(text.path, line, column, line, end_column)
    return None


_SUSPECT = (
    "\u0085\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_RUN = lazy_pattern(f"[{_SUSPECT}]+|[\ufe00-\ufe0f]{{2,}}")
_LINE_END = lazy_pattern("[\u0085\u2028\u2029]")
_JOINERS = "\u200c\u200d"
_DIRECTION_MARKS = "\u061c\u200e\u200f"
_NEAR = 80

# Scripts whose spelling needs a joiner or a non-joiner: Arabic, Syriac, N'Ko, the Indic ones,
# Tibetan, Myanmar, Khmer, Mongolian, and the Arabic presentation forms.
_JOINING_LETTER = lazy_pattern(
    "[\u0600-\u08ff\u0900-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc]"
)
_RIGHT_TO_LEFT_LETTER = lazy_pattern("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_EMOJI = lazy_pattern("[\u00a9\u00ae\u203c-\u3299\ufe0f\u20e3\U0001f000-\U0001faff]")
_IDEOGRAPH = lazy_pattern("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_FLAG = lazy_pattern("\U0001f3f4[\U000e0030-\U000e007a]{1,10}\U000e007f")


def find_invisible(text: str) -> tuple[TextMatch, ...]:
    """Runs of invisible characters, in order, except those that spelling or emoji need.

    A byte order mark at the beginning is not included: the reader of the file reports it.
    """
    return () if text.isascii() else tuple(_matches(text))


def _matches(text: str) -> Iterator[TextMatch]:
    for run in _RUN.finditer(text):
        start, end = run.span()
        if start == 0 and text[0] == "\ufeff":
            start = 1
        if start < end and not _is_needed(text, start, end):
            instead = " " if _separates(text, start, end) else ""
            yield TextMatch(start, end, _message(text[start:end]), named(text[start]), instead)


def _separates(text: str, start: int, end: int) -> bool:
    """Whether a run ends a line for some programs, and nothing else separates its neighbours."""
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    beside = bool(before and after) and not before.isspace() and not after.isspace()
    return beside and _LINE_END.search(text, start, end) is not None


def _is_needed(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    if text[start] >= "\U000e0000":
        return _is_flag(text, start, end) or _is_variant(text, start, end)
    if text[start:end] in _JOINERS:
        return _joins(before, after, text[start:end])
    if text[start:end] in _DIRECTION_MARKS:
        return _holds_right_to_left(text, start)
    return False


def _is_flag(text: str, start: int, end: int) -> bool:
    """The flags of England, Scotland and Wales: a black flag and tag characters."""
    return start > 0 and _FLAG.fullmatch(text, start - 1, end) is not None


def _is_variant(text: str, start: int, end: int) -> bool:
    """Whether it is one variation selector after a Chinese character, which selects its form."""
    selector = "\U000e0100" <= text[start] <= "\U000e01ef"
    return selector and end - start == 1 and bool(_IDEOGRAPH.match(text[start - 1 : start]))


def _joins(before: str, after: str, joiner: str) -> bool:
    if _JOINING_LETTER.match(before):
        return True
    return joiner == "\u200d" and bool(_EMOJI.match(before)) and bool(_EMOJI.match(after))


def _holds_right_to_left(text: str, at: int) -> bool:
    """Whether the line, or the nearby part of a long line, has right-to-left letters."""
    start = text.rfind("\n", max(0, at - _NEAR), at) + 1 or max(0, at - _NEAR)
    end = text.find("\n", at, at + _NEAR)
    end = end if end >= 0 else at + _NEAR
    return _RIGHT_TO_LEFT_LETTER.search(text, start, end) is not None


def _message(run: str) -> str:
    return f"an invisible character: {some(run, 1, name=named)}{_hidden_words(run)}"


def _hidden_words(run: str) -> str:
    """The text that tag characters spell; a model may read them as ASCII."""
    spelled = "".join(chr(ord(char) - 0xE0000) for char in run if 0xE0020 <= ord(char) <= 0xE007E)
    if len(spelled) < 2:
        return ""
    return f", which spell `{spelled[:40]}{'…' if len(spelled) > 40 else ''}`"
