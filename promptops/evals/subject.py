"""What an assertion checks: the record of a case, and the part of it that is selected."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from promptops.evals.case_expressions import CaseWork, Expression, WrongExpression
from promptops.evals.json_values import NOTHING
from promptops.evals.verdict import NoReply, Reply, Unjudgeable
from promptops.evals.wording import shown
from promptops.json_pointer import NO_VALUE, child, escaped, tokens
from promptops.model.answer import Answer
from promptops.model.prompt import Request
from promptops.plurals import counted, plural
from promptops.records import field, record
from promptops.source.explain import type_name
from promptops.suggestions import did_you_mean

if TYPE_CHECKING:
    from promptops.evals.judge_prompts import Agreement
    from promptops.evals.python_functions import Functions
    from promptops.model.prompt import LocateWithin


On = Literal["request", "answer", "conversation"]
"""What an assertion checks; a conversation is all turns of a case."""

NAMES: Mapping[On, tuple[str, ...]] = {
    "request": (
        *("value", "inputs", "expected"),
        *("messages", "tools", "response_format", "params", "model"),
    ),
    "answer": ("value", "inputs", "expected", "output", "text", "tool_calls", "usage"),
    "conversation": ("value", "inputs", "expected", "text", "tool_calls", "usage"),
}
"""The names that an expression may use; `value` is the checked value."""


@record(frozen=True, slots=True, kw_only=True)
class Beside:
    """Data that an assertion over an answer may need besides the answer.

    Attributes:
        price: Of the model's profile, in USD per million tokens: `input`, `output`, `cached`; it
            overrides the table.
        baseline: The baseline's answer to the same case and repeat.
        others: The answers to the other cases in the same repeat, by name.
        replies: The replies to `judge_answer.questions`, by `Question.key`.
        agreements: Of judges with their anchors, by the judge's name; NoReply if an anchor has no
            answer.
        functions: The functions of `python`; None if no code is run.
    """

    price: Mapping[str, float] = field(default_factory=dict)
    baseline: Answer | None = None
    others: Mapping[str, Answer] = field(default_factory=dict)
    replies: Mapping[str, Reply] = field(default_factory=dict)
    agreements: Mapping[str, Agreement | NoReply] = field(default_factory=dict)
    functions: Functions | None = None


@record(frozen=True, slots=True, kw_only=True)
class Record:
    """A rendered request, or an answer to one.

    Attributes:
        text: The checked text if an assertion does not narrow it.
        root: JSON data into which `path` points; NOTHING for an answer that is not JSON.
        request: The request, or the one that was answered.
        names: For expressions: those of `NAMES` without `value`.
        answer: None for a request; for a conversation, one with the tool calls and the usage of all
            turns.
        judge: The prompt's `evaluation.judge`: the id of a prompt, a model, or None.
        at: The places of the parts of the assertion; None if it has none.
        work: The remaining work of its assertions; copies of a record share it.
    """

    on: On
    text: str
    root: Any
    request: Request
    names: Mapping[str, Any] = field(default_factory=dict)
    answer: Answer | None = None
    beside: Beside = field(default_factory=Beside)
    judge: str | Mapping[str, Any] | None = None
    at: LocateWithin | None = None
    work: CaseWork = field(default_factory=CaseWork)

    @property
    def written_in(self) -> str:
        """The path of the file with the assertion, to which `./` is relative; "" without places."""
        return self.at("", False).path if self.at is not None else ""

    @property
    def messages(self) -> tuple[Mapping[str, Any], ...]:
        """The messages of the request."""
        return self.request.messages


def facts_of(answer: Answer) -> tuple[Any, dict[str, Any]]:
    """For an answer, the root into which `path` points, and the names for expressions."""
    from promptops.evals.json_values import NOTHING, parsed

    value = parsed(answer.text)
    usage = answer.usage
    return value, {
        "output": answer.text if value is NOTHING else value,
        "text": answer.text,
        "tool_calls": [dict(call) for call in answer.tool_calls],
        "usage": {"input": usage.input, "output": usage.output, "cached": usage.cached},
    }


# The value that one assertion checks: a record, or the part that `path` or `role` selects.


class Subject:
    """The checked value, computed lazily.

    `value` and `text` raise Unjudgeable if there is no such value.
    """

    def __init__(
        self,
        record: Record,
        *,
        path: str | None = None,
        role: str | None = None,
        transform: Expression | None = None,
    ) -> None:
        self.record = record
        self.role = role
        self._path = path
        self._transform = transform

    def over(self, record: Record) -> Subject:
        """The same part of another record."""
        return Subject(record, path=self._path, role=self.role, transform=self._transform)

    @property
    def narrowed(self) -> bool:
        """Only a part of the record is checked."""
        return any(part is not None for part in (self.role, self._path, self._transform))

    @property
    def has_path(self) -> bool:
        """The checked value is the one at a path, which may have any type."""
        return self._path is not None

    @property
    def is_message_text(self) -> bool:
        """The checked value is always a string, whatever the record contains."""
        return self._path is None and self._transform is None

    @property
    def where(self) -> str:
        """The checked part, worded to follow "expected …"."""
        if self._transform is None:
            return self._place
        return f"{self._place} after `{self._transform.text}`"

    @cached_property
    def value(self) -> Any:
        """JSON data: the text, or the value at `path`, transformed."""
        if self._transform is None:
            return self._narrowed
        try:
            return self._transform.value(self.names(self._narrowed), self.record.work)
        except WrongExpression as error:
            raise Unjudgeable(error.message, "/transform", error.within) from None

    @cached_property
    def text(self) -> str:
        """The value if it is a string, or the parts of a message's content."""
        value = self.value
        if _is_parts(value):
            return text_of(value)
        if not isinstance(value, str):
            raise Unjudgeable(
                f"expected a string {self.where}, got {type_name(value)}", self._narrowing
            )
        return value

    @property
    def whole(self) -> str:
        """The text, or any other value as JSON; for a whole answer, with its tool calls."""
        value, answer = self.value, self.record.answer
        text = self.text if isinstance(value, str) or _is_parts(value) else as_json(value)
        if self.narrowed or answer is None or self.record.on == "conversation":
            return text
        return with_calls(text, answer.tool_calls)

    @property
    def read_chars(self) -> int:
        """The number of characters of the text that contains the value."""
        if self.role is None:
            return len(self.record.text)
        return sum(len(text_of(message.get("content"))) for message in self.messages)

    @property
    def messages(self) -> tuple[Mapping[str, Any], ...]:
        """The messages of the selected role; having none is not an error here."""
        return tuple(
            message
            for message in self.record.messages
            if self.role is None or message.get("role") == self.role
        )

    def names(self, value: Any) -> Mapping[str, Any]:
        """The names of an expression over `value`."""
        return {**self.record.names, "value": value}

    @property
    def _narrowing(self) -> str:
        if self._transform is not None:
            return "/transform"
        return "/path" if self._path is not None else ""

    @property
    def _place(self) -> str:
        if self._path is not None:
            return f"at {self._path}" if self._path else f"in the whole {self.record.on}"
        if self.role is None:
            return f"in the {self.record.on}"
        return f"in the {self.role} {plural(len(self.messages), 'message')}"

    @property
    def _narrowed(self) -> Any:
        if self._path is not None:
            if self.record.root is NOTHING:
                raise Unjudgeable(f"the answer is not JSON: {shown(self.record.text)}", "/path")
            return _pointed(self.record.root, self._path)
        if self.role is None:
            return self.record.text
        if not self.messages:
            raise Unjudgeable(f"the {self.record.on} has no {self.role} message", "/role")
        return text_of_messages(self.messages)


