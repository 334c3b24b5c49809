"""Compares the alternatives of the left side with each keyword of the right side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from promptops.analysis.schemas.alternative import TYPES, Alternative, Layers
from promptops.analysis.schemas.alternatives import Alternatives, Key, types_of
from promptops.analysis.schemas.document import SchemaPair
from promptops.analysis.schemas.reader import Bare
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
