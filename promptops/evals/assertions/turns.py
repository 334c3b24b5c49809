"""The turns of a conversation, and the tools that are called in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptops.evals.assertions.tools import (
    Call,
    ExpectedCall,
    calls_of,
    known_tools,
    listed_calls,
    read_call,
)
from promptops.evals.checked_values import check_limit
from promptops.evals.json_values import Coverage
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import NamedPart, Refused, Verdict
from promptops.evals.wording import listed
from promptops.plurals import counted
from promptops.records import record
from promptops.runtime.request.canonical import canonical_json

MOST_TURNS = 40
"""The most turns of a case."""


@assertion("max-turns", on=("conversation",), narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class MaxTurns:
    """The model answers at most so many times.

    It is of use after a simulated user: the number of scripted turns is known.

    Attributes:
        value: Answers of the model.

    Holds:
        answers: [{text: Which order?}, {text: It is on its way.}]
        conversation: [{type: max-turns, value: 2}]

    Fails:
        answers: [{text: Which order?}, {text: Which one?}, {text: It is on its way.}]
        conversation: [{type: max-turns, value: 2}]
    """

    value: int

    def __post_init__(self) -> None:
        if self.value < 1:
            raise Refused(f"expected a number of at least 1, got {self.value}", at="/value")
        check_limit(self.value, MOST_TURNS - 1, f"conversation has over {MOST_TURNS} turns")

    def check(self, subject: Subject) -> Verdict:
        answer = subject.record.answer
        turns = len(answer.turns) if answer is not None else 0
        return Verdict(
            passed=turns <= self.value,
            expected=f"at most {counted(self.value, 'turn')}",
            opposite=f"more than {counted(self.value, 'turn')}",
            where=subject.where,
            got=str(turns),
        )


@assertion("tool-sequence", on=("conversation",), narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class ToolSequence:
    """These tools are called in this order; other calls may come between.

    Attributes:
        value: The calls: tool names, or `{name, arguments}` as in `tool-call`.

    Holds:
        tools: [{name: find}, {name: refund}]
        answers:
          - {tool_calls: [{name: find, arguments: {id: 7}}]}
          - {tool_calls: [{name: refund, arguments: {id: 7}}]}
        conversation: [{type: tool-sequence, value: [find, {name: refund, arguments: {id: 7}}]}]

    Fails:
        tools: [{name: find}, {name: refund}]
        answers:
          - {tool_calls: [{name: refund, arguments: {id: 7}}]}
          - {tool_calls: [{name: find, arguments: {id: 7}}]}
        conversation: [{type: tool-sequence, value: [find, refund]}]
    """

    value: tuple[Any, ...]

    def __post_init__(self) -> None:
        _not_empty(self.value)
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
        coverage = Coverage(subject.record.work)
        left = list(expected)
        for call in calls:
            if left and left[0].matches(call, coverage):
                del left[0]
        in_order = ", then ".join(map(str, expected))
        return Verdict(
            passed=not left,
            expected=f"calls of {in_order}",
            opposite=f"no calls of {in_order}, in this order",
            where=subject.where,
            got=listed_calls(calls),
        )

    def _expected(self) -> tuple[ExpectedCall, ...]:
        return tuple(read_call(item, f"/value/{index}") for index, item in enumerate(self.value))


@assertion("tool-set", on=("conversation",), narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class ToolSet:
    """Exactly these tools are called, in any order and any number of times.

    Attributes:
        value: The names of the tools.

    Holds:
        tools: [{name: find}, {name: refund}]
        answers:
          - {tool_calls: [{name: refund, arguments: {id: 7}}, {name: find, arguments: {id: 7}}]}
          - {tool_calls: [{name: find, arguments: {id: 8}}]}
        conversation: [{type: tool-set, value: [find, refund]}]

    Fails:
        tools: [{name: find}, {name: refund}]
        answers: [{tool_calls: [{name: find, arguments: {id: 7}}]}]
        conversation: [{type: tool-set, value: [find, refund]}]
    """

    value: tuple[str, ...]

    def __post_init__(self) -> None:
        _not_empty(self.value)

    @property
    def named(self) -> tuple[NamedPart, ...]:
        return tuple(
            NamedPart("tool", name, f"/value/{index}") for index, name in enumerate(self.value)
        )

    def check(self, subject: Subject) -> Verdict:
        expected = [(ExpectedCall(name, {}), f"/value/{i}") for i, name in enumerate(self.value)]
        known_tools(expected, subject)
        called = tuple(dict.fromkeys(str(call.get("name")) for call in calls_of(subject)))
        names = listed(self.value, "and")
        return Verdict(
            passed=set(called) == set(self.value),
            expected=f"calls of exactly {names}",
            opposite=f"calls of other tools than {names}",
            where=subject.where,
            got=listed(called, "and") if called else "no call",
        )


@assertion("no-repeat", on=("conversation",), narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class NoRepeat:
    """No tool is called twice with equal arguments.

    Holds:
        answers:
          - {tool_calls: [{name: find, arguments: {id: 7}}]}
          - {tool_calls: [{name: find, arguments: {id: 8}}]}
        conversation: [{type: no-repeat}]

    Fails:
        answers:
          - {tool_calls: [{name: find, arguments: {id: 7}}]}
          - {tool_calls: [{name: find, arguments: {id: 7}}]}
        conversation: [{type: no-repeat}]
    """

    def check(self, subject: Subject) -> Verdict:
        calls = calls_of(subject)
        repeated = next(_repeated(calls), None)
        return Verdict(
            passed=repeated is None,
            expected="no equal tool calls",
            opposite="equal tool calls",
            where=subject.where,
            got="no equal calls" if repeated is None else f"{listed_calls((repeated,))} again",
        )


def _repeated(calls: tuple[Call, ...]) -> Iterator[Call]:
    seen: set[str] = set()
    for call in calls:
        key = canonical_json([call.get("name"), call.get("arguments")])
        if key in seen:
            yield call
        seen.add(key)


def _not_empty(value: tuple[Any, ...]) -> None:
    if not value:
        raise Refused("the list is empty: nothing is checked", hint="name the tools")