def with_calls(text: str, calls: Iterable[Mapping[str, Any]]) -> str:
    """A text, and below it the tool calls that belong to it.

    Their keys are sorted, as in a recording: a judge is asked the same about a fresh answer.
    """
    written = (json.dumps(dict(call), ensure_ascii=False, sort_keys=True) for call in calls)
    lines = [f"[calls {each}]" for each in written]
    return "\n".join([text, *lines] if text else lines)


def as_json(value: Any) -> str:
    """JSON data in a readable form."""
    return json.dumps(value, ensure_ascii=False)


def text_of_messages(messages: tuple[Mapping[str, Any], ...]) -> str:
    """The content of messages, separated by blank lines."""
    return "\n\n".join(text_of(message.get("content")) for message in messages)


def text_of(content: Any) -> str:
    """The content of a message; parts separated by blank lines, media left out."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, (list, tuple)) else ()
    return "\n\n".join(_texts(parts))


def _texts(parts: Any) -> Iterator[str]:
    for part in parts:
        text = part.get("text") if isinstance(part, Mapping) else None
        if isinstance(text, str):
            yield text


def _is_parts(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple))
        and bool(value)
        and all(isinstance(part, Mapping) and part.get("type") == "text" for part in value)
    )


def _pointed(value: Any, pointer: str) -> Any:
    pointer_so_far = ""
    for token in tokens(pointer):
        found = child(value, token, NO_VALUE)
        if found is NO_VALUE:
            raise Unjudgeable(_no_value(value, token, pointer_so_far), "/path")
        value = found
        pointer_so_far += f"/{escaped(token)}"
    return value


def _no_value(value: Any, token: str, pointer: str) -> str:
    at = pointer or "the root"
    if isinstance(value, Mapping):
        hint = did_you_mean(token, map(str, value))
        return f"there is no `{token}` at {at}" + (f": {hint}" if hint else "")
    if isinstance(value, (list, tuple)):
        return f"there is no `{token}` at {at}, a list of {counted(len(value), 'item')}"
    return f"there is no `{token}` at {at}, which is {type_name(value)}"
