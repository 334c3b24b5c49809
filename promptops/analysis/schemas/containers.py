"""The keywords of objects and arrays that concern their parts."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.analysis.schemas.alternative import Alternative, Layers
from promptops.analysis.schemas.comparison import Comparison, FoundDifference, Implication, first
from promptops.analysis.schemas.parts import (
    applied,
    item,
    member,
    names,
    others,
    patterns,
    required,
    width,
)
from promptops.analysis.schemas.reader import Bare
from promptops.analysis.schemas.texts import fresh_name
from promptops.json_pointer import escaped
from promptops.model.change import ABSENT
from promptops.records import replace


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
