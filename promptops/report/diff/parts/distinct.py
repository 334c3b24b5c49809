"""Groups prompts and cases that changed in the same way, so that each is shown once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

from promptops.model.change import ABSENT, CaseDiff, Change, DiffReport, PromptDiff, Seen, SeenPair
from promptops.records import record
from promptops.report.parts.json_text import json_data, json_text
from promptops.report.parts.words import line_difference

T = TypeVar("T")

# The rendered difference shows these changes, and it is compared itself.
_SEEN_IN_THE_DIFFERENCE = frozenset({"CHG301", "CHG302", "CHG308", "CHG309"})


@record(frozen=True, slots=True)
class DistinctCase:
    """A case, and the names of cases with the same changed lines."""

    case: CaseDiff
    also: tuple[str, ...]


@record(frozen=True, slots=True)
class DistinctPrompt:
    """A prompt, the prompts with the same changes, and its cases, each difference once."""

    prompt: PromptDiff
    also: tuple[PromptDiff, ...]
    cases: tuple[DistinctCase, ...]


def distinct_prompts(report: DiffReport) -> tuple[DistinctPrompt, ...]:
    """Group the changed prompts, in the order of the report."""
    ways: dict[int, dict[Hashable, list[CaseDiff]]] = {
        id(prompt): _grouped(prompt.cases, _key_of_case) for prompt in report.prompts
    }
    groups = _grouped(report.prompts, lambda prompt: _key_of_prompt(prompt, ways[id(prompt)]))
    return tuple(
        DistinctPrompt(first, tuple(others), _cases(ways[id(first)]))
        for first, *others in groups.values()
    )


def risks(report: DiffReport) -> list[tuple[tuple[PromptDiff, ...], Change]]:
    """Each risk once, with all prompts that have it, in the order of the report."""
    groups = _grouped(report.risks, lambda found: (_key_of_change(found[1]), found[1].message))
    return [(tuple(prompt for prompt, _ in found), found[0][1]) for found in groups.values()]


def _cases(groups: dict[Hashable, list[CaseDiff]]) -> tuple[DistinctCase, ...]:
    return tuple(
        DistinctCase(first, tuple(case.name for case in others))
        for first, *others in groups.values()
    )


def _grouped(items: Iterable[T], key: Callable[[T], Hashable]) -> dict[Hashable, list[T]]:
    groups: dict[Hashable, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def _key_of_prompt(prompt: PromptDiff, ways: Iterable[Hashable]) -> Hashable:
    changes = tuple(_key_of_change(change) for change in prompt.changes)
    return (prompt.state, prompt.bump, prompt.via, changes, frozenset(ways))


def _key_of_change(change: Change) -> Hashable:
    message = "" if change.code in _SEEN_IN_THE_DIFFERENCE else change.message
    witness = change.witness and (change.witness.kind, _value_key(change.witness.value))
    values = (_value_key(change.before), _value_key(change.after))
    rest = (change.risk, change.via, change.waiver)
    return (change.code, change.bump, message, values, witness, *rest)


def _value_key(value: Any) -> str:
    return "" if value is ABSENT else json_text(json_data(value), None)


def _key_of_case(case: CaseDiff) -> Hashable:
    differences = tuple(_key_of_pair(pair) for pair in case.pairs if pair.differs)
    return (differences, case.rest, case.verdicts, case.before_error, case.after_error)


def _key_of_pair(pair: SeenPair) -> Hashable:
    before, after = pair.before, pair.after
    changed = tuple(
        (segment.kind, segment.text.strip("\n") or segment.text)
        for segment in line_difference(_text_of(before), _text_of(after))
        if segment.kind != "same"
    )
    return (before and before.role, after and after.role, changed)


def _text_of(seen: Seen | None) -> str:
    return seen.text if seen else ""
