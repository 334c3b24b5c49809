"""`promptops test --batch`: the batches of test cases."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.evals.case_assertions import assertions_of
from promptops.evals.engine.ask import Ask, Outcome
from promptops.evals.engine.budget import Estimate
from promptops.evals.parse import parse
from promptops.model.batch import BatchReport
from promptops.records import replace
from promptops.testing.batch.collecting import BatchRuns, RehearsedRun, Rerun
from promptops.testing.batch.submitting import Purpose
from promptops.testing.model_calls import ModelCalls, OnOutcome, Sender
from promptops.testing.options import RunOptions
from promptops.testing.plan import matches_name
from promptops.testing.runner import CaseRunner, prepare
from promptops.workspace.selection import Selected, SelectionOptions
from promptops.workspace.workspace import Workspace

TEST = "test"

_REPLAY = "promptops test"

Shows = Callable[[Estimate], None]


def submit_cases(
    workspace: Workspace, wanted: SelectionOptions, options: RunOptions, shows: Shows
) -> BatchReport:
    """Submit what `--record` would send: missing answers, and questions to judges about known ones.

    Raises UsageError as `test` does, and if a provider has no batch API.
    """
    selected, options = prepare(workspace, wanted, replace(options, mode="record"))
    plan = {
        "prompts": list(selected.why),
        "cases": list(options.cases),
        "repeats": options.repeats,
        "baseline": options.baseline,
    }

    unanswered: set[str] = set()

    def run(sender: Sender) -> RehearsedRun:
        def noting(
            asks: Sequence[Ask], catalog: Catalog, calls: ModelCalls, came: OnOutcome
        ) -> tuple[Outcome, ...]:
            unanswered.update(ask.payer.prompt for ask in asks if not ask.payer.judge)
            return sender(asks, catalog, calls, came)

        runner = CaseRunner(workspace, selected, replace(options, sender=noting), None)
        cases = runner.run().cases
        from_cache = sum(case.source == "cached" for case in cases)
        return RehearsedRun(cases=cases, from_cache=from_cache)

    purpose = Purpose(command=TEST, plan=plan)
    report = BatchRuns.of(TEST, workspace, options, shows).submit(purpose, run)
    return replace(report, judges_next=_have_judges(workspace.catalog, unanswered))


def _have_judges(catalog: Catalog, prompts: Collection[str]) -> bool:
    """Whether models judge the answers to cases of these prompts, by id."""
    loaded = catalog.prompts(catalog.paths[prompt] for prompt in prompts)
    return any(
        assertion is not None and assertion.judged
        for prompt in (each.prompt for each in loaded)
        if prompt is not None
        for case in prompt.cases
        for written in assertions_of(case, prompt)
        for assertion in parse(written.written, "answer")[:1]
    )


def collect_cases(workspace: Workspace, options: RunOptions, shows: Shows) -> BatchReport:
    """Record the answers of ended batches, exactly as `--record` does.

    Raises UsageError if an endpoint is not approved; InputError if recordings can't be written.
    """

    def run_again(plan: Mapping[str, Any], sender: Sender) -> Rerun:
        return _run_again(workspace, options, plan, sender)

    return BatchRuns.of(TEST, workspace, options, shows).collect(run_again)


def cancel_cases(workspace: Workspace, options: RunOptions, shows: Shows) -> BatchReport:
    """Cancel the running batches; raises UsageError if an endpoint is not approved."""
    return BatchRuns.of(TEST, workspace, options, shows).cancel()


def _run_again(
    workspace: Workspace, options: RunOptions, plan: Mapping[str, Any], sender: Sender
) -> Rerun:
    """Run the plan of a submit again, as far as its prompts and cases still exist."""
    paths = [path for path in plan["prompts"] if path in workspace.catalog.prompt_files]
    selected = Selected(dict.fromkeys(paths, "its requests were submitted"))
    patterns = _existing(workspace, selected, plan["cases"])
    if plan["cases"] and not patterns:
        return Rerun(cases=(), needed=())
    options = replace(
        options,
        mode="record",
        cases=patterns,
        repeats=plan["repeats"],
        baseline=plan["baseline"],
        sender=sender,
    )
    runner = CaseRunner(workspace, selected, options, None)
    run = runner.run()
    return Rerun(cases=run.cases, needed=runner.requests, then=_REPLAY)


def _existing(workspace: Workspace, selected: Selected, patterns: list[str]) -> tuple[str, ...]:
    """The patterns that still match a case."""
    if not patterns:
        return ()
    prompts = [loaded.prompt for loaded in workspace.catalog.prompts(selected.why)]
    names = {case.name for prompt in prompts if prompt is not None for case in prompt.cases}
    return tuple(
        pattern for pattern in patterns if any(matches_name(name, pattern) for name in names)
    )
