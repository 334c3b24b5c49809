"""STY003."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.analysis.match import TextMatch
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.detect.repetition import find_repeated_words
from promptops.lint.passages import Passage
from promptops.runtime.template.sized_cache import cached_by_size

_found = cached_by_size(16_000_000)(find_repeated_words)


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
