"""The batches of test cases: what a submit sends, and the recordings of collected answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.evals.case_assertions import assertions_of
from promptops.evals.engine.ask import Ask, Outcome
from promptops.evals.engine.budget import Estimate
from promptops.evals.parse import parse
from promptops.model.batch import BatchReport
from promptops.model.test_run import CaseRun
from promptops.records import replace
from promptops.testing.batches import SUBMIT, Batches, Purpose, RunAgain, refuse_damaged
from promptops.testing.model_calls import ModelCalls, OnOutcome, Sender
from promptops.testing.options import RunOptions
from promptops.testing.plan import matches_name
from promptops.testing.runner import CaseRunner, prepare
from promptops.workspace.selection import Selected, SelectionOptions
from promptops.workspace.workspace import Workspace

_PLAN = {"prompts": list, "cases": list, "repeats": int | None, "baseline": str | None}


def submit_cases(
    workspace: Workspace,
    wanted: SelectionOptions,
    options: RunOptions,
    shows: Callable[[Estimate], None],
) -> BatchReport:
    """Submit what `test --record` would send: missing answers, and questions to judges.

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

    def run(sender: Sender) -> tuple[Sequence[CaseRun], int]:
        def noting(
            asks: Sequence[Ask], catalog: Catalog, calls: ModelCalls, came: OnOutcome
        ) -> tuple[Outcome, ...]:
            unanswered.update(ask.payer.prompt for ask in asks if not ask.payer.judge)
            return sender(asks, catalog, calls, came)

        runner = CaseRunner(workspace, selected, replace(options, sender=noting), None)
        cases = runner.run().cases
        return cases, sum(case.source == "cached" for case in cases)

    purpose = Purpose(command="test", plan=plan, submit=SUBMIT, then="promptops test")
    report = Batches(workspace, options).submit(purpose, run, shows)
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


def cases_again(workspace: Workspace, options: RunOptions) -> RunAgain:
    """Runs the plan of a submit again, as far as its prompts and cases still exist."""

    def run_again(
        plan: Mapping[str, Any], sender: Sender
    ) -> tuple[Sequence[CaseRun], Collection[tuple[str, int]]]:
        refuse_damaged(plan, _PLAN)
        catalog = workspace.catalog
        paths = [path for path in plan["prompts"] if path in catalog.prompt_files]
        prompts = [loaded.prompt for loaded in catalog.prompts(paths)]
        names = {case.name for prompt in prompts if prompt is not None for case in prompt.cases}
        patterns = tuple(
            each for each in plan["cases"] if any(matches_name(name, each) for name in names)
        )
        if plan["cases"] and not patterns:
            return (), ()
        selected = Selected(dict.fromkeys(paths, "its requests were submitted"))
        again = replace(
            options,
            mode="record",
            cases=patterns,
            repeats=plan["repeats"],
            baseline=plan["baseline"],
            sender=sender,
        )
        runner = CaseRunner(workspace, selected, again, None)
        return runner.run().cases, runner.requests

    return run_again
