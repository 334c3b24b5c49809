"""contains-json."""

from __future__ import annotations

from typing import Any

from promptops.evals.json_values import NOTHING, Coverage, embedded_values, parsed
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Verdict
from promptops.evals.wording import mentioned_part, shown, to_compare
from promptops.plurals import counted
from promptops.records import record


@assertion("contains-json")
@record(frozen=True, slots=True, kw_only=True)
class ContainsJson:
    """The checked text contains a JSON mapping or list with at least these values.

    Mappings may have more keys and lists more items, in any order. Each item of the expected list
    needs an item of its own: `[1]` lacks an item of `[1, 1]`. In a text, the JSON may be between
    sentences or in a fenced block. If `path` selects a value that is not a string, that
    value itself is compared.

    Attributes:
        value: The values that must be present.

    Holds:
        messages: [{role: assistant, content: 'Sure: {"sql": "SELECT 1", "rows": 1}'}]
        rendered: [{type: contains-json, role: assistant, value: {rows: 1}}]

    Fails:
        messages: [{role: assistant, content: 'Sure: {"sql": "SELECT 1", "rows": 0}'}]
        rendered: [{type: contains-json, role: assistant, value: {rows: 1}}]
    """

    value: Any

    def __post_init__(self) -> None:
        if not isinstance(self.value, (dict, list)):
            raise Refused("expected a mapping or a list", hint="for a string, use `contains`")
        if not self.value:
            raise Refused(
                "every mapping or list contains an empty value", hint="write what it must contain"
            )

    def check(self, subject: Subject) -> Verdict:
        values, coverage = _values(subject), Coverage(subject.record.work)
        expected = f"JSON with {shown(self.value)}"
        passed = any(coverage.covers(value, self.value) for value in values)
        return Verdict(
            passed=passed,
            expected=expected,
            opposite=f"no {expected}",
            where=subject.where,
            got=_shown_candidates(values, subject.value),
            compared=None if passed or len(values) != 1 else self._compared(values[0]),
        )

    def _compared(self, value: Any) -> tuple[str, str] | None:
        return to_compare(self.value, mentioned_part(value, self.value))


def _values(subject: Subject) -> list[Any]:
    if not isinstance(subject.value, str):
        return [subject.value]
    whole = parsed(subject.value)
    return list(embedded_values(subject.value)) if whole is NOTHING else [whole]


def _shown_candidates(values: list[Any], looked_at: Any) -> str:
    if not values:
        return f"no JSON in {shown(looked_at)}"
    return shown(values[0]) if len(values) == 1 else counted(len(values), "other value")
