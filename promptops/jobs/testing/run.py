"""Run test cases: what was selected, answered, judged; one verdict."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from promptops.catalog.catalog import Catalog
from promptops.errors import PromptopsError, UsageError
from promptops.evals.answered import status_of
from promptops.evals.engine.ask import Settings
from promptops.evals.judged import Judged
from promptops.evals.subject import text_of
from promptops.jobs.recordings.audit import Size
from promptops.jobs.recordings.cache import Cache
from promptops.jobs.recordings.store import Store
from promptops.jobs.recordings.writing import settle
from promptops.jobs.selection import Selected, Wanted, merge_base, select
from promptops.jobs.testing.answering import Answering, Got, Mode
from promptops.jobs.testing.auditing import audited
from promptops.jobs.testing.cover import coverage_rows
from promptops.jobs.testing.deciding import Verdicts, decided
from promptops.jobs.testing.judging import Heard, heard
from promptops.jobs.testing.plan import Planned, planned
from promptops.jobs.workspace import Workspace, configuration, opened
from promptops.model.loaded import Loaded
from promptops.model.place import Place
from promptops.model.request import Request
from promptops.model.test_run import AssertionResult, CaseRun, Decided, TestRun, Verdict
from promptops.repo.repository import Repository
from promptops.report.parts.summary import counted

RECORD = "promptops test --record"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How cases are run.

    Attributes:
        repeats: Answers of each case; None for what each prompt says.
        baseline: A revision whose recorded answers measures are compared with; None for where
            this branch left the default one, or the latest release.
        coverage: Tell which branches no case takes.
        prune: Remove recordings that no case asks for any more.
        audit: So many recordings are asked again, and compared.
        seed: Chooses them; the revision where it is "".
        trusted: The models of the change may be asked, although the base has others.
    """

    mode: Mode = "replay"
    repeats: int | None = None
    baseline: str | None = None
    coverage: bool = False
    prune: bool = False
    trusted: bool = False
    audit: Size | None = None
    seed: str = ""
    settings: Settings = field(default_factory=Settings)


def test(workspace: Workspace, wanted: Wanted, options: Options) -> TestRun:
    """Run the cases of what was asked for.

    Raises UsageError for what matches nothing, where the change would choose who is asked, and
    where a key or a package is missing; InputError where recordings can't be written.
    """
    asks = options.mode != "replay" or options.audit is not None
    if asks and wanted.since is not None and not options.trusted:
        _refuse_other_models(workspace, merge_base(workspace, wanted.since))
    selected = select(workspace, wanted)
    prune = options.prune and wanted.everything
    return run_selected(workspace, selected, replace(options, prune=prune))


def run_selected(workspace: Workspace, selected: Selected, options: Options) -> TestRun:
    """Run the cases of prompts that were selected; `prune` only where all of them are."""
    start = time.perf_counter()
    catalog = workspace.catalog
    loaded = list(catalog.prompts(selected.why))
    plan = list(planned(catalog, loaded, options.repeats))
    store = Store(catalog, Cache(workspace.repository.common_dir))
    answering = Answering(
        catalog,
        store,
        options.mode,
        repository=workspace.repository,
        settings=options.settings,
    )
    found, got = heard(catalog, plan, answering)
    verdicts = _verdicts(found)
    cases = [*_unreadable(loaded), *_runs(plan, got, verdicts), *_wrong_files(catalog, plan, store)]
    baseline = _baseline(workspace, options.baseline) if _measures(verdicts) else None
    decisions = tuple(decided(plan, verdicts, baseline))
    if options.audit is not None:
        seed = options.seed or catalog.revision
        cases += audited(
            catalog, plan, found, size=options.audit, seed=seed, settings=options.settings
        )
    settled = answering.end(prune=options.prune)
    cases += [
        _error(str(each.at), each.message, each.at)
        for each in (*answering.refused, *settled.problems)
        if isinstance(each.at, Place)
    ]
    stale = sum(case.status == "stale" for case in cases)
    return TestRun(
        cases=tuple(cases),
        verdict=_verdict(cases, decisions),
        decided=decisions,
        baseline=baseline[0] if baseline is not None else "",
        coverage=coverage_rows(catalog, loaded) if options.coverage else (),
        nothing="" if cases else _why_nothing(selected),
        advice=RECORD if stale else "",
        cost_usd=answering.cost_usd,
        duration_s=time.perf_counter() - start,
    )


def settle_earlier(directory: Path) -> None:
    """Put what an earlier run left in the journal into its files; before a catalog is opened."""
    with Repository.open(directory) as repository:
        if not repository.bare:
            settle(repository)


