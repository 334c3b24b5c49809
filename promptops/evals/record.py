"""The data that assertions check, whatever its source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from promptops.evals.case_work import CaseWork
from promptops.evals.questions import NoReply, Reply
from promptops.model.answer import Answer
from promptops.model.request import Request
from promptops.records import field, record

if TYPE_CHECKING:
    from promptops.evals.agreement import Agreement
    from promptops.evals.python_functions import Functions
    from promptops.model.prompt import LocateWithin

On = Literal["request", "answer"]

NAMES: Mapping[On, tuple[str, ...]] = {
    "request": (
        *("value", "inputs", "expected"),
        *("messages", "tools", "response_format", "params", "model"),
    ),
    "answer": ("value", "inputs", "expected", "output", "text", "tool_calls", "usage"),
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
        answer: None for a request.
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
