"""The keywords that apply other schemas to the same value."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.analysis.schemas.alternative import TYPES, Alternative
from promptops.analysis.schemas.comparison import Comparison, FoundDifference, Implication
from promptops.analysis.schemas.parts import member, required
from promptops.analysis.schemas.reader import Bare
from promptops.json_pointer import escaped
from promptops.records import replace

MAX_CASES = 16


def every(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    """`allOf`."""
    for index, schema in enumerate(question.value):
        where = question.where.at(f"/allOf/{index}")
        yield from comparison.check(question.alternative, schema, where)


def reference(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    target = comparison.document.target(question.right)
    if target is None:
        yield question.found(exact=False)
    else:
        yield from comparison.check(question.alternative, target, question.where)


def choice(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    """`anyOf` and `oneOf`: each part of the left side must match one branch."""
    for part in _parts(comparison, question.alternative):
        yield from _choice(comparison, question, part)


def _choice(
    comparison: Comparison, question: Implication, part: Alternative
) -> Iterator[FoundDifference]:
    near = [
        i
        for i, branch in enumerate(question.value)
        if comparison.meeting(part, branch, question.where)
    ]
    one = near or _of_same_type(comparison, part, question.value)
    if len(one) == 1:
        where = question.where.at(f"/{question.keyword}/{one[0]}")
        yield from comparison.check(part, question.value[one[0]], where)
        return
    causes = [comparison.check(part, question.value[i], question.where) for i in near]
    if question.keyword == "anyOf" and not all(causes):
        return
    cases = _cases(comparison, part) if near else []
    for case in cases:
        yield from _choice(comparison, question, case)
    if not cases:
        below = tuple(found for cause in causes for found in cause)
        yield replace(question, alternative=part).found(exact=not near, causes=below)


def _parts(comparison: Comparison, alternative: Alternative) -> Iterator[Alternative]:
    """Parts with one type each, and with one value each if the values are known."""
    if alternative.values is not None:
        for value in alternative.values:
            yield alternative.with_values([value])
    else:
        for name in TYPES:
            yield from comparison.alternatives.within(alternative.only(frozenset((name,))), ())


def _of_same_type(comparison: Comparison, part: Alternative, branches: list[Bare]) -> list[int]:
    numbers = {"integer", "number"}
    anything = Alternative(types=part.types | numbers if part.types & numbers else part.types)
    within = comparison.alternatives.within
    return [i for i, branch in enumerate(branches) if within(anything, (branch,))]


def _cases(comparison: Comparison, part: Alternative) -> list[Alternative]:
    """A part, split by the values of a property that distinguishes its kinds."""
    if part.values is not None or "object" not in part.types:
        return []
    for name in required(part):
        found = comparison.alternatives.of(member(comparison.document, part, name))
        values = [value for one in found for value in one.values or ()]
        if all(one.values for one in found) and 1 < len(values) <= MAX_CASES:
            return [
                case
                for value in values
                for case in comparison.alternatives.within(
                    part, ({"properties": {name: {"const": value}}},)
                )
            ]
    return []


def negation(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    alternative, inner = question.alternative, question.value
    if comparison.meeting(alternative, inner, question.where):
        everything = not comparison.check(alternative, inner, question.where)
        yield question.found(exact=everything)


def condition(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    """`if`, `then` and `else`."""
    alternative, test = question.alternative, question.value
    causes: list[FoundDifference] = []
    for one in comparison.meeting(alternative, test, question.where):
        causes += comparison.check(one, question.group.get("then", {}), question.where)
    if comparison.check(alternative, test, question.where):
        for one in comparison.alternatives.within(alternative, ({"not": test},)):
            causes += comparison.check(one, question.group.get("else", {}), question.where)
    if causes:
        exact = any(cause.exact for cause in causes)
        yield replace(question.found(causes=tuple(causes)), exact=exact)


def dependent(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    """`dependentSchemas`."""
    alternative = question.alternative.only(frozenset(("object",)))
    for name, schema in question.value.items() if alternative.types else ():
        where = question.where.at(f"/dependentSchemas/{escaped(name)}")
        for one in comparison.alternatives.within(alternative, ({"required": [name]},)):
            yield from comparison.check(one, schema, where)