def _refuse_other_models(workspace: Workspace, base: str) -> None:
    """A change must not send a key to where it wants."""
    old, new = configuration(workspace.repository, base).models, workspace.config.models
    fields = ("provider", "base_url", "api_key_env", "headers")
    for name, profile in new.items():
        was = old.get(name)
        altered = [f for f in fields if was is None or getattr(was, f) != getattr(profile, f)]
        if altered:
            raise UsageError(
                f"the change sets `{altered[0]}` of the model `{name}` otherwise than its base",
                where=workspace.config.path,
                hint="read it, then say --trust-config",
            )


def _unreadable(loaded: Sequence[Loaded]) -> Iterator[CaseRun]:
    for each in loaded:
        if each.prompt is None:
            problem = next(iter(each.problems), None)
            place = problem.at if problem and isinstance(problem.at, Place) else Place(each.path)
            yield _error(each.id, problem.message if problem else "it can't be read", place)


def _error(prompt: str, reason: str, place: Place) -> CaseRun:
    return CaseRun(prompt=prompt, name="", status="error", reason=reason, place=place)


def _baseline(workspace: Workspace, revision: str | None) -> tuple[str, Catalog] | None:
    """What measures are compared with: where this branch left the default one, unless told."""
    repository = workspace.repository
    try:
        commit = merge_base(workspace, revision or "")
        return revision or commit[:12], opened(repository, commit).catalog
    except PromptopsError:
        if revision is not None:
            raise
        return None


def _measures(verdicts: Verdicts) -> bool:
    return any(each.score is not None for said in verdicts.values() for each in said)


def _verdicts(found: Sequence[Heard]) -> Verdicts:
    planned = [(each.planned, each.said) for each in found]
    return {(p.prompt.id, p.case.name, p.repeat): said for p, said in planned}


def _runs(
    plan: Sequence[Planned], got: Mapping[tuple[str, int, str], Got], verdicts: Verdicts
) -> Iterator[CaseRun]:
    for each in plan:
        said = verdicts.get((each.prompt.id, each.case.name, each.repeat))
        yield _run(each, got.get((each.digest, each.repeat, ""), Got()), said)


def _wrong_files(catalog: Catalog, plan: Sequence[Planned], store: Store) -> Iterator[CaseRun]:
    """Lines of recordings that can't be read hide no answer silently."""
    for path in dict.fromkeys(each.prompt.path for each in plan):
        for problem in store.problems(path):
            if isinstance(problem.at, Place):
                yield _error(catalog.ids.get(path, path), problem.message, problem.at)


def _run(planned: Planned, got: Got, judged: tuple[Judged, ...] | None) -> CaseRun:
    said = CaseRun(
        prompt=planned.prompt.id,
        name=planned.case.name,
        repeat=planned.repeat,
        status="error",
        place=planned.place,
        reason=planned.error,
        messages=_sent(planned.request) if planned.request is not None else (),
        assertions=tuple(_result(each, "request") for each in planned.rendered),
    )
    if planned.error:
        return said
    return _judged(said, planned, got, judged)


def _sent(request: Request) -> tuple[tuple[str, str], ...]:
    return tuple((str(each["role"]), text_of(each.get("content"))) for each in request.messages)


def _judged(run: CaseRun, planned: Planned, got: Got, judged: tuple[Judged, ...] | None) -> CaseRun:
    if not planned.asks:
        return replace(run, status=status_of(planned.rendered))
    if judged is None:
        status = status_of(planned.rendered) if planned.rendered else "passed"
        if got.infrastructure:
            return replace(run, status="error", reason=got.reason, infrastructure=True)
        return replace(run, status="failed" if status == "failed" else "stale", reason=got.reason)
    results = (*run.assertions, *(_result(each, "answer") for each in judged))
    status = status_of((*planned.rendered, *judged))
    return replace(
        run,
        status=status,
        reason="what it asserts can't be judged" if status == "error" else "",
        assertions=results,
        answer=got.answer,
        source=got.source,
    )


def _result(judged: Judged, on: Literal["request", "answer"]) -> AssertionResult:
    return AssertionResult(
        type=judged.type,
        status=judged.status,
        must=judged.must,
        reason=judged.reason,
        place=judged.place,
        on=on,
        score=judged.score,
    )


def _verdict(cases: Sequence[CaseRun], decisions: Sequence[Decided]) -> Verdict:
    found = {each.verdict for each in decisions}
    if "fail" in found or any(case.status != "passed" for case in cases):
        return "fail"
    return "inconclusive" if "inconclusive" in found else "pass"


def _why_nothing(selected: Selected) -> str:
    if selected.changed is None:
        return "there are no test cases here"
    changed = counted(len(selected.why), "prompt")
    return f"{changed} changed, and none of them has a test case"
