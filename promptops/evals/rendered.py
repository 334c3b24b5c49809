"""A rendered request judged by the `rendered` assertions of its case: offline, free, always run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from promptops.evals.parse import Assertion, parse
from promptops.evals.record import Record
from promptops.evals.subject import text_of_messages
from promptops.evals.verdict import Unjudgeable
from promptops.model.place import Place
from promptops.model.prompt import Case
from promptops.model.request import Request

Status = Literal["passed", "failed", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What one assertion says of one record.

    Attributes:
        type: As written, with its `not-`.
        status: `error` where it could neither hold nor fail; that is no pass.
        must: It is a contract: a case in which it does not hold fails.
        place: Of the assertion; of an error, of what to change in it.
    """

    type: str
    status: Status
    must: bool
    reason: str
    place: Place

    @property
    def passed(self) -> bool:
        return self.status == "passed"


def judge(request: Request, case: Case) -> tuple[Judged, ...]:
    """Every `rendered` assertion of a case, in order, over the request made from its inputs."""
    record = record_of(request, case)
    return tuple(_judged(record, case, index) for index in range(len(case.rendered)))


def record_of(request: Request, case: Case) -> Record:
    """A request as assertions see it; its text is that of all messages."""
    root = {
        "messages": list(request.messages),
        "tools": list(request.tools),
        "response_format": request.response_format,
        "params": request.params,
        "model": request.model,
    }
    return Record(
        on="request",
        text=text_of_messages(request.messages),
        root=root,
        messages=request.messages,
        names={**root, "inputs": case.inputs, "expected": case.expected},
    )


def _judged(record: Record, case: Case, index: int) -> Judged:
    written = case.rendered[index]
    assertion, problems = parse(written, record.on)
    if assertion is None:
        first = problems[0]
        error = f"{first.message}: {first.hint}" if first.hint else first.message
        place = _place(case, index, str(first.at), key=first.key)
        name = str(written.get("type", ""))
        return Judged(type=name, status="error", must=True, reason=error, place=place)
    return _verdict(assertion, record, case, index)


def _verdict(assertion: Assertion, record: Record, case: Case, index: int) -> Judged:
    status: Status = "error"
    try:
        verdict = assertion.judge(record)
        status, reason, at = "passed" if verdict.passed else "failed", verdict.reason, ""
    except Unjudgeable as error:
        reason, at = error.message, error.at
    return Judged(
        type=assertion.type,
        status=status,
        must=assertion.must,
        reason=reason,
        place=_place(case, index, at),
    )


def _place(case: Case, index: int, below: str = "", *, key: bool = False) -> Place:
    return case.locate(f"{case.at}/rendered/{index}{below}", key)
