"""Check an answer: a pure function of existing data; questions to judges are listed separately."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from promptops.evals.case_assertions import asserted
from promptops.evals.output_contract import judge_output
from promptops.evals.parse import parse
from promptops.evals.questions import Question
from promptops.evals.record import Beside, Record, facts_of
from promptops.evals.result import Judgement, judged
from promptops.evals.verdict import Unjudgeable
from promptops.model.answer import Answer
from promptops.model.prompt import Case, Prompt
from promptops.model.request import Request
from promptops.records import replace


def judge_answer(record: Record, case: Case, prompt: Prompt) -> tuple[Judgement, ...]:
    """The verdicts of the case's `output`, of `evaluation.assertions`, and of the output contract.

    In this order.
    """
    assertions = tuple(
        judged(each.written, replace(record, written_in=each.path), each.at)
        for each in asserted(case, prompt)
    )
    return (*assertions, *(judge_output(record.answer, prompt) if record.answer else ()))


def questions(record: Record, case: Case, prompt: Prompt) -> tuple[Question, ...]:
    """The questions to answer before `judge_answer`, each once; the replies go into `Beside`."""
    found: dict[str, Question] = {}
    for each in asserted(case, prompt):
        assertion, _ = parse(each.written, "answer")
        try:
            asked = assertion.asks(record) if assertion else ()
        except Unjudgeable:  # `judge_answer` says so, without asking
            continue
        found |= {question.key: question for question in asked}
    return tuple(found.values())


def record_of_answer(
    answer: Answer, request: Request, case: Case, prompt: Prompt, beside: Beside | None = None
) -> Record:
    """An answer as assertions receive it; `path` leads into its parsed JSON."""
    root, facts = facts_of(answer)
    return Record(
        on="answer",
        text=answer.text,
        root=root,
        request=request,
        names={**facts, "inputs": case.inputs, "expected": case.expected},
        answer=answer,
        beside=beside or Beside(),
        judge=prompt.evaluation.get("judge"),
    )


def status_of(judged: Iterable[Judgement]) -> Literal["passed", "failed", "error", "stale"]:
    """The verdict of a case, from the results of its request and its answer.

    An error takes precedence over a failure, because a wrong assertion checks nothing; a failure
    takes precedence over a missing recording of a judge. Measures never fail a case; a measure that
    could not be checked at all, or a case without assertions, is an error.
    """
    every = tuple(judged)
    if any(each.status == "error" and each.lack != "recording" for each in every):
        return "error"
    if all(each.status == "skipped" for each in every):
        return "error"
    if any(each.must and each.status == "failed" for each in every):
        return "failed"
    return "stale" if any(each.lack == "recording" for each in every) else "passed"


def gating_judge(case: Case, prompt: Prompt) -> str | None:
    """The prompt that must be shown to judge as people do, because it may fail the case."""
    judge = prompt.evaluation.get("judge")
    if isinstance(judge, str) and any(_gates(each.written) for each in asserted(case, prompt)):
        return judge
    return None


def _gates(written: Mapping[str, Any]) -> bool:
    assertion = parse(written, "answer")[0] if written.get("must") is True else None
    return assertion is not None and assertion.judged
