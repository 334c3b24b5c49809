"""Check a rendered request by the `rendered` assertions of its case; makes no API calls."""

from __future__ import annotations

from promptops.evals.record import Record
from promptops.evals.result import At, Judgement, judge_assertion
from promptops.evals.subject import text_of_messages
from promptops.model.prompt import Case
from promptops.model.request import Request

__all__ = ["Judgement", "judge", "record_of"]


def judge(request: Request, case: Case) -> tuple[Judgement, ...]:
    """Every `rendered` assertion of a case, in order, over the request rendered from its inputs."""
    record = record_of(request, case)
    return tuple(
        judge_assertion(written, record, _at(case, index))
        for index, written in enumerate(case.rendered)
    )


def record_of(request: Request, case: Case) -> Record:
    """A request as assertions receive it; its text is that of all messages."""
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
        request=request,
        names={**root, "inputs": case.inputs, "expected": case.expected},
    )


def _at(case: Case, index: int) -> At:
    base = f"{case.at}/rendered/{index}"
    return lambda pointer, key, within=None: case.locate(base + pointer, key, within)
