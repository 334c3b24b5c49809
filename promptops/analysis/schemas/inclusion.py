"""Decides whether every instance of one JSON Schema matches another one, and reports why not.

Each keyword of the right side has a function that checks it against the left side. Those of the
keywords for items and members are in `containers`, all others here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from promptops.analysis.schemas import comparison as containers
from promptops.analysis.schemas.alternatives import TYPES, Alternative, member, required
from promptops.analysis.schemas.comparison import (
    Check,
    Comparison,
    FoundDifference,
    Implication,
    Where,
)
from promptops.analysis.schemas.document import (
    BUDGET,
    Bare,
    OutOfWork,
    SchemaPair,
    Unsupported,
    without_annotations,
)
from promptops.analysis.schemas.numbers import NumberRange, exact, range_of
from promptops.analysis.schemas.steps import Steps
from promptops.analysis.schemas.witness import Witnesses
from promptops.json_pointer import child, escaped, tokens
from promptops.model.change import ABSENT
from promptops.model.prompt import Schema
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.runtime.request.schema_check import validator
from promptops.runtime.template.data import NotJson, json_copy

WITNESS_BUDGET: Final = 2_000
"""The maximum number of steps for one witness."""

_REFERENCE_INTO_ANNOTATION: Final = lazy_pattern(r'"#[^"]*/(x-|default|examples)')
_AFTER_ALL: Final = 1_000_000
"""The position of a keyword or property that the right side does not write."""


@record(frozen=True, slots=True, kw_only=True)
class SchemaDifference:
    """A reason why a schema accepts an instance that another one rejects.

    Attributes:
        keyword: The keyword of the right side that rejects; `false` for the schema `false`,
            `schema` if the validator does not accept the schema of a side, `work` if the
            comparison took too long and there may be more differences.
        pointer: JSON pointer to the schema with the keyword, in the right side, as if references
            were replaced by their targets.
        name: The property; None if it is any other one, or the keyword does not concern single
            properties.
        left, right: The keyword's value on each side, or ABSENT. For `type`, the
            types that each side accepts; for `enum`, the rejected values, and all values of the
            right side.
        decided: False if it is possibly not a difference.
        witness: An instance of the left root that the right root rejects, checked by the validator;
            ABSENT if none was found.
    """

    keyword: str
    pointer: str
    name: str | None
    left: Any
    right: Any
    decided: bool
    witness: Any


def differences(
    left: Schema | bool, right: Schema | bool, steps: Steps | None = None
) -> tuple[SchemaDifference, ...]:
    """Reasons why an instance of `left` may not match `right`; empty if all provably match.

    Validity is that of the validator of inputs: JSON Schema 2020-12, formats not asserted. Never
    raises: a question that can't be decided is a difference that is not decided. Sorted as the
    keywords and properties of `right`. `steps` are shared with the other comparisons of
    a prompt.
    """
    steps = steps or Steps()
    if not steps.left:
        return (_undecided("work"),)
    try:
        sides = (json_copy(left), json_copy(right))
        proves = _proof(*sides)
        document = SchemaPair(*sides)
    except (NotJson, ValueError, TypeError, RecursionError):
        return _unless_equal("schema", left, right)
    except Unsupported as error:
        return _unless_equal(str(error), left, right)
    steps.take(document.reads // 2)
    return tuple(_compared(document, proves, steps))


def is_included(left: Schema | bool, right: Schema | bool, *, budget: int = BUDGET) -> bool:
    """Whether each instance of `left` provably matches `right`.

    As `differences`, without the reasons, which need most of the work. `budget` is in steps; a
    comparison that needs more proves nothing.
    """
    try:
        document = SchemaPair(json_copy(left), json_copy(right))
        document.budget = budget
        comparison = Comparison(document, _CHECKS)
        return not comparison.compare((document.left,), document.right, Where())
    except (NotJson, Unsupported, OutOfWork, ValueError, TypeError, RecursionError):
        return False


def _unless_equal(keyword: str, left: Any, right: Any) -> tuple[SchemaDifference, ...]:
    try:
        texts = {_comparable_text(side) for side in (left, right)}
    except (TypeError, ValueError, RecursionError):
        texts = set()
    return () if len(texts) == 1 else (_undecided(keyword),)


def _comparable_text(schema: Any) -> str:
    """The text of a schema without annotations, unless a reference leads into an annotation."""
    whole = json.dumps(schema, sort_keys=True)
    if _REFERENCE_INTO_ANNOTATION.search(whole):
        return whole
    return json.dumps(without_annotations(schema), sort_keys=True)


def _undecided(keyword: str) -> SchemaDifference:
    return SchemaDifference(
        keyword=keyword,
        pointer="",
        name=None,
        left=ABSENT,
        right=ABSENT,
        decided=False,
        witness=ABSENT,
    )


def _proof(left: Any, right: Any) -> Callable[[Any], bool]:
    """Whether a value matches the left schema, but not the right one."""
    admits, refuses = _validator(left), _validator(right)

    def proves(value: Any) -> bool:
        try:
            return admits.is_valid(value) and not refuses.is_valid(value)
        except ValueError:
            return False

    return proves


def _validator(schema: Any) -> Any:
    if isinstance(schema, bool):
        return validator({} if schema else {"not": {}})
    if not isinstance(schema, Mapping):
        raise TypeError("this is not a valid schema")
    return validator(schema)


def _compared(
    document: SchemaPair, proves: Callable[[Any], bool], steps: Steps
) -> Iterator[SchemaDifference]:
    comparison = Comparison(document, _CHECKS)
    found: list[FoundDifference] = []
    done = True
    document.budget = steps.take(BUDGET)
    try:
        found = comparison.compare((document.left,), document.right, Where())
    except (OutOfWork, RecursionError):
        done = False
    steps.give_back(document.budget)
    witnesses = Witnesses(document, comparison.alternatives, proves)
    left = BUDGET
    found.sort(key=lambda one: _rank(document, one))
    for same in _grouped(found):
        document.budget = given = steps.take(min(left, WITNESS_BUDGET))
        yield _difference(document, same, witnesses)
        steps.give_back(document.budget)
        left -= given - max(document.budget, 0)
    if not done:
        yield _undecided("work")


def _grouped(found: list[FoundDifference]) -> Iterable[list[FoundDifference]]:
    """Differences that readers see as one: the same keyword, place and name."""
    groups: dict[Any, list[FoundDifference]] = {}
    for one in found:
        groups.setdefault((one.keyword, one.where.pointer, one.name), []).append(one)
    return groups.values()


def _difference(
    document: SchemaPair, same: list[FoundDifference], witnesses: Witnesses
) -> SchemaDifference:
    witness: Any = ABSENT
    try:
        for one in same:
            if witness is ABSENT:
                witness = witnesses.of(one)
    except (OutOfWork, RecursionError):
        pass
    return SchemaDifference(
        keyword=same[0].keyword,
        pointer=same[0].where.pointer,
        name=same[0].name,
        left=document.written(_left_value(same)),
        right=document.written(same[0].right),
        decided=witness is not ABSENT or any(one.exact for one in same),
        witness=witness,
    )


def _left_value(same: list[FoundDifference]) -> Any:
    if same[0].keyword != "enum" or any(one.left is ABSENT for one in same):
        return same[0].left
    refused = {json.dumps(v, sort_keys=True): v for one in same for v in one.left}
    return tuple(refused.values())


# The position of a difference in the right side, as its author wrote it.


def _rank(document: SchemaPair, found: FoundDifference) -> tuple[int, ...]:
    """A sort key: the positions of keywords and properties; other properties are last."""
    ranks: list[int] = []
    here: Any = document.right
    for key in tokens(found.where.pointer):
        here = _holding(document, here, key)
        ranks.append(_position(here, key))
        here = child(here, key)
    here = _holding(document, here, found.keyword)
    names = child(here, found.keyword)
    name = _AFTER_ALL if found.name is None else _position(names, found.name)
    return (*ranks, _position(here, found.keyword), name)


def _holding(document: SchemaPair, schema: Bare, keyword: str) -> Any:
    """The schema itself, or the target of its reference if only that has a keyword."""
    seen = 0
    while isinstance(schema, dict) and keyword not in schema and "$ref" in schema and seen < 100:
        target = document.target(schema)
        schema = {} if target is None else target
        seen += 1
    return schema


def _position(container: Any, key: str) -> int:
    if isinstance(container, list) and key.isdecimal():
        return int(key)
    return (
        list(container).index(key)
        if isinstance(container, (dict, list)) and key in container
        else _AFTER_ALL
    )


# The keywords that apply other schemas to the same value.

MAX_KINDS_OF_OBJECT = 16
"""The left side is split by a property with at most this number of values."""


def all_of(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
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
    cases = _kinds_of_object(comparison, part) if near else []
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


def _kinds_of_object(comparison: Comparison, part: Alternative) -> list[Alternative]:
    """A part, split by the values of a property that distinguishes its kinds."""
    if part.values is not None or "object" not in part.types:
        return []
    for name in required(part):
        found = comparison.alternatives.of(member(comparison.document, part, name))
        values = [value for one in found for value in one.values or ()]
        if all(one.values for one in found) and 1 < len(values) <= MAX_KINDS_OF_OBJECT:
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


# The keywords for values without parts, and for the number of parts.

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
            if not _implies_bound(numbers, question):
                yield question.found(name, left=_tightest_bound(question))
                return


def _implies_bound(numbers: NumberRange, question: Implication) -> bool:
    wanted = exact(question.value)
    if question.keyword == "multipleOf":
        return numbers.multiples(wanted)
    inclusive = not question.keyword.startswith("exclusive")
    if question.keyword.lower().endswith("minimum"):
        return numbers.above(wanted, inclusive)
    return numbers.below(wanted, inclusive)


def _tightest_bound(question: Implication) -> object:
    """The strictest value of the same keyword on the left side."""
    said = question.alternative.keyword_values(question.keyword)
    tightest = max if question.keyword.lower().endswith("minimum") else min
    return tightest(said, key=exact) if said else ABSENT


def string_length(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
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


def item_count(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    yield from _counted(comparison, question, "array")


def property_count(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
    yield from _counted(comparison, question, "object")


def unique_items(comparison: Comparison, question: Implication) -> Iterator[FoundDifference]:
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
        reached = _least_count(question) if low else _most_count(comparison, question)
        if reached >= question.value if low else reached <= question.value:
            return
    left = (max if low else min)(said) if said else ABSENT
    yield question.found(name, left=left)


def _least_count(question: Implication) -> int:
    least = question.alternative.least(question.keyword)
    names = required(question.alternative) if question.keyword == "minProperties" else ()
    return max(least, len(names))


def _most_count(comparison: Comparison, question: Implication) -> float:
    alternative, known = question.alternative, comparison.alternatives
    most = alternative.most(question.keyword)
    if question.keyword == "maxItems":
        return known.longest(alternative)
    if question.keyword == "maxProperties" and known.closed(alternative):
        return min(most, len(known.possible(alternative)))
    return most


# Which function checks each keyword.

_CHECKS: Final[Mapping[str, Check]] = {
    "enum": enum,
    "const": const,
    "minimum": bound,
    "maximum": bound,
    "exclusiveMinimum": bound,
    "exclusiveMaximum": bound,
    "multipleOf": bound,
    "minLength": string_length,
    "maxLength": string_length,
    "pattern": pattern,
    "minItems": item_count,
    "maxItems": item_count,
    "uniqueItems": unique_items,
    "minProperties": property_count,
    "maxProperties": property_count,
    "properties": containers.members,
    "patternProperties": containers.members,
    "additionalProperties": containers.members,
    "required": containers.needed,
    "dependentRequired": containers.needed_with,
    "propertyNames": containers.property_names,
    "unevaluatedProperties": containers.unevaluated_properties,
    "prefixItems": containers.entries,
    "items": containers.entries,
    "contains": containers.contains,
    "unevaluatedItems": containers.unevaluated_items,
    "$ref": reference,
    "allOf": all_of,
    "anyOf": choice,
    "oneOf": choice,
    "not": negation,
    "if": condition,
    "dependentSchemas": dependent,
}
