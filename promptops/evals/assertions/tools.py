"""Tool calls, expected and actual."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any

from promptops.evals.json_values import Coverage
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import NamedPart, Refused, Unjudgeable, Verdict
from promptops.evals.wording import listed, mentioned_part, shown, to_compare
from promptops.json_pointer import escaped
from promptops.records import field, record
from promptops.source.explain import type_name
from promptops.suggestions import did_you_mean

Call = Mapping[str, Any]


@record(frozen=True, slots=True)
class ExpectedCall:
    """An expected call."""

    name: str
    arguments: Mapping[str, Any]

    def matches(self, call: Call, coverage: Coverage) -> bool:
        """Whether a call matches; it may have more arguments. Raises Unjudgeable."""
        if call.get("name") != self.name:
            return False
        return not self.arguments or coverage.covers(call.get("arguments"), self.arguments)

    def named(self, at: str, arguments_at: str) -> Iterator[NamedPart]:
        """The tool and its arguments, by their pointers in the assertion."""
        yield NamedPart("tool", self.name, at)
        for argument in self.arguments:
            pointer = f"{arguments_at}/{escaped(argument)}"
            yield NamedPart("argument", argument, pointer, tool=self.name)

    def __str__(self) -> str:
        more = f" with {shown(dict(self.arguments))}" if self.arguments else ""
        return f"{shown(self.name)}{more}"


def read_call(written: Any, at: str) -> ExpectedCall:
    """A name, or `{name, arguments}`; raises Refused."""
    if isinstance(written, str) and written:
        return ExpectedCall(written, {})
    if not isinstance(written, Mapping):
        raise Refused(f"expected the name of a tool or a mapping, got {type_name(written)}", at=at)
    for key in written:
        if key not in ("name", "arguments"):
            hint = did_you_mean(str(key), ("name", "arguments")) or "known here: name, arguments"
            raise Refused(
                f"`{key}` is not a key of a call", hint=hint, at=f"{at}/{escaped(str(key))}"
            )
    name, arguments = written.get("name"), written.get("arguments", {})
    if not isinstance(name, str) or not name:
        raise Refused(f"expected the name of a tool, got {type_name(name)}", at=at)
    if not isinstance(arguments, Mapping):
        raise Refused(f"expected a mapping, got {type_name(arguments)}", at=f"{at}/arguments")
    return ExpectedCall(name, arguments)


def calls_of(subject: Subject) -> tuple[Call, ...]:
    """The tool calls of an answer, in order."""
    answer = subject.record.answer
    return answer.tool_calls if answer else ()


_OF_A_CALL = 8_000  # in units of CaseWork


def known_tools(calls: Iterable[tuple[ExpectedCall, str]], subject: Subject) -> None:
    """Raises Unjudgeable for a tool that the request does not define; it is never called.

    Each call comes with its pointer.
    """
    known = dict.fromkeys(str(tool.get("name")) for tool in subject.record.request.tools)
    subject.record.work.count(_OF_A_CALL * (len(known) + len(calls_of(subject))))
    for call, at in calls:
        if call.name not in known:
            hint = did_you_mean(call.name, known)
            message = f"the prompt has no tool `{call.name}`" + (f": {hint}" if hint else "")
            raise Unjudgeable(message, at)


def listed_calls(calls: tuple[Call, ...]) -> str:
    """Calls in a reason."""
    return listed(tuple(map(dict, calls)), "and") if calls else "no call"


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
