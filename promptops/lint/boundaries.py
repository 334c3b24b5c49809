"""Inputs at the boundaries of their schema: valid inputs with one value changed at a time.

Nothing is random: the same schema and inputs give the same boundaries on every machine. The
boundaries are candidates; callers must leave out what the schema rejects.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain, islice
from math import isinf
from typing import Any, Final

from promptops.analysis.schemas.alternatives import (
    MAX_VALUES,
    TYPES,
    Alternative,
    Alternatives,
    Layers,
    item,
    kind,
    member,
    names,
    required,
)
from promptops.analysis.schemas.document import (
    DATA,
    MAPS_ANYWHERE,
    OutOfWork,
    SchemaPair,
    Unsupported,
)
from promptops.analysis.schemas.numbers import range_of
from promptops.analysis.schemas.witness import MAX_SAMPLES, Samples, between, in_turn
from promptops.json_pointer import pointer_to, value_at, with_part
from promptops.model.change import ABSENT
from promptops.model.prompt import Schema
from promptops.plurals import counted
from promptops.records import record
from promptops.runtime.request.inputs import dotted
from promptops.runtime.request.schema_check import measured
from promptops.runtime.template.data import NotJson, json_copy
from promptops.runtime.template.limits import MAX_TEXT_CHARS

MAX_PLACES = 100
"""Values of one set of inputs that are changed."""

MAX_NESTING = 6
MAX_NODES = 10_000
"""Values of an array, and of all arrays of the largest inputs."""

MAX_CHARS = MAX_TEXT_CHARS + 1
"""Of a string, and of all strings of the largest inputs: one more than can be rendered."""

_CANDIDATES_A_RESULT = 5
"""Candidates that are validated for each result."""

_READING_STEPS = 4_000
"""Steps of reading the schema, as `SchemaPair` counts them."""

Path = tuple[str | int, ...]
Pick = Callable[[Sequence[Any]], Any]
"""Takes the first or the last of some values, which are sorted from small to large."""


@record(frozen=True, slots=True)
class BoundaryInputs:
    """Inputs to try.

    Attributes:
        change: How they differ from the inputs of the case, such as "`items` is empty".
    """

    inputs: dict[str, Any]
    change: str


@record(frozen=True, slots=True)
class _Slot:
    """A value of the inputs that is changed.

    Attributes:
        first: Values to try first: ABSENT for an optional value, or the value itself if the
            original inputs lack it.
    """

    inputs: dict[str, Any]
    path: Path
    layers: Layers
    first: tuple[Any, ...] = ()

    @property
    def value(self) -> Any:
        found: Any = self.inputs
        for step in self.path:
            found = found[step]
        return found


def boundary_inputs(
    schema: Schema,
    cases: Sequence[Mapping[str, Any]],
    accepts: Callable[[Mapping[str, Any]], bool],
    limit: int,
    spend: Callable[[int], None] = lambda _: None,
) -> Iterator[BoundaryInputs]:
    """Boundaries around the inputs of cases, then the smallest and the largest inputs.

    Without cases, around the plainest valid inputs. Yields nothing for a schema that can't be read.

    Args:
        accepts: Whether inputs are valid; others are left out.
        limit: Of the number of results.
        spend: Gets the steps of reading the schema since the last call; before each `accepts`.
    """
    try:
        found = _Boundaries(json_copy(schema))

        def fits(each: BoundaryInputs) -> bool:
            spend(found.new_steps())
            return accepts(each.inputs)

        plainest = () if cases else found.plainest()
        bases = [json_copy(inputs) for inputs in cases] or [each.inputs for each in plainest]
        candidates = chain(plainest, in_turn([found.around(inputs) for inputs in bases]))
        yield from islice(filter(fits, islice(candidates, _CANDIDATES_A_RESULT * limit)), limit - 2)
        yield from filter(fits, found.extremes())
    except (Unsupported, OutOfWork, NotJson, ValueError, TypeError, RecursionError):
        return


class _Boundaries:
    def __init__(self, schema: Any) -> None:
        """Raises Unsupported."""
        self._document = SchemaPair(narrowed(schema), True)
        self._document.budget = _READING_STEPS
        self._alternatives = Alternatives(self._document)
        self._samples = Samples(self._document, self._alternatives)
        self._root: Layers = ({"type": "object"}, self._document.left)
        self._chars_left = 0
        self._nodes_left = 0
        self._counted = _READING_STEPS

    def new_steps(self) -> int:
        """The steps since the last call."""
        before, self._counted = self._counted, self._document.budget
        return before - self._counted

    def plainest(self) -> tuple[BoundaryInputs, ...]:
        """The simplest valid inputs; empty if none are found."""
        found = self._samples.example(self._root)
        if not isinstance(found, dict):
            return ()
        return (BoundaryInputs(found, f"the inputs are {shortened(json.dumps(found))}"),)

    def around(self, inputs: dict[str, Any]) -> Iterator[BoundaryInputs]:
        """The inputs with one value changed; the first change of each value comes first."""
        yield from in_turn([self._changes(slot) for slot in self._slots(inputs)])

    def extremes(self) -> Iterator[BoundaryInputs]:
        """The smallest inputs and the largest."""
        for pick, size in ((_first, "small"), (_last, "large")):
            self._chars_left, self._nodes_left = MAX_CHARS, MAX_NODES
            found = self._extreme(self._root, pick)
            if isinstance(found, dict):
                yield BoundaryInputs(found, f"all inputs are as {size} as the schema allows")

    def _slots(self, inputs: dict[str, Any]) -> Iterator[_Slot]:
        """The values of the inputs and the optional ones that they lack, the outer ones first."""
        waiting = deque([_Slot(inputs, (), self._root)])
        seen: set[tuple[Path, tuple[int, ...]]] = set()
        while waiting and len(seen) < MAX_PLACES:
            slot = waiting.popleft()
            key = (slot.path, tuple(map(self._document.number, slot.layers)))
            if key in seen:
                continue
            seen.add(key)
            if slot.path:
                yield slot
            for alternative in self._alternatives.of(slot.layers):
                waiting += self._below(slot, alternative)

    def _below(self, slot: _Slot, alternative: Alternative) -> Iterator[_Slot]:
        value = slot.value
        if len(slot.path) >= MAX_NESTING or kind(value) not in alternative.types:
            return
        if isinstance(value, dict):
            for name in names(alternative)[:MAX_PLACES]:
                yield from self._member(slot, alternative, name)
        elif isinstance(value, list) and value:
            yield _Slot(slot.inputs, (*slot.path, 0), item(alternative, 0))

    def _member(self, slot: _Slot, alternative: Alternative, name: str) -> Iterator[_Slot]:
        path, layers = (*slot.path, name), member(self._document, alternative, name)
        if name in slot.value:
            optional = name not in required(alternative)
            yield _Slot(slot.inputs, path, layers, (ABSENT,) if optional else ())
            return
        example = self._samples.example(layers)
        if example is not ABSENT:
            yield _Slot(_changed(slot.inputs, path, example), path, layers, (example,))

    def _changes(self, slot: _Slot) -> Iterator[BoundaryInputs]:
        value = slot.value
        edges = (
            edge
            for alternative in self._alternatives.of(slot.layers)
            for edge in self._edges(alternative, value)
        )
        tried = [] if slot.first == (value,) else [value]
        for edge in (*slot.first, *islice(edges, MAX_PLACES)):
            if not any(edge == other and kind(edge) == kind(other) for other in tried):
                tried.append(edge)
                change = change_in_words(dotted(pointer_to(slot.path)), edge)
                yield BoundaryInputs(_changed(slot.inputs, slot.path, edge), change)

    def _edges(self, alternative: Alternative, value: Any) -> Iterator[Any]:
        """The values of an alternative at its boundaries, the small ones of a type first."""
        if alternative.values is not None:
            yield from alternative.values
            return
        types = alternative.types
        if len(types) == len(TYPES):  # a schema without a type: change no value to another type
            types = frozenset(("integer", "number") if is_number(value) else (kind(value),))
        for name in TYPES:
            if name in types:
                yield from self._of_type(alternative, name, value)

    def _of_type(self, alternative: Alternative, name: str, value: Any) -> Iterator[Any]:
        if name == "string":
            yield from self._strings(alternative, MAX_CHARS)
            yield from () if alternative.keyword_values("pattern") else awkward_strings(alternative)
        elif name == "array":
            one = value[0] if isinstance(value, list) and value else ABSENT
            yield from self._arrays(alternative, one, MAX_NODES)
        elif name == "object":
            yield {}
        else:
            yield from boundary_scalars(alternative, name)

    def _strings(self, alternative: Alternative, limit: int) -> Iterator[str]:
        """The shortest, one of one character, and the longest string, of those within the limit."""
        shortest, longest = alternative.least("minLength"), alternative.most("maxLength")
        lengths = (shortest, 1, *(() if isinf(longest) else (int(min(longest, limit)),)))
        if alternative.keyword_values("pattern"):
            found = self._samples.strings(alternative, lengths)
            fitting = (text for text in found if self._document.admits(alternative.layers, text))
            yield from sorted(islice(fitting, MAX_SAMPLES), key=len)
        else:
            most = max(limit, 1)
            lengths = tuple(each for each in dict.fromkeys(lengths) if shortest <= each <= most)
            yield from ("a" * length for length in lengths)

    def _arrays(self, alternative: Alternative, one: Any, most_nodes: int) -> Iterator[Any]:
        """The empty array, one with one item, the shortest, and the longest within the limit."""
        yield []
        one = self._samples.example(item(alternative, 0)) if one is ABSENT else one
        if one is ABSENT:
            return
        nodes, _, chars = measured(one)
        limit = min(most_nodes // nodes, MAX_CHARS // max(chars, 1) + 1)
        shortest, longest = alternative.least("minItems"), alternative.most("maxItems")
        lengths = (1, shortest, *(() if isinf(longest) else (int(min(longest, limit)),)))
        same = not any(map(alternative.keyword_values, ("uniqueItems", "prefixItems", "contains")))
        for length in dict.fromkeys(lengths):
            found = [one] * min(length, limit)
            yield found if same else self._samples.array_with(alternative, {0: one}, length)

    def _extreme(self, layers: Layers, pick: Pick, depth: int = 0) -> Any:
        """The smallest or the largest value; ABSENT if none is found."""
        alternatives = self._alternatives.of(layers)
        if not alternatives or depth > MAX_NESTING:
            return ABSENT
        alternative = pick(alternatives)
        if alternative.values is not None:
            return pick(alternative.values)
        name = next(name for name in TYPES if name in alternative.types)
        if name == "string":
            found = pick([*self._strings(alternative, max(self._chars_left, 0))] or [ABSENT])
            self._chars_left -= len(found) if isinstance(found, str) else 0
            return found
        if name == "object":
            return self._extreme_object(alternative, pick, depth)
        if name == "array":
            one = self._extreme(item(alternative, 0), pick, depth + 1)
            arrays = self._arrays(alternative, one, max(self._nodes_left, 0))
            found = pick([each for each in arrays if each is not ABSENT])
            self._nodes_left -= measured(found)[0]
            return found
        return pick([*boundary_scalars(alternative, name)] or [ABSENT])

    def _extreme_object(self, alternative: Alternative, pick: Pick, depth: int) -> Any:
        listed = pick((required(alternative), names(alternative)[:MAX_PLACES]))
        members = {
            name: self._extreme(member(self._document, alternative, name), pick, depth + 1)
            for name in listed
        }
        return {name: value for name, value in members.items() if value is not ABSENT}


def _first(values: Sequence[Any]) -> Any:
    return values[0]


def _last(values: Sequence[Any]) -> Any:
    return values[-1]


def _changed(whole: Any, path: Path, value: Any) -> Any:
    """A copy with another value at a path; ABSENT removes it."""
    if value is not ABSENT:
        return with_part(whole, path, value)
    *parent, name = path
    found = value_at(whole, pointer_to(parent))
    return with_part(whole, parent, {key: each for key, each in found.items() if key != name})


# Values at the boundaries of one schema, and how they differ from others, in words.

MAX_SHOWN_CHARS = 60
"""Characters of a value that are shown."""

_AWKWARD_STRINGS = ("a\n", "{{ 7*7 }}", "</a>", "\U0001f600", "a\u202eb")
"""A newline, a tag of a template and of markup, an emoji, and a character that reverses text."""


def awkward_strings(alternative: Alternative) -> tuple[str, ...]:
    """All awkward strings in one, or each by itself if that is too long."""
    together = "".join(_AWKWARD_STRINGS)
    return (together,) if len(together) <= alternative.most("maxLength") else _AWKWARD_STRINGS


def is_number(value: Any) -> bool:
    """Whether it is an integer or another number, but no boolean."""
    return kind(value) in ("integer", "number")


def boundary_scalars(alternative: Alternative, name: str) -> Iterator[Any]:
    """Null, both booleans, or the bounds of numbers and 0."""
    if name == "null":
        yield None
    elif name == "boolean":
        yield from (False, True)
    else:
        numbers = range_of(alternative.layers, name == "integer")
        ends = [end for end in (numbers.low, Fraction(0), numbers.high) if end is not None]
        yield from between(numbers, ends)


def change_in_words(name: str, value: Any) -> str:
    """How inputs differ whose value of this name is another one, such as "`items` is empty"."""
    if value is ABSENT:
        return f"`{name}` is missing"
    if value in ("", [], {}) and not is_number(value):
        return f"`{name}` is empty"
    written = json.dumps(value)
    if len(written) > MAX_SHOWN_CHARS and isinstance(value, (str, list)):
        noun = "character" if isinstance(value, str) else "item"
        return f"`{name}` has {counted(len(value), noun)}"
    return f"`{name}` is {shortened(written)}"


def shortened(written: str) -> str:
    """The first characters, and `…` for the others."""
    return written if len(written) <= MAX_SHOWN_CHARS else f"{written[:MAX_SHOWN_CHARS]}…"


# A schema with fewer values, for searches that need only some of its values.

_SAMPLES: Final = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    **dict.fromkeys(("email", "idn-email"), "a@example.com"),
    **dict.fromkeys(("hostname", "idn-hostname"), "example.com"),
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    **dict.fromkeys(("uri", "iri", "uri-template"), "https://example.com/a"),
    **dict.fromkeys(("uri-reference", "iri-reference"), "/a"),
    "uuid": "00000000-0000-4000-8000-000000000000",
    "json-pointer": "/a",
    "relative-json-pointer": "0",
}
"""A string of each format of JSON Schema; any other format gets `a`."""

_ENCODED: Final = ("", "AAAA")
"""Strings that every `contentEncoding` of JSON Schema can decode."""


def narrowed(schema: Any) -> Any:
    """The schema with short enums, and with sample strings instead of formats and encodings.

    The validator of inputs does not check formats. Strings that were generated from the length
    alone would be values that no caller passes.
    """
    if isinstance(schema, list):
        return [narrowed(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept = {key: _narrowed(key, value) for key, value in schema.items()}
    if "enum" in kept or "const" in kept:
        return kept
    if "contentEncoding" in kept:
        return {**kept, "enum": _with_null(_ENCODED, kept)}
    if "format" in kept:
        return {**kept, "enum": _with_null((_SAMPLES.get(str(kept["format"]), "a"),), kept)}
    return kept


def _narrowed(key: str, value: Any) -> Any:
    if key in MAPS_ANYWHERE and isinstance(value, Mapping):
        return {name: narrowed(item) for name, item in value.items()}
    if key == "enum" and isinstance(value, list) and len(value) > MAX_VALUES:
        return [*value[: MAX_VALUES - 1], value[-1]]
    return value if key in DATA else narrowed(value)


def _with_null(strings: Iterable[str], schema: Mapping[str, Any]) -> list[str | None]:
    nullable = "null" in (schema.get("type") or ())
    return [*strings, None] if nullable else [*strings]
