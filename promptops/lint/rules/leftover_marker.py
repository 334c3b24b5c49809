"""STY001."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from promptops.analysis.match import TextMatch, blunt_words, in_order, lowered, occurrences
from promptops.lint import Problem, Severity, rule
from promptops.lint.other_syntax import CodeSpans, code_of
from promptops.lint.passages import Passage
from promptops.patterns import lazy_pattern
from promptops.runtime.template.limits import cached_by_size


@rule("STY001", severity=Severity.WARNING)
def leftover_marker(passages: Sequence[Passage]) -> Iterator[Problem]:
    """The text of a prompt contains no leftover markers such as `TODO`.

    A model takes `TODO: ask legal` as part of its task: it repeats it, answers it, or invents the
    missing text. Write notes to colleagues in a `{# comment #}`, which is not sent. Text about such
    markers ("never leave a TODO") and code samples are not reported.

    Bad:
        messages:
          - role: user
            content: |
              Answer in one sentence.
              TODO: say which tone

    Good:
        messages:
          - role: user
            content: |
              Answer in one sentence.
              {# TODO: say which tone #}
              Don't write TODO comments.
    """
    for passage in passages:
        for match in _found(passage.text):
            if passage.is_wholly_written(match.start, match.end):
                yield passage.problem(
                    match.message,
                    match.start,
                    match.end,
                    hint="finish it, or make it a comment: `{# … #}`",
                )


# A note: the word with a colon, a name in brackets, or the end of its comment after it; or the word
# at the beginning of a line, followed by a verb (not `TODO list`).
_NOTE = lazy_pattern(r"(?:TODO|FIXME|XXX|TBD)(?=\s?[:(\]>]|\.?[ \t]*(?:-->|#\}|\*/|$|\n))")
_NOTE_ON_LINE = lazy_pattern(
    r"(?:TODO|FIXME) "
    r"(?!(?:lists?|items?|comments?|files?|markers?|notes?|tags?|tasks?|entries)\b)[a-z]"
)
_WORDS = ("TODO", "FIXME", "XXX", "TBD")
_INSERT = lazy_pattern(r"[\[<](?:INSERT|Insert|insert)(?: [^\[\]<>\n]{1,80}|_[\w]{1,60})[\]>]")
_GATE = frozenset((b"todo", b"fixme", b"xxx", b"tbd", b"insert", b"lorem"))
_QUOTES = ('"', "'", "`", "“", "‘", "«")
_SPOKEN_OF = lazy_pattern(
    r"\b(?:no|not|never|avoid|without|as|or|use|write|say|find|flag|remove|any|mark|marked|like|put"
    r"|e\.g\.|leave|leaving|containing?|and)[ ,:]{1,2}$|n['’]t \w{1,12} $",
    re.IGNORECASE,
)


@cached_by_size(16_000_000)
def _found(text: str) -> tuple[TextMatch, ...]:
    return find_markers(text)


def find_markers(text: str) -> tuple[TextMatch, ...]:
    """Leftover markers, in order, except in code samples and in text about such markers."""
    if _GATE.isdisjoint(blunt_words(text)):
        return ()
    found = [*_notes(text), *_inserts(text), *_filler(text)]
    if not found:
        return ()
    code = code_of(text)
    return in_order(match for match in found if not _is_meant(text, match, code))


def _notes(text: str) -> Iterator[TextMatch]:
    for word in _WORDS:
        for at in occurrences(text, word):
            inside_word = at > 0 and (text[at - 1].isalnum() or text[at - 1] in "_-/")
            if not inside_word and (_NOTE.match(text, at) or _begins_line(text, at)):
                yield TextMatch(at, at + len(word), f"`{word}` was left in the text", word)


def _begins_line(text: str, at: int) -> bool:
    before = text[max(0, at - 20) : at].rpartition("\n")[2]
    return not before.strip(" \t-*#>/<!") and _NOTE_ON_LINE.match(text, at) is not None


def _inserts(text: str) -> Iterator[TextMatch]:
    for word in ("INSERT", "Insert", "insert"):
        for at in occurrences(text, word):
            found = _INSERT.match(text, at - 1) if at else None
            if found:
                message = f"`{found[0]}` was never filled in"
                yield TextMatch(found.start(), found.end(), message, "INSERT")


def _filler(text: str) -> Iterator[TextMatch]:
    for at in occurrences(lowered(text), "lorem ipsum"):
        yield TextMatch(at, at + 11, "`lorem ipsum` was left in the text", "lorem ipsum")


def _is_meant(text: str, match: TextMatch, code: CodeSpans) -> bool:
    if code.holds(match.start):
        return True
    before = text[max(0, match.start - 30) : match.start]
    return before.endswith(_QUOTES) or _SPOKEN_OF.search(before) is not None
