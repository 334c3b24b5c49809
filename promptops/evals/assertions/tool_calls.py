"""tool-calls."""

from __future__ import annotations

from itertools import repeat
from typing import Any

from promptops.evals.expected_calls import (
    Call,
    ExpectedCall,
    calls_of,
    known_tools,
    listed_calls,
    read_call,
)
from promptops.evals.json_values import Coverage
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import NamedPart, Refused, Verdict
from promptops.evals.wording import mentioned_part, to_compare
from promptops.records import record


@assertion("tool-calls", on=("answer",), narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class ToolCalls:
    """The answer calls exactly these tools, in this order.

    Attributes:
        value: The calls: tool names, or `{name, arguments}` as in `tool-call`.

    Holds:
        tools: [{name: find}, {name: refund}]
        answer: {tool_calls: [{name: find, arguments: {id: 7}}, {name: refund, arguments: {id: 7}}]}
        output: [{type: tool-calls, value: [find, {name: refund, arguments: {id: 7}}]}]

    Fails:
        tools: [{name: find}, {name: refund}]
        answer: {tool_calls: [{name: refund, arguments: {id: 7}}]}
        output: [{type: tool-calls, value: [find, refund]}]
    """

    value: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.value:
            raise Refused("the list is empty: nothing is checked", hint="name the tools")
        self._expected()

    @property
    def named(self) -> tuple[NamedPart, ...]:
        return tuple(
            part
            for index, expected_call in enumerate(self._expected())
            for part in expected_call.named(f"/value/{index}", f"/value/{index}/arguments")
        )

    def check(self, subject: Subject) -> Verdict:
        expected, calls = self._expected(), calls_of(subject)
        known_tools(((call, f"/value/{index}") for index, call in enumerate(expected)), subject)
        same = [expected_call.name for expected_call in expected] == [
            call.get("name") for call in calls
        ]
        coverage = Coverage(subject.record.work)
        passed = same and all(map(ExpectedCall.matches, expected, calls, repeat(coverage)))
        all_of = ", ".join(map(str, expected))
        return Verdict(
            passed=passed,
            expected=f"calls of {all_of}",
            opposite=f"calls other than {all_of}",
            where=subject.where,
            got=listed_calls(calls),
            compared=_compared(expected, calls) if same and not passed else None,
        )

    def _expected(self) -> tuple[ExpectedCall, ...]:
        return tuple(read_call(item, f"/value/{index}") for index, item in enumerate(self.value))


def _compared(
    expected: tuple[ExpectedCall, ...], calls: tuple[Call, ...]
) -> tuple[str, str] | None:
    """The expected and the actual arguments, if the same tools are called."""
    pairs = zip(expected, calls, strict=True)
    actual = [mentioned_part(call.get("arguments"), call_.arguments) for call_, call in pairs]
    return to_compare([call_.arguments for call_ in expected], actual)
