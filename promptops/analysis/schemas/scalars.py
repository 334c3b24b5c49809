"""The keywords for values without parts, and for the number of parts."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.analysis.schemas.comparison import Comparison, FoundDifference, Implication
from promptops.analysis.schemas.numbers import NumberRange, exact, range_of
from promptops.analysis.schemas.parts import required
from promptops.model.change import ABSENT
from promptops.patterns import lazy_pattern

_LOOKS_AROUND = lazy_pattern(r"\$|\\[^dDwWsS.*+?/-]|\(\?(?!:)")
"""In a pattern: an anchor, an assertion, a back reference, or a flag."""


def enum(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    values = question.alternative.values
    left = ABSENT if values is None else values
    yield question.found(left=left, right=tuple(question.value))


def const(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    yield question.found()


def bound(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    """A bound of numbers, or a divisor."""
    if question.alternative.values is not None:
        yield question.found()
        return
    for name in ("integer", "number"):
        if name in question.alternative.types:
            numbers = range_of(question.alternative.layers, name == "integer")
            if not _within(numbers, question):
                yield question.found(name, left=_tightest(question))
                return


def _within(numbers: NumberRange, question: Implication) -> bool:
    wanted = exact(question.value)
    if question.keyword == "multipleOf":
        return numbers.multiples(wanted)
    inclusive = not question.keyword.startswith("exclusive")
    if question.keyword.lower().endswith("minimum"):
        return numbers.above(wanted, inclusive)
    return numbers.below(wanted, inclusive)


def _tightest(question: Implication) -> object:
    """The strictest value of the same keyword on the left side."""
    said = question.alternative.keyword_values(question.keyword)
    tightest = max if question.keyword.lower().endswith("minimum") else min
    return tightest(said, key=exact) if said else ABSENT


def length(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    if not _needs_text(comparison, question):
        yield from _counted(comparison, question, "string")


def _needs_text(comparison: Comparison, question: Implication) -> bool:
    """Whether `minLength` is 1, the most common bound, and a pattern implies it."""
    patterns = question.alternative.keyword_values("pattern")
    matches = comparison.document.matches
    asked = question.keyword == "minLength" and question.value == 1
    return asked and not all(matches(pattern, "") for pattern in patterns)


def pattern(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    """A pattern may match every string; only a witness proves that it does not."""
    if "string" not in question.alternative.types:
        return
    if not _is_in_every_text(comparison, question.value):
        yield question.found("string", exact=False)


def _is_in_every_text(comparison: Comparison, asked: str) -> bool:
    """A pattern without context that matches the empty string matches every string."""
    return not _LOOKS_AROUND.search(asked) and comparison.document.matches(asked, "")


def items(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    yield from _counted(comparison, question, "array")


def properties(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    yield from _counted(comparison, question, "object")


def unique(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    alternative = question.alternative
    if not question.value or "array" not in alternative.types:
        return
    implied = any(alternative.keyword_values("uniqueItems"))
    if alternative.values is not None or not (
        implied or comparison.alternatives.longest(alternative) <= 1
    ):
        yield question.found("array")


def _counted(comparison: Comparison, question: Implication, name: str) -> Iterator[FoundDifference]:
    alternative, keyword = question.alternative, question.keyword
    if name not in alternative.types:
        return
    said = alternative.keyword_values(keyword)
    low = keyword.startswith("min")
    if alternative.values is None:
        reached = _least(question) if low else _most(comparison, question)
        if reached >= question.value if low else reached <= question.value:
            return
    left = (max if low else min)(said) if said else ABSENT
    yield question.found(name, left=left)


def _least(question: Implication) -> int:
    least = question.alternative.least(question.keyword)
    names = required(question.alternative) if question.keyword == "minProperties" else ()
    return max(least, len(names))


def _most(comparison: Comparison, question: Implication) -> float:
    alternative, known = question.alternative, comparison.alternatives
    most = alternative.most(question.keyword)
    if question.keyword == "maxItems":
        return known.longest(alternative)
    if question.keyword == "maxProperties" and known.closed(alternative):
        return min(most, len(known.possible(alternative)))
    return most
