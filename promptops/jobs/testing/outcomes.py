"""The results of cases, for reports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from promptops.catalog.catalog import Catalog
from promptops.catalog.unknown_names import UNKNOWN_PROFILE
from promptops.evals.judge_answer import status_of
from promptops.evals.result import Judgement
from promptops.evals.subject import text_of
from promptops.jobs.recordings.store import Store
from promptops.jobs.testing.answering import Got
from promptops.jobs.testing.judging import Heard
from promptops.jobs.testing.plan import Asked, Key, Planned, with_hint
from promptops.model.internal_error import CODE
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.model.request import Request
from promptops.model.test_run import AssertionResult, CaseRun
from promptops.records import replace

_VIOLATED = "an additional answer, requested to decide, violates a contract"


def case_runs(
    plan: Sequence[Planned],
    got: Mapping[Key, Got],
    found: Sequence[Heard],
    notes: Mapping[Asked, str],
) -> Iterator[CaseRun]:
    """The results of all planned cases, in order, with notes on answers."""
    heard = {each.planned.asked: each for each in found}
    for each in plan:
        run = _run(each, got.get(each.key, Got()), heard.get(each.asked))
        yield replace(run, reason=run.reason or notes.get(each.asked, ""))


def violated(runs: Iterable[CaseRun], cases: Collection[tuple[str, str]]) -> Iterator[CaseRun]:
    """The results; those of `cases` fail, because an additional answer violates a contract."""
    for run in runs:
        fails = (run.prompt, run.name) in cases and run.status == "passed"
        yield replace(run, status="failed", reason=_VIOLATED) if fails else run


def unreadable(loaded: Sequence[LoadedPrompt]) -> Iterator[CaseRun]:
    """Errors for prompts and files that can't be read, so that they are not skipped silently."""
    for each in loaded:
        if each.prompt is None:
            problem = next(iter(each.problems), None)
            place = problem.at if problem and isinstance(problem.at, Place) else Place(each.path)
            run = error_run(each.id, problem.message if problem else "it can't be read", place)
            yield replace(run, internal=problem is not None and problem.code == CODE)
        else:
            yield from (error_run(each.id, message, place) for message, place in _left_out(each))


def error_run(prompt: str, reason: str, place: Place) -> CaseRun:
    return CaseRun(prompt=prompt, name="", status="error", reason=reason, place=place)


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


def wrong_files(catalog: Catalog, plan: Sequence[Planned], store: Store) -> Iterator[CaseRun]:
    """Errors for lines of recordings that can't be read."""
    for path in dict.fromkeys(each.prompt.path for each in plan):
        for problem in store.problems(path):
            if isinstance(problem.at, Place):
                reason = with_hint(problem.message, problem.hint)
                yield error_run(catalog.ids.get(path, path), reason, problem.at)


def _run(planned: Planned, got: Got, heard: Heard | None) -> CaseRun:
    said = CaseRun(
        prompt=planned.prompt.id,
        name=planned.case.name,
        repeat=planned.repeat,
        status="error",
        place=planned.place,
        reason=planned.error,
        messages=_sent(planned.request) if planned.request is not None else (),
        assertions=tuple(_result(each, "request") for each in planned.rendered),
        internal=planned.internal or any(each.internal for each in planned.rendered),
    )
    if planned.error:
        return said
    return _judged(said, planned, got, heard)


def _sent(request: Request) -> tuple[tuple[str, str], ...]:
    return tuple((str(each["role"]), text_of(each.get("content"))) for each in request.messages)


def _judged(run: CaseRun, planned: Planned, got: Got, heard: Heard | None) -> CaseRun:
    if not planned.asks:
        return replace(run, status=status_of(planned.rendered))
    if heard is None:
        status = status_of(planned.rendered) if planned.rendered else "passed"
        if got.infrastructure:
            return replace(run, status="error", reason=got.reason, infrastructure=True)
        return replace(run, status="failed" if status == "failed" else "stale", reason=got.reason)
    results = (*run.assertions, *(_result(each, "answer") for each in heard.said))
    judged = (*planned.rendered, *heard.said)
    status, unheard = status_of(judged), _unheard(judged)
    return replace(
        run,
        status=status,
        reason=unheard or ("its assertions can't be checked" if status == "error" else ""),
        infrastructure=bool(unheard),
        internal=any(each.internal for each in judged),
        assertions=results,
        answer=heard.answer,
        source=got.source,
    )


def _unheard(judged: Sequence[Judgement]) -> str:
    """Why a judge gave no reply, if there is no other error to fix; else ""."""
    errors = [each for each in judged if each.status == "error" and each.lack != "recording"]
    vain = errors and all(each.lack == "connection" for each in errors)
    return errors[0].reason if vain else ""


def _result(judged: Judgement, on: Literal["request", "answer"]) -> AssertionResult:
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
