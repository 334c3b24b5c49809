"""A value that proves a difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain, islice
from typing import Any, Final

from promptops.analysis.schemas.alternatives import (
    BOUNDS,
    TYPES,
    Alternative,
    Alternatives,
    Layers,
    item,
    kind,
    member,
    names,
    others,
    required,
)
from promptops.analysis.schemas.comparison import FoundDifference
from promptops.analysis.schemas.document import SchemaPair
from promptops.analysis.schemas.numbers import NumberRange, exact, number, range_of
from promptops.analysis.schemas.texts import fresh_name, texts
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


# Small values that probably match an alternative; callers must check them.

MAX_SAMPLES: Final = 12
MAX_LENGTH: Final = 5_000
MAX_ITEMS: Final = 256
MANY_NAMES: Final = 16
"""Properties of an object; one with more of them costs further steps of the budget."""
_NESTING: Final = 8
_TEXTS: Final = ("a", "", "A", "0", "b", "ab", " ", "é", "-")


class Samples:
    def __init__(self, document: SchemaPair, alternatives: Alternatives) -> None:
        self._document = document
        self._alternatives = alternatives
        self._examples: dict[Any, Any] = {}
        self._depth = 0

    def of(self, alternative: Alternative) -> Iterator[Any]:
        """Several values, the simplest first; some may not match."""
        if alternative.values is not None:
            yield from alternative.values[:MAX_SAMPLES]
            return
        yield from self._written(alternative)
        streams = [
            islice(self._of_type(alternative, name), MAX_SAMPLES)
            for name in TYPES
            if name in alternative.types
        ]
        yield from in_turn(streams)

    def example(self, layers: Layers) -> Any:
        """The simplest value found that matches all layers, or ABSENT."""
        key = tuple(map(self._document.number, layers))
        if key not in self._examples:
            self._examples[key] = ABSENT  # for what needs itself
            self._examples[key] = next(self.several(layers), ABSENT)
        return self._examples[key]

    def several(self, layers: Layers) -> Iterator[Any]:
        """Values that match all layers."""
        self._depth += 1
        try:
            if self._depth <= _NESTING:
                streams = [self.of(one) for one in self._alternatives.of(layers)]
                for value in in_turn(streams):
                    if self._document.admits(layers, value):
                        yield value
        finally:
            self._depth -= 1

    def object_with(
        self,
        alternative: Alternative,
        given: Mapping[str, Any],
        size: int = 0,
        without: str | None = None,
    ) -> Any:
        """The smallest object with some properties; ABSENT if none is found.

        It has at least `size` properties, and not the excluded one.
        """
        size = max(size, alternative.least("minProperties"))
        made: dict[str, Any] = {}
        wanted = {*given, *required(alternative, given)}
        listed = [name for name in names(alternative) if name != without or name in given]
        self._document.spend(len(listed) // MANY_NAMES)
        for name in dict.fromkeys([*listed, *wanted]):
            if name in wanted or len(made) + len(wanted - made.keys()) < size:
                value = self._member(alternative, given, name)
                if value is not ABSENT:
                    made[name] = value
                elif name in wanted:
                    return ABSENT
        return self._grown(alternative, made, size)

    def array_with(self, alternative: Alternative, given: Mapping[int, Any], size: int = 0) -> Any:
        """The shortest array with some items at their positions; ABSENT if none is found."""
        size = max(size, alternative.least("minItems"), max(given, default=-1) + 1)
        if size > MAX_ITEMS:
            return ABSENT
        made: list[Any] = []
        unique = any(alternative.keyword_values("uniqueItems"))
        wanted = [
            layers
            for layers in _contained(alternative)
            if not any(self._document.admits(layers, value) for value in given.values())
        ]
        for index in range(max(size, len(wanted) + len(given))):
            value = given.get(index, ABSENT)
            if value is ABSENT:
                layers = (*item(alternative, index), *(wanted.pop() if wanted else ()))
                value = self._entry(layers, [*made, *given.values()] if unique else [])
            if value is ABSENT:
                return ABSENT
            made.append(value)
        return made

    def _written(self, alternative: Alternative) -> Iterator[Any]:
        """The examples and defaults in the schemas."""
        for layer in alternative.layers:
            written = self._document.written(layer)
            examples = written.get("examples")
            listed = examples if isinstance(examples, list) else []
            for value in [*listed[:2], *([written["default"]] if "default" in written else [])]:
                if kind(value) in alternative.types:
                    yield value

    def _of_type(self, alternative: Alternative, name: str) -> Iterator[Any]:
        if name in ("integer", "number"):
            refused = [layer for layer in alternative.keyword_values("not") if layer]
            ends = [exact(layer[key]) for layer in refused for key in BOUNDS if key in layer]
            yield from _numbers(range_of(alternative.layers, name == "integer"), ends)
        elif name == "string":
            yield from self.strings(alternative)
        elif name == "array":
            yield from self._arrays(alternative)
        elif name == "object":
            yield from self._objects(alternative)
        else:
            yield from (None,) if name == "null" else (False, True)

    def strings(self, alternative: Alternative, lengths: tuple[int, ...] = ()) -> Iterator[str]:
        """Strings, those of some lengths first."""
        least, most = alternative.least("minLength"), alternative.most("maxLength")
        matching = [
            text for pattern in alternative.keyword_values("pattern") for text in texts(pattern)
        ]
        wanted = [*lengths, least, least + 1] if lengths else [least, least + 1]
        sized = [
            text for length in wanted for text in _of_length(length, [*matching, "a", "0", "b"])
        ]
        more = [made for text in matching[:4] for end in "ab0" for made in (text + end, end + text)]
        first = [*sized, *matching, *_TEXTS] if lengths else [*matching, *_TEXTS, *sized]
        for text in dict.fromkeys([*first, *more]):
            if least <= len(text) <= most:
                yield text

    def _objects(self, alternative: Alternative) -> Iterator[Any]:
        yield self.object_with(alternative, {})
        every: dict[str, Any] = {}
        for name in names(alternative):
            layers = member(self._document, alternative, name)
            for value in islice(self.several(layers), 3):
                every.setdefault(name, value)
                yield self.object_with(alternative, {name: value})
        yield self.object_with(alternative, every)
        fresh = fresh_name(self._document, alternative, {}, None)
        if fresh is not None:
            for value in islice(self.several(others(alternative)), 2):
                yield self.object_with(alternative, {fresh: value})

    def _arrays(self, alternative: Alternative) -> Iterator[Any]:
        yield self.array_with(alternative, {})
        first = item(alternative, 0)
        asked = [self.several((*first, layer)) for layer in alternative.keyword_values("contains")]
        values = list(islice(in_turn([self.several(first), *asked]), 4))
        for value in values:
            yield self.array_with(alternative, {0: value})
        seconds = list(islice(self.several(item(alternative, 1)), 3))
        for value in values:
            for second in seconds:
                yield self.array_with(alternative, {0: value, 1: second})

    def _member(self, alternative: Alternative, given: Mapping[str, Any], name: str) -> Any:
        if name in given:
            return given[name]
        return self.example(member(self._document, alternative, name))

    def _grown(self, alternative: Alternative, made: dict[str, Any], size: int) -> Any:
        """The object with additional properties, up to a size."""
        while len(made) < min(size, MAX_ITEMS):
            name = fresh_name(self._document, alternative, {"properties": made}, None)
            value = ABSENT if name is None else self.example(others(alternative))
            if name is None or value is ABSENT:
                return ABSENT
            made[name] = value
        return made if len(made) >= size else ABSENT

    def _entry(self, layers: Layers, taken: list[Any]) -> Any:
        if not taken:
            return self.example(layers)
        return next((v for v in self.several(layers) if not _among(v, taken)), ABSENT)


def _of_length(length: int, wanted: list[str]) -> Iterator[str]:
    """Strings extended to a length at either end."""
    for text in wanted:
        if 0 < len(text) <= length <= MAX_LENGTH:
            yield text + text[-1] * (length - len(text))
            yield text[0] * (length - len(text)) + text
    if length == 0:
        yield ""


def _contained(alternative: Alternative) -> list[Layers]:
    """The items that an array must contain."""
    found: list[Layers] = []
    for layer in alternative.layers:
        if "contains" in layer:
            found += [(layer["contains"],)] * min(int(layer.get("minContains", 1)), MAX_ITEMS)
    return found


def _numbers(numbers: NumberRange, marks: list[Fraction]) -> Iterator[Any]:
    """Numbers near zero, near the bounds, and near some other values."""
    step = numbers.step or Fraction(1, 2)
    low, high = numbers.low, numbers.high
    near = [Fraction(0), Fraction(1), Fraction(1, 2), Fraction(-1), Fraction(-1, 2), step, -step]
    marks = [end for end in (low, high, *marks) if end is not None]
    ends = [end + step * n for end in marks for n in (0, 1, -1, 2, -2)]
    if low is not None and high is not None:
        ends.append((low + high) / 2)
        ends += [low + (high - low) / 10, low + (high - low) / 3]
    yield from between(numbers, [*near, *ends])


def between(within: NumberRange, wanted: list[Fraction]) -> Iterator[Any]:
    """The numbers that are in a range, as JSON data."""
    for value in dict.fromkeys(wanted):
        if within.holds(value) and (written := number(value)) is not None:
            yield written


def in_turn(streams: Sequence[Iterator[Any]]) -> Iterator[Any]:
    """The first value of each iterator, then the second of each, and so on, without ABSENT."""
    while streams:
        going = []
        for stream in streams:
            for value in stream:
                going.append(stream)
                if value is not ABSENT:
                    yield value
                break
        streams = going


def _among(value: Any, taken: list[Any]) -> bool:
    return any(value == other and kind(value) == kind(other) for other in taken)
