"""A value that proves a difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain, islice
from typing import Any, Final

from promptops.analysis.schemas.alternative import BOUNDS, Alternative
from promptops.analysis.schemas.alternatives import Alternatives
from promptops.analysis.schemas.comparison import FoundDifference
from promptops.analysis.schemas.document import SchemaPair
from promptops.analysis.schemas.numbers import exact, range_of
from promptops.analysis.schemas.parts import item, member
from promptops.analysis.schemas.samples import Samples, between
from promptops.analysis.schemas.texts import fresh_name
from promptops.model.change import ABSENT

MAX_TRIED: Final = 60


class Witnesses:
    """Searches for witnesses; `proves` decides whether a value of the root is one."""

    def __init__(
        self, document: SchemaPair, alternatives: Alternatives, proves: Callable[[Any], bool]
    ) -> None:
        self._document = document
        self._alternatives = alternatives
        self._samples = Samples(document, alternatives)
        self._proves = proves

    def of(self, found: FoundDifference) -> Any:
        """An instance of the root that proves a difference; ABSENT if none is found."""
        for value in islice(self._at(found), MAX_TRIED):
            if value is ABSENT or self._document.admits((found.refusing,), value):
                continue
            for whole in self._around(found.where.steps, value):
                if whole is not ABSENT and self._proves(whole):
                    return whole
        return ABSENT

    def _around(self, steps: Any, value: Any) -> Iterator[Any]:
        """The smallest values of the root with a value at a place."""
        if not steps:
            yield value
            return
        *outer, (alternative, step) = steps
        if alternative.values is not None:
            for whole in alternative.values:
                if _part(whole, step) == value:
                    yield from self._around(outer, whole)
        elif isinstance(step, str):
            yield from self._around(outer, self._samples.object_with(alternative, {step: value}))
        elif isinstance(step, int):
            yield from self._around(outer, self._samples.array_with(alternative, {step: value}))

    def _at(self, found: FoundDifference) -> Iterator[Any]:
        """Values at the place of a difference, the most promising first."""
        alternative = found.alternative
        if alternative.values is None:
            yield from self._likely(found)
        yield from self._samples.of(alternative)
        for cause in found.causes:
            inner = cause.where.steps[len(found.where.steps) :]
            for value in islice(self._at(cause), 10):
                yield from self._around(inner, value)

    def _likely(self, found: FoundDifference) -> Iterator[Any]:
        """Values for the keyword that rejects."""
        likely = _LIKELY.get(found.keyword)
        if likely is not None:
            yield from likely(self, found)

    def _numbers(self, found: FoundDifference) -> Iterator[Any]:
        yield from _near(found.alternative, exact(found.right))

    def _strings(self, found: FoundDifference) -> Iterator[Any]:
        if "string" in found.alternative.types:
            length = int(found.right) + (1 if found.keyword == "maxLength" else -1)
            yield from self._samples.strings(found.alternative, (length,))

    def _arrays(self, found: FoundDifference) -> Iterator[Any]:
        size = int(found.right) + 1 if found.keyword == "maxItems" else 0
        yield self._samples.array_with(found.alternative, {}, size)

    def _twice(self, found: FoundDifference) -> Iterator[Any]:
        value = self._samples.example(item(found.alternative, 0))
        yield self._samples.array_with(found.alternative, {0: value, 1: value})

    def _without_contained(self, found: FoundDifference) -> Iterator[Any]:
        alternative = found.alternative
        layers = (
            *item(alternative, 0),
            *alternative.keyword_values("contains"),
            {"not": found.right},
        )
        for value in islice(self._samples.several(layers), 3):
            yield self._samples.array_with(alternative, {0: value})

    def _larger(self, found: FoundDifference) -> Iterator[Any]:
        yield self._samples.object_with(found.alternative, {}, int(found.right) + 1)

    def _without_name(self, found: FoundDifference) -> Iterator[Any]:
        yield self._samples.object_with(found.alternative, {}, without=found.name)

    def _without_needed(self, found: FoundDifference) -> Iterator[Any]:
        triggers = found.refusing["dependentRequired"] if found.refusing else ()
        for trigger in triggers:
            layers = member(self._document, found.alternative, trigger)
            given = {trigger: self._samples.example(layers)}
            yield self._samples.object_with(found.alternative, given, without=found.name)

    def _refused(self, found: FoundDifference) -> Iterator[Any]:
        for one in self._alternatives.within(found.alternative, (found.right,)):
            yield from self._samples.of(one)

    def _with_name(self, found: FoundDifference) -> Iterator[Any]:
        alternative = found.alternative
        known = [found.name, found.example]
        if found.name is None:
            known.append(fresh_name(self._document, alternative, found.refusing or {}, None))
        inner = (value for cause in found.causes for value in islice(self._at(cause), 10))
        for name in chain(known, inner):
            if isinstance(name, str):
                value = self._samples.example(member(self._document, alternative, name))
                if value is not ABSENT:
                    yield self._samples.object_with(alternative, {name: value})


_LIKELY: Final = {
    **dict.fromkeys(BOUNDS, Witnesses._numbers),
    **dict.fromkeys(("minLength", "maxLength"), Witnesses._strings),
    **dict.fromkeys(("minItems", "maxItems"), Witnesses._arrays),
    "uniqueItems": Witnesses._twice,
    "contains": Witnesses._without_contained,
    "maxProperties": Witnesses._larger,
    "required": Witnesses._without_name,
    "dependentRequired": Witnesses._without_needed,
    "additionalProperties": Witnesses._with_name,
    "propertyNames": Witnesses._with_name,
    "unevaluatedProperties": Witnesses._with_name,
    "not": Witnesses._refused,
}


def _near(alternative: Alternative, bound: Fraction) -> Iterator[Any]:
    """Numbers near a bound, or near multiples of a divisor."""
    for name in ("integer", "number"):
        if name in alternative.types:
            numbers = range_of(alternative.layers, name == "integer")
            step = numbers.step or Fraction(1, 2)
            steps = [step * n for n in (0, 1, -1, 2, -2)] + [
                bound / n for n in (2, -2, 4, -4, 10, -10)
            ]
            starts = [bound // step * step, bound, Fraction(bound // 1), Fraction(0)]
            starts += [end for end in (numbers.low, numbers.high) if end is not None]
            yield from between(numbers, [start + step for start in starts for step in steps])


def _part(whole: Any, step: Any) -> Any:
    if isinstance(whole, dict):
        return whole.get(step, ABSENT)
    if isinstance(whole, list) and isinstance(step, int) and step < len(whole):
        return whole[step]
    return ABSENT
