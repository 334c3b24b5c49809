"""STY003."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from operator import eq

from promptops.analysis.match import TextMatch, blunt_words
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.other_syntax import code_of
from promptops.lint.passages import Passage
from promptops.patterns import lazy_pattern
from promptops.runtime.template.limits import cached_by_size


@rule("STY003", severity=Severity.WARNING)
def repeated_word(passages: Sequence[Passage]) -> Iterator[Problem]:
    """No word is repeated by mistake.

    "Answer with the the name" wastes a token and is often left over from an edit, so check the
    words around it too. Correct repetitions ("that that", "very very"), names, headings, tables and
    code samples are not reported, and neither are repetitions that values or loops cause.

    Bad:
        messages:
          - role: user
            content: Answer with the the name of the city.

    Good:
        messages:
          - role: user
            content: Answer with the name of the city. I know that that is hard.
    """
    for passage in passages:
        for match in _found(passage.text):
            if _is_typed_twice(passage, match):
                yield passage.problem(
                    match.message,
                    match.start,
                    match.end,
                    hint=f"write `{match.replacement}` once",
                    fix=_fix(passage, match),
                )


def _is_typed_twice(passage: Passage, match: TextMatch) -> bool:
    """Whether these are two places, rather than one that a loop or a macro renders twice."""
    length = len(match.name)
    first = passage.place(match.start, match.start + length)
    second = passage.place(match.end - length, match.end)
    return passage.is_wholly_written(match.start, match.end) and first != second


def _fix(passage: Passage, match: TextMatch) -> Fix | None:
    """Remove the second word, if both are in one piece of a template."""
    if len(list(passage.over(match.start, match.end))) != 1:
        return None
    place = passage.place(match.start, match.end)
    return Fix((Edit(place, match.replacement or ""),), safe=False)


# ASCII words only: in Turkish, Vietnamese, Hindi and others, a doubled word is a different word.
_TWICE = lazy_pattern(
    r"(?<![\w'’/.@#$&<\\*|=-])([A-Za-z]{1,30})([ \t]{1,8}|[ \t]{0,8}\r?\n[ \t]{0,8})"
    r"((?i:\1))(?![\w'’/@<\\*|=({\[:-]|\.\w)"
)
_NEAR = 200
_MOST = 1_000
_WORDS = """that had is her do no very so bye ha he ho hee la na blah yes yeah well there now really
    long far many much more again hear tut chop knock tick night ping choo win aye boo cha go hello
    hi ok okay please never always too who nous vous die sie das der dat x s t d b n"""
_RIGHT_TWICE = frozenset(_WORDS.split())


@cached_by_size(16_000_000)
def _found(text: str) -> tuple[TextMatch, ...]:
    return find_repeated_words(text)


def find_repeated_words(text: str) -> tuple[TextMatch, ...]:
    """Repeated words, also across a line's end, in order; a match covers both words.

    At most 1,000 of them.
    """
    return tuple(islice(_matches(text), _MOST)) if _may_repeat(text) else ()


def _may_repeat(text: str) -> bool:
    """Whether two adjacent words are equal without punctuation: a cheap check without misses."""
    words = blunt_words(text)
    return any(map(eq, words, words[1:]))


def _matches(text: str) -> Iterator[TextMatch]:
    code = None
    for twice in _TWICE.finditer(text):
        first, between, second = twice[1], twice[2], twice[3]
        if first.lower() in _RIGHT_TWICE or not _is_slip(first, between, second):
            continue
        code = code or code_of(text)
        if not code.holds(twice.start()) and _is_prose(text, twice.start(), twice.end()):
            message = f"`{first}` is repeated"
            yield TextMatch(twice.start(), twice.end(), message, first, first)


def _is_slip(first: str, between: str, second: str) -> bool:
    """Whether the second word is a name (`Duran Duran`) or begins a new sentence."""
    return second.islower() and (first.islower() or "\n" not in between)


def _is_prose(text: str, start: int, end: int) -> bool:
    """Whether a line is prose: not a heading, a row of a table or only the two words."""
    line = text[max(0, start - _NEAR) : start].rpartition("\n")[2] + text[start:end]
    line += text[end : end + _NEAR].partition("\n")[0]
    if "|" in line or "\t" in text[start:end] or line.lstrip()[:1] == "#":
        return False
    return len(line.split()) > 2
