"""Decides whether every instance of one JSON Schema matches another one, and reports why not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from promptops.analysis.schemas import containers, logic, scalars
from promptops.analysis.schemas.comparison import Check, Comparison, FoundDifference, Where
from promptops.analysis.schemas.document import BUDGET, OutOfWork, SchemaPair
from promptops.analysis.schemas.order import rank
from promptops.analysis.schemas.reader import Unsupported, without_annotations
from promptops.analysis.schemas.steps import Steps
from promptops.analysis.schemas.witness import Witnesses
from promptops.model.change import ABSENT
from promptops.model.prompt import Schema
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.request.schema_check import validator
from promptops.runtime.template.data import NotJson, json_copy

WITNESS_BUDGET: Final = 2_000
"""The maximum number of steps for one witness."""

_INTO_ANNOTATION: Final = lazy_pattern(r'"#[^"]*/(x-|default|examples)')


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


_CHECKS: Final[Mapping[str, Check]] = {
    "enum": scalars.enum,
    "const": scalars.const,
    "minimum": scalars.bound,
    "maximum": scalars.bound,
    "exclusiveMinimum": scalars.bound,
    "exclusiveMaximum": scalars.bound,
    "multipleOf": scalars.bound,
    "minLength": scalars.length,
    "maxLength": scalars.length,
    "pattern": scalars.pattern,
    "minItems": scalars.items,
    "maxItems": scalars.items,
    "uniqueItems": scalars.unique,
    "minProperties": scalars.properties,
    "maxProperties": scalars.properties,
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
    "$ref": logic.reference,
    "allOf": logic.every,
    "anyOf": logic.choice,
    "oneOf": logic.choice,
    "not": logic.negation,
    "if": logic.condition,
    "dependentSchemas": logic.dependent,
}


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
        texts = {_text(side) for side in (left, right)}
    except (TypeError, ValueError, RecursionError):
        texts = set()
    return () if len(texts) == 1 else (_undecided(keyword),)


def _text(schema: Any) -> str:
    """The text of a schema without annotations, unless a reference leads into an annotation."""
    whole = json.dumps(schema, sort_keys=True)
    if _INTO_ANNOTATION.search(whole):
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
    found.sort(key=lambda one: rank(document, one))
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
        left=document.written(_left(same)),
        right=document.written(same[0].right),
        decided=witness is not ABSENT or any(one.exact for one in same),
        witness=witness,
    )


def _left(same: list[FoundDifference]) -> Any:
    if same[0].keyword != "enum" or any(one.left is ABSENT for one in same):
        return same[0].left
    refused = {json.dumps(v, sort_keys=True): v for one in same for v in one.left}
    return tuple(refused.values())
