"""tool-call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.evals.expected_calls import Call, ExpectedCall, calls_of, known_tools, listed_calls
from promptops.evals.json_values import Coverage
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import NamedPart, Refused, Verdict
from promptops.evals.wording import mentioned_part, to_compare
from promptops.records import field, record


@assertion("tool-call", on=("answer",), narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """The answer calls a tool with at least these arguments.

    One matching call is enough. Mappings may have more keys and lists more items, in any order;
    each item of an expected list needs an item of its own. A tool that the prompt does not define
    is an error, also with `not-`, and so is an argument that the tool does not have.

    Attributes:
        name: The tool.
        arguments: Arguments that the call must have.

    Holds:
        tools: [{name: refund}]
        answer: {tool_calls: [{name: refund, arguments: {order: A-1042, reason: broken}}]}
        output: [{type: tool-call, name: refund, arguments: {order: A-1042}}]

    Fails:
        tools: [{name: refund}]
        answer: {tool_calls: [{name: refund, arguments: {order: A-1}}]}
        output: [{type: tool-call, name: refund, arguments: {order: A-1042}}]
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.name:
            raise Refused("expected the name of a tool, got an empty string", at="/name")

    @property
    def named(self) -> tuple[NamedPart, ...]:
        return tuple(ExpectedCall(self.name, self.arguments).named("/name", "/arguments"))

    def check(self, subject: Subject) -> Verdict:
        expected = ExpectedCall(self.name, self.arguments)
        known_tools([(expected, "/name")], subject)
        calls = calls_of(subject)
        coverage = Coverage(subject.record.work)
        passed = any(expected.matches(call, coverage) for call in calls)
        return Verdict(
            passed=passed,
            expected=f"a call of {expected}",
            opposite=f"no call of {expected}",
            where=subject.where,
            got=listed_calls(calls),
            compared=None if passed else self._compared(calls),
        )

    def _compared(self, calls: tuple[Call, ...]) -> tuple[str, str] | None:
        """The expected and the actual arguments, if there is exactly one call of this tool."""
        found = [call.get("arguments") for call in calls if call.get("name") == self.name]
        if len(found) != 1:
            return None
        return to_compare(self.arguments, mentioned_part(found[0], self.arguments))
