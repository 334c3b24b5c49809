"""Tool calls, expected and actual."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from promptops.evals.json_values import Coverage
from promptops.evals.subject import Subject
from promptops.evals.verdict import NamedPart, Refused, Unjudgeable
from promptops.evals.wording import listed, shown
from promptops.json_pointer import escaped
from promptops.records import record
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
