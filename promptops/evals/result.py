"""The results of assertions on an answer or a request, and which contracts are violated.

An answer without the value that a contract is about, such as text in place of JSON, violates it. In
a test run the same is an error, because the assertion may be wrong; here the answers of the
reference show whether it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from promptops.evals.parse import Assertion, parse
from promptops.evals.subject import Record, text_of_messages
from promptops.evals.verdict import (
    BUILT_IN,
    Lack,
    NoReply,
    Opinion,
    Skipped,
    Span,
    Undecided,
    Unheard,
    Unjudgeable,
    judge_name,
)
from promptops.evals.wording import shown
from promptops.model.finding import Problem
from promptops.model.internal_error import CaughtBug
from promptops.model.place import Place
from promptops.model.prompt import Case, LocateWithin, Request
from promptops.plurals import series
from promptops.records import record, replace

if TYPE_CHECKING:
    from promptops.evals.judge_prompts import Agreement


def violations(judgements: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """The contracts that an answer violates."""
    return tuple(
        each
        for each in judgements
        if each.must and (each.status == "failed" or (each.status == "error" and _at_fault(each)))
    )


def unjudged(judgements: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """The assertions that could not be checked, for which the answer is not the reason."""
    return tuple(each for each in judgements if each.status == "error" and not _at_fault(each))


def _at_fault(judgement: Judgement) -> bool:
    """Whether the answer is the reason why an assertion could not be checked."""
    return judgement.degree is not None and not judgement.internal


# Check written assertions over a record or a request: the results, with their places.

Status = Literal["passed", "failed", "error", "skipped"]
At = LocateWithin
"""From a JSON pointer into an assertion to its place."""


@record(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The result of one assertion for one record.

    Attributes:
        type: As written, with its `not-`; `output` for the contract of the output schema.
        status: `error` if it could neither pass nor fail; that does not count as passed. `skipped`
            if only a fresh answer can be checked; that does not count as passed either, but is no
            problem.
        must: Whether it is a contract: a case in which it does not hold fails.
        place: Of the assertion; for an error, of the part to change.
        score: For a measure, the score in which it counts, with its weight; else None.
        degree: The degree to which it holds, 0 to 1; None if it could not be checked and the answer
            is not the reason.
        compared: The complete expected and actual values, if it does not hold and the reason is too
            short to show how they differ; else None.
        lack: For an error without a fault: a required answer is missing.
        internal: The error is a bug of promptops.
        occurrences: Where the text of the answer has what the assertion searches for.
        turn: In a conversation, the turn whose answer it is about, 1-based; None for the whole.
    """

    type: str
    status: Status
    must: bool
    reason: str
    place: Place
    score: str | None = None
    weight: float = 1.0
    degree: float | None = None
    compared: tuple[str, str] | None = None
    lack: Lack | None = None
    internal: bool = False
    occurrences: tuple[Span, ...] = ()
    turn: int | None = None

    @property
    def passed(self) -> bool:
        return self.status == "passed"


def judge_assertion(written: Mapping[str, Any], record: Record, at: At) -> Judgement:
    """The result of a written assertion; a bug in promptops is an error of that assertion."""
    with CaughtBug() as bug:
        judgement = _judgement_of(written, record, at)
    if bug.error is None:
        return judgement
    failed = _invalid(str(written.get("type", "")), bug.error.problem(""), at)
    return replace(failed, internal=True)


def _judgement_of(written: Mapping[str, Any], record: Record, at: At) -> Judgement:
    assertion, problems = parse(written, record.on)
    if assertion is None:
        return _invalid(str(written.get("type", "")), problems[0], at)
    try:
        _refuse_unverified_judge(assertion, record)
        verdict = assertion.judge(record)
    except Unjudgeable as error:
        return _uncheckable(assertion, error, at)
    status: Status = "passed" if verdict.passed else "failed"
    by = "" if verdict.passed else _decided_by(assertion, record)
    judgement = _judgement(assertion, status, f"{verdict.reason}{by}", at("", False), verdict.share)
    found = assertion.occurrences(record)
    if not (verdict.compared or found):
        return judgement
    return replace(judgement, compared=verdict.compared, occurrences=found)


def _decided_by(assertion: Assertion, record: Record) -> str:
    """Which judges decided, each with its model, as the end of a reason."""
    if not assertion.judged:
        return ""
    found: dict[str, None] = {}
    for question in assertion.asks(record):
        opinion = record.beside.replies.get(question.key)
        if question.kind == "judge" and isinstance(opinion, Opinion):
            model = f", model {shown(opinion.model)}" if opinion.model else ""
            found[f"{judge_name(question.judge)}{model}"] = None
    return f"; decided by {series(list(found), 'and', _JUDGES_SHOWN)}" if found else ""


_JUDGES_SHOWN = 3


def _invalid(name: str, problem: Problem, at: At) -> Judgement:
    reason = f"{problem.message}: {problem.hint}" if problem.hint else problem.message
    place = at(str(problem.at), problem.key, problem.within)
    return Judgement(type=name, status="error", must=True, reason=reason, place=place)


def _refuse_unverified_judge(assertion: Assertion, record: Record) -> None:
    """A judge may fail a case only if its agreement with people is proved."""
    if not (assertion.judged and assertion.must):
        return
    for question in assertion.asks(record):
        if question.kind == "judge":
            _refuse_judge(question.judge, record.beside.agreements.get(question.judge))


def _refuse_judge(name: str, agreement: Agreement | NoReply | None) -> None:
    from promptops.evals.judge_prompts import ANCHOR, FEWEST, Agreement

    if isinstance(agreement, Agreement) and agreement.may_gate:
        return
    refusal = f"{judge_name(name)} may not decide a required assertion"
    if isinstance(agreement, NoReply):
        raise Unheard(f"{refusal}: {agreement.reason}", agreement.lack, "/must")
    if agreement is not None:
        known = agreement.refusal
    elif name.startswith(BUILT_IN):
        known = "it has no anchors; set `evaluation.judge` to a prompt that has some"
    else:
        known = f"it has no anchors; tag at least {FEWEST} of its cases `{ANCHOR}`"
    raise Undecided(f"{refusal}: {known}", "/must")


def _uncheckable(assertion: Assertion, error: Unjudgeable, at: At) -> Judgement:
    status: Status = "skipped" if isinstance(error, Skipped) else "error"
    degree = None if isinstance(error, Undecided) else 0.0
    place = at(error.at, False, error.within)
    judgement = _judgement(assertion, status, error.message, place, degree)
    return replace(judgement, lack=error.lack) if isinstance(error, Unheard) else judgement


def _judgement(
    assertion: Assertion, status: Status, reason: str, place: Place, degree: float | None
) -> Judgement:
    return Judgement(
        type=assertion.type,
        status=status,
        must=assertion.must,
        reason=reason,
        place=place,
        score=assertion.score,
        weight=assertion.weight,
        degree=degree,
    )


def judge_request(request: Request, case: Case) -> tuple[Judgement, ...]:
    """Every `rendered` assertion of a case, in order, over the request rendered from its inputs."""
    record = record_of(request, case)
    return tuple(
        judge_assertion(written, record, _located(case, index))
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


def _located(case: Case, index: int) -> At:
    base = f"{case.at}/rendered/{index}"
    return lambda pointer, key, within=None: case.locate(base + pointer, key, within)
