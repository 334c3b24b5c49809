"""The results of cases, for reports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from promptops.analysis.masking import without_secrets
from promptops.catalog.catalog import Catalog
from promptops.catalog.unknown_names import UNKNOWN_PROFILE
from promptops.evals.judge_answer import status_of
from promptops.evals.result import Judgement
from promptops.evals.subject import text_of
from promptops.jobs.recordings.store import Store
from promptops.jobs.testing.judging import JudgedAnswer
from promptops.jobs.testing.plan import CaseKey, Key, PlannedCase, with_hint
from promptops.jobs.testing.wanted_answers import AnswerResult
from promptops.model.internal_error import CODE
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.model.request import Request
from promptops.model.test_run import AssertionResult, CaseRun
from promptops.records import replace

_VIOLATED = "an additional answer, requested to decide, violates a contract"


def case_runs(
    plan: Sequence[PlannedCase],
    results: Mapping[Key, AnswerResult],
    answers: Sequence[JudgedAnswer],
    notes: Mapping[CaseKey, str],
) -> Iterator[CaseRun]:
    """The results of all planned cases, in order; `notes` explains replaced answers."""
    judged = {answer.planned.case_key: answer for answer in answers}
    for planned in plan:
        run = _run(planned, results.get(planned.key, AnswerResult()), judged.get(planned.case_key))
        yield replace(run, reason=run.reason or notes.get(planned.case_key, ""))


def with_violations(
    runs: Iterable[CaseRun], cases: Collection[tuple[str, str]]
) -> Iterator[CaseRun]:
    """The results; those of `cases` fail, because an additional answer violates a contract."""
    for run in runs:
        fails = (run.prompt, run.name) in cases and run.status == "passed"
        yield replace(run, status="failed", reason=_VIOLATED) if fails else run


def unreadable_prompts(loaded: Sequence[LoadedPrompt]) -> Iterator[CaseRun]:
    """Errors for prompts and files that can't be read, so that they are not skipped silently."""
    for prompt_file in loaded:
        if prompt_file.prompt is None:
            problem = next(iter(prompt_file.problems), None)
            place = (
                problem.at if problem and isinstance(problem.at, Place) else Place(prompt_file.path)
            )
            run = error_run(
                prompt_file.id, problem.message if problem else "it can't be read", place
            )
            yield replace(run, internal=problem is not None and problem.code == CODE)
        else:
            yield from (
                error_run(prompt_file.id, message, place)
                for message, place in _left_out(prompt_file)
            )


def error_run(prompt: str, reason: str, place: Place) -> CaseRun:
    """An error that prevents the tests of a prompt; secrets in its reason are masked."""
    text = without_secrets(reason)
    return CaseRun(prompt=prompt, name="", status="error", reason=text, place=place)


def _left_out(loaded: LoadedPrompt) -> Iterator[tuple[str, Place]]:
    """Why cases are missing or requests differ from the files."""
    for problem in loaded.problems:
        if problem.code not in _NOT_LEFT_OUT and isinstance(problem.at, Place):
            yield problem.message, problem.at
    for reference in loaded.references:
        if reference.kind in _NEEDED and not reference.found:
            message = f"there is no {_NEEDED[reference.kind]} `{reference.written}`"
            yield message, reference.place


_NOT_LEFT_OUT = ("SCH010", UNKNOWN_PROFILE)
"""Problems that hide no test case: YAML aliases, and missing profiles, which fail each case."""

_NEEDED = {"cases": "case file", "tool": "tool"}
"""References that a prompt can do without, but its tests can't."""


def recording_errors(
    catalog: Catalog, plan: Sequence[PlannedCase], store: Store
) -> Iterator[CaseRun]:
    """Errors for lines of recordings that can't be read."""
    for path in dict.fromkeys(planned.prompt.path for planned in plan):
        for problem in store.problems(path):
            if isinstance(problem.at, Place):
                reason = with_hint(problem.message, problem.hint)
                yield error_run(catalog.ids.get(path, path), reason, problem.at)


def _run(planned: PlannedCase, result: AnswerResult, judged: JudgedAnswer | None) -> CaseRun:
    run = CaseRun(
        prompt=planned.prompt.id,
        name=planned.case.name,
        repeat=planned.repeat,
        status="error",
        place=planned.place,
        reason=without_secrets(planned.error),
        messages=sent_messages(planned.request) if planned.request is not None else (),
        assertions=tuple(assertion_result(judgement, "request") for judgement in planned.rendered),
        internal=planned.internal or any(judgement.internal for judgement in planned.rendered),
    )
    if planned.error:
        return replace(run, status="stale") if planned.unrecorded else run
    return _judged_run(run, planned, result, judged)


def sent_messages(request: Request) -> tuple[tuple[str, str], ...]:
    """Role and text of each message of a request."""
    return tuple(
        (str(message["role"]), text_of(message.get("content"))) for message in request.messages
    )


def _judged_run(
    run: CaseRun, planned: PlannedCase, result: AnswerResult, judged: JudgedAnswer | None
) -> CaseRun:
    if not planned.needs_answer:
        return replace(run, status=status_of(planned.rendered))
    if judged is None:
        status = status_of(planned.rendered) if planned.rendered else "passed"
        if result.infrastructure:
            return replace(run, status="error", reason=result.reason, infrastructure=True)
        return replace(
            run, status="failed" if status == "failed" else "stale", reason=result.reason
        )
    results = (
        *run.assertions,
        *(assertion_result(judgement, "answer") for judgement in judged.judgements),
    )
    judgements = (*planned.rendered, *judged.judgements)
    status, missing = status_of(judgements), _missing_reply(judgements)
    return replace(
        run,
        status=status,
        reason=missing or ("its assertions can't be checked" if status == "error" else ""),
        infrastructure=bool(missing),
        internal=any(judgement.internal for judgement in judgements),
        assertions=results,
        answer=judged.answer,
        source=result.source,
    )


def _missing_reply(judged: Sequence[Judgement]) -> str:
    """Why a judge gave no reply, if there is no other error to fix; else ""."""
    errors = [
        judgement
        for judgement in judged
        if judgement.status == "error" and judgement.lack != "recording"
    ]
    only_outages = errors and all(error.lack == "connection" for error in errors)
    return errors[0].reason if only_outages else ""


def assertion_result(judged: Judgement, on: Literal["request", "answer"]) -> AssertionResult:
    """One assertion of a case, as reports show it."""
    return AssertionResult(
        type=judged.type,
        status=judged.status,
        must=judged.must,
        reason=judged.reason,
        place=judged.place,
        on=on,
        score=judged.score,
        compared=judged.compared,
    )
