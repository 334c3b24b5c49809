"""Compares the alternatives of the left side with each keyword of the right side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from promptops.analysis.schemas.alternatives import (
    TYPES,
    Alternative,
    Alternatives,
    Key,
    Layers,
    applied,
    item,
    member,
    names,
    others,
    patterns,
    required,
    types_of,
    width,
)
from promptops.analysis.schemas.document import Bare, SchemaPair
from promptops.analysis.schemas.texts import fresh_name
from promptops.json_pointer import escaped
from promptops.model.change import ABSENT
from promptops.model.prompt import Schema
from promptops.records import record, replace

_TOGETHER: Final = {
    "additionalProperties": ("properties", "patternProperties"),
    "properties": ("patternProperties", "additionalProperties"),
    "patternProperties": ("properties", "additionalProperties"),
    "items": ("prefixItems",),
    "prefixItems": ("items",),
    "contains": ("minContains", "maxContains"),
    "if": ("then", "else"),
}
"""Keywords that have a meaning only together."""


@record(frozen=True, slots=True)
class Where:
    """A place in both schemas, and the path to it in an instance.

    Attributes:
        pointer: JSON pointer into the right side, as if references were replaced by their targets.
        steps: From the root: each alternative, with its next property or item; None if no name is
            known.
        exact: Whether no unknown keyword on the path narrows the left side.
        types: The types that the left side accepts here.
    """

    pointer: str = ""
    steps: tuple[tuple[Alternative, str | int | None], ...] = ()
    exact: bool = True
    types: frozenset[str] = frozenset(TYPES)

    def at(self, path: str) -> Where:
        """The same value with another part of the right side."""
        return replace(self, pointer=self.pointer + path)

    def part(self, alternative: Alternative, step: str | int | None, path: str) -> Where:
        """A property or an item of the value."""
        container = "array" if isinstance(step, int) else "object"
        exact = self.exact and step is not None and alternative.exact(container)
        steps = (*self.steps, (alternative, step))
        return replace(self, pointer=self.pointer + path, steps=steps, exact=exact)


@record(frozen=True, slots=True, kw_only=True)
class FoundDifference:
    """A difference, with the facts that a search for a witness needs.

    Attributes:
        alternative: The values that the left side accepts at this place.
        refusing: The part of the right side that rejects some of them.
        causes: The differences below it that it consists of.
        example: The name of a property that may cause it; for differences not about a property.
    """

    keyword: str
    where: Where
    name: str | None
    left: Any
    right: Any
    exact: bool
    alternative: Alternative
    refusing: Bare
    causes: tuple[FoundDifference, ...] = ()
    example: str | None = None


@record(frozen=True, slots=True, kw_only=True)
class Implication:
    """The question whether an alternative implies a keyword of the right side.

    Attributes:
        group: The keyword, with the keywords that it has a meaning with.
    """

    alternative: Alternative
    right: Schema
    keyword: str
    where: Where
    group: Schema

    @property
    def value(self) -> Any:
        """The value of the keyword."""
        return self.right[self.keyword]

    def found(self, *types: str, exact: bool = True, **changes: Any) -> FoundDifference:
        """A difference; exact unless the values of some types (default: of all) are narrowed."""
        plain = FoundDifference(
            exact=exact and self.where.exact and self.alternative.exact(*types),
            keyword=self.keyword,
            where=self.where,
            name=None,
            left=first(self.alternative.keyword_values(self.keyword)),
            right=self.value,
            alternative=self.alternative,
            refusing=self.group,
        )
        return replace(plain, **changes)


class Comparison:
    """Compares schemas with the checks that are passed by keyword."""

    def __init__(self, document: SchemaPair, checks: Mapping[str, Check]) -> None:
        self.document = document
        self.alternatives = Alternatives(document)
        self._checks = checks
        self._open: dict[Pair, int] = {}
        self._assumed: set[Pair] = set()
        self._held: set[Pair] = set()

    def compare(self, layers: Layers, right: Bare, where: Where) -> list[FoundDifference]:
        """The differences: what matches all layers, but not the right side; raises OutOfWork."""
        if self.document.number(right) in map(self.document.number, layers):
            return []
        alternatives = self.alternatives.of(layers)
        types = frozenset(name for alternative in alternatives for name in alternative.types)
        here = replace(where, types=types)
        return [found for one in alternatives for found in self.check(one, right, here)]

    def check(self, alternative: Alternative, right: Bare, where: Where) -> list[FoundDifference]:
        """The same for one alternative.

        A pair that occurs again deeper in the value is assumed to be included. This is safe: values
        are finite, so the innermost counterexample is found without the assumption.
        """
        if self._implied(alternative, right):
            return []
        pair = (self.alternatives.key(alternative), self.document.number(right))
        if pair in self._held:
            return []
        outer = self._outer(pair)
        if outer is not None and self._open[outer] < len(where.steps):
            self._assumed.add(outer)
            return []
        if outer is not None or right is False:
            return [_refused(alternative, right, where)]
        self.document.spend()
        self._open[pair] = len(where.steps)
        found = list(self._by_keyword(alternative, right, where))
        del self._open[pair]
        self._assumed.discard(pair)
        if not found and not self._assumed:
            self._held.add(pair)
        return found

    def meeting(
        self, alternative: Alternative, schema: Bare, where: Where
    ) -> tuple[Alternative, ...]:
        """The part of an alternative that also matches a schema, as far as it may be any value."""
        found = self.alternatives.within(alternative, (schema,))
        refused = alternative.keyword_values("not") if found else []
        return () if any(not self.compare((schema,), one, where) for one in refused) else found

    def _outer(self, pair: Pair) -> Pair | None:
        """The pair in progress with the same or more values on its left side."""
        (layers, types, values), right = pair
        for outer in self._open:
            (known, wider, listed), other = outer
            if other == right and known <= layers and types <= wider and listed in (None, values):
                return outer
        return None

    def _implied(self, alternative: Alternative, right: Bare) -> bool:
        if alternative.values is not None:
            return all(self.document.admits((right,), value) for value in alternative.values)
        number = self.document.number(right)
        return (not right and right is not False) or any(
            self.document.number(layer) == number for layer in alternative.layers
        )

    def _by_keyword(
        self, alternative: Alternative, right: Schema, where: Where
    ) -> Iterator[FoundDifference]:
        if "type" in right:
            lost = alternative.types - types_of(right["type"])
            if lost:
                yield _of_type(alternative.only(lost), right, where)
            alternative = alternative.only(alternative.types - lost)
        for keyword in right if alternative.types else ():
            if keyword in self._checks:
                yield from self._check_keyword(alternative, right, keyword, where)

    def _check_keyword(
        self, alternative: Alternative, right: Schema, keyword: str, where: Where
    ) -> Iterator[FoundDifference]:
        group = _group(right, keyword)
        if keyword.startswith("unevaluated"):
            group = right
        elif any(
            keyword in layer
            and self.document.number(_group(layer, keyword)) == self.document.number(group)
            for layer in alternative.layers
        ):
            return
        if alternative.values is not None:
            refused = [v for v in alternative.values if not self.document.admits((group,), v)]
            if not refused:
                return
            alternative = alternative.with_values(refused)
        question = Implication(
            alternative=alternative, right=right, keyword=keyword, where=where, group=group
        )
        yield from self._checks[keyword](self, question)


Pair = tuple[Key, int]
Check = Callable[[Comparison, Implication], Iterator[FoundDifference]]


def _group(schema: Schema, keyword: str) -> Schema:
    keywords = (keyword, *_TOGETHER.get(keyword, ()))
    return {keyword: schema[keyword] for keyword in keywords if keyword in schema}


def _refused(alternative: Alternative, right: Bare, where: Where) -> FoundDifference:
    return FoundDifference(
        keyword="false" if right is False else "$ref",
        where=where,
        name=None,
        left=ABSENT,
        right=False if right is False else right.get("$ref", ABSENT),
        exact=right is False and where.exact and alternative.exact(),
        alternative=alternative,
        refusing=right,
    )


def _of_type(lost: Alternative, right: Schema, where: Where) -> FoundDifference:
    return FoundDifference(
        keyword="type",
        where=where,
        name=None,
        left=type_names(where.types),
        right=type_names(types_of(right["type"])),
        exact=where.exact and lost.exact(),
        alternative=lost,
        refusing={"type": right["type"]},
    )


def type_names(types: frozenset[str]) -> tuple[str, ...]:
    """Types with their names in a schema, in which integers are numbers."""
    whole_too = types - {"integer"} if "number" in types else types
    return tuple(name for name in TYPES if name in whole_too)


def first(said: Sequence[Any]) -> Any:
    """The first value of a keyword, or ABSENT."""
    return said[0] if said else ABSENT


# The keywords of objects and arrays that concern their parts.


def members(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    """`properties`, `patternProperties` and `additionalProperties`, together at the first one."""
    if "object" not in question.alternative.types or not _is_first(question):
        return
    alternative, listed = question.alternative, question.group.get("patternProperties", {})
    for name in dict.fromkeys([*question.group.get("properties", {}), *names(alternative)]):
        yield from _member(comparison, question, name)
    for pattern, schema in listed.items():
        path = f"/patternProperties/{escaped(pattern)}"
        yield from _unnamed(comparison, question, pattern, (schema, path))
    for known in (None, *patterns(alternative)):
        if known not in listed:
            rest = question.group.get("additionalProperties", {})
            yield from _unnamed(comparison, question, known, (rest, "/additionalProperties"))


def _is_first(question: Implication) -> bool:
    return question.keyword == next(key for key in question.right if key in question.group)


def _member(comparison: Comparison, question: Implication, name: str) -> Iterator[FoundDifference]:
    alternative, where = question.alternative, question.where
    layers = member(comparison.document, alternative, name)
    if comparison.alternatives.empty(layers):
        return
    for schema, path in applied(comparison.document, question.group, name):
        if schema is False and path == "/additionalProperties":
            yield _unknown(question, name)
        else:
            yield from comparison.compare(layers, schema, where.part(alternative, name, path))


def _unnamed(
    comparison: Comparison, question: Implication, pattern: str | None, asked: tuple[Bare, str]
) -> Iterator[FoundDifference]:
    """Properties without a known name: those that match a pattern, and the others."""
    layers = others(question.alternative, pattern)
    schema, path = asked
    if schema == {} or comparison.alternatives.empty(layers):
        return
    name = fresh_name(comparison.document, question.alternative, question.group, pattern)
    if schema is False and path == "/additionalProperties":
        yield replace(_unknown(question, None), example=name)
    else:
        where = question.where.part(question.alternative, name, path)
        yield from comparison.compare(layers, schema, where)


def _unknown(question: Implication, name: str | None) -> FoundDifference:
    return question.found(
        "object",
        keyword="additionalProperties",
        name=name,
        left=first(question.alternative.keyword_values("additionalProperties")),
        right=False,
        exact=name is not None or "patternProperties" not in question.group,
    )


def entries(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    """`prefixItems` and `items`, together at the first of them."""
    if "array" not in question.alternative.types or not _is_first(question):
        return
    leading = question.group.get("prefixItems", [])
    end = max(len(leading), width(question.alternative)) + 1
    for index in range(end):
        layers = item(question.alternative, index)
        if comparison.alternatives.empty(layers):
            return
        inside = index < len(leading)
        schema = leading[index] if inside else question.group.get("items", {})
        path = f"/prefixItems/{index}" if inside else "/items"
        where = question.where.part(question.alternative, index, path)
        yield from comparison.compare(layers, schema, where)


def contains(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    if "array" not in question.alternative.types:
        return
    enough = _contains_enough(comparison, question)
    if not (enough and _contains_few(comparison, question)):
        yield question.found("array", exact=False)


def _contains_enough(comparison: Comparison, question: Implication) -> bool:
    alternative, least = question.alternative, int(question.group.get("minContains", 1))
    if least == 0:
        return True
    if alternative.least("minItems") >= least and all(
        not comparison.compare(layers, question.value, question.where.part(alternative, index, ""))
        for index, layers in _all_items(alternative)
    ):
        return True
    return any(
        layer.get("minContains", 1) >= least
        and not comparison.compare((layer["contains"],), question.value, question.where)
        for layer in alternative.layers
        if "contains" in layer
    )


def _contains_few(comparison: Comparison, question: Implication) -> bool:
    alternative, most = question.alternative, question.group.get("maxContains")
    if most is None or comparison.alternatives.longest(alternative) <= most:
        return True
    if all(
        comparison.alternatives.empty((*layers, question.value))
        for _, layers in _all_items(alternative)
    ):
        return True
    return any(
        layer.get("maxContains", most + 1) <= most
        and not comparison.compare((question.value,), layer["contains"], question.where)
        for layer in alternative.layers
        if "contains" in layer
    )


def _all_items(alternative: Alternative) -> Iterator[tuple[int, Layers]]:
    for index in range(width(alternative) + 1):
        yield index, item(alternative, index)


def needed(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    """`required`."""
    if "object" not in question.alternative.types:
        return
    known = required(question.alternative)
    said = question.alternative.keyword_values("required")
    for name in question.value:
        if name not in known:
            left = tuple(dict.fromkeys(n for names in said for n in names)) if said else ABSENT
            yield question.found(
                "object",
                name=name,
                left=left,
                right=tuple(question.value),
                refusing={"required": [name]},
            )


def needed_with(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    """`dependentRequired`."""
    if "object" not in question.alternative.types:
        return
    for trigger, needs in question.value.items():
        layers = member(comparison.document, question.alternative, trigger)
        if comparison.alternatives.empty(layers):
            continue
        known = required(question.alternative, (trigger,))
        for name in needs:
            if name not in known or question.alternative.values is not None:
                refusing = {"dependentRequired": {trigger: [name]}}
                yield question.found("object", name=name, refusing=refusing)


def property_names(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    """`propertyNames`."""
    alternative, known = question.alternative, comparison.alternatives
    if "object" not in alternative.types:
        return
    for name in known.possible(alternative):
        if not comparison.document.admits((question.value,), name):
            yield question.found("object", name=name)
    if not known.closed(alternative):
        layers = (*alternative.keyword_values("propertyNames"), {"type": "string"})
        where = question.where.part(alternative, None, "/propertyNames")
        causes = tuple(comparison.compare(layers, question.value, where))
        if causes:
            yield question.found("object", exact=False, causes=causes)


def unevaluated_properties(
    comparison: Comparison, question: Implication
) -> Iterator[FoundDifference]:
    if "object" not in question.alternative.types:
        return
    alternative, known = question.alternative, comparison.alternatives
    evaluated = set(_evaluated(comparison, question.right))
    loose = [name for name in known.possible(alternative) if name not in evaluated]
    for name in loose:
        yield question.found("object", name=name, exact=False)
    if not known.closed(alternative):
        for rest in known.within(alternative, ({"properties": dict.fromkeys(loose, False)},)):
            yield replace(question, alternative=rest).found("object", exact=False)


def _evaluated(comparison: Comparison, schema: Bare, depth: int = 16) -> Iterator[str]:
    """Names of properties that a schema evaluates in every value."""
    if schema is False or depth == 0:
        return
    yield from schema.get("properties", {})
    target = comparison.document.target(schema) if "$ref" in schema else None
    for below in [*schema.get("allOf", []), *([] if target is None else [target])]:
        yield from _evaluated(comparison, below, depth - 1)


def unevaluated_items(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    if "array" in question.alternative.types and question.value != {}:
        yield question.found("array", exact=False)
