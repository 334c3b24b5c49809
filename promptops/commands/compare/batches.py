"""The batches of comparisons: what a submit sends, and the recordings of collected answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from promptops.commands.compare.arms import CompareOptions
from promptops.commands.compare.compare import Comparing, command_line, comparing
from promptops.errors import UsageError
from promptops.evals.engine.budget import Estimate
from promptops.model.arm import ArmComparison
from promptops.model.batch import BatchReport
from promptops.model.test_run import CaseRun
from promptops.records import replace
from promptops.testing.batches import Batches, Purpose, RunAgain, refuse_damaged
from promptops.testing.model_calls import Sender
from promptops.testing.options import RunOptions
from promptops.testing.runner import within_policy
from promptops.workspace.selection import SelectionOptions, merge_base
from promptops.workspace.workspace import Workspace

_PLAN = {
    "patterns": list,
    "since": str | None,
    "selectors": list,
    "kind": str,
    "names": list,
    "reference": str | None,
    "margin": float | int | None,
    "cases": list,
    "repeats": int | None,
}


def submit_arms(
    workspace: Workspace,
    wanted: SelectionOptions,
    options: CompareOptions,
    shows: Callable[[Estimate], None],
) -> BatchReport:
    """Submit what `--record` would send next: an undecided arm needs several rounds.

    Raises UsageError as `compare` does, and if a provider has no batch API.
    """
    run = within_policy(workspace, wanted, replace(options.run, mode="record"))
    since = None if wanted.since is None else merge_base(workspace, wanted.since)
    plan = {
        "patterns": list(wanted.patterns),
        "since": since,
        "selectors": list(wanted.selectors),
        "kind": options.kind,
        "names": list(options.names),
        "reference": options.reference,
        "margin": options.margin,
        "cases": list(run.cases),
        "repeats": run.repeats,
    }

    def submitted(sender: Sender) -> tuple[Sequence[CaseRun], int]:
        started = _started(workspace, plan, run, sender)
        return _problems(started.run()), started.from_cache

    again = _options(plan, run)
    purpose = Purpose(
        command="compare",
        plan=plan,
        submit=command_line(*again, "--batch"),
        then=command_line(*again),
    )
    return Batches(workspace, run).submit(purpose, submitted, shows)


def arms_again(workspace: Workspace, options: RunOptions) -> RunAgain:
    """Compares again, exactly as `compare --record` does, unless an arm or a case is gone."""

    def run_again(
        plan: Mapping[str, Any], sender: Sender
    ) -> tuple[Sequence[CaseRun], Collection[tuple[str, int]]]:
        refuse_damaged(plan, _PLAN)
        try:
            started = _started(workspace, plan, replace(options, mode="record"), sender)
        except UsageError:  # an arm, a prompt or a case was removed or renamed
            return (), ()
        return _problems(started.run()), started.requests

    return run_again


def _started(
    workspace: Workspace, plan: Mapping[str, Any], run: RunOptions, sender: Sender
) -> Comparing:
    wanted, options = _options(plan, replace(run, sender=sender))
    return comparing(workspace, wanted, options)


def _options(plan: Mapping[str, Any], run: RunOptions) -> tuple[SelectionOptions, CompareOptions]:
    """What is compared, and how, by a plan."""
    wanted = SelectionOptions(
        patterns=tuple(plan["patterns"]),
        since=plan["since"],
        selectors=tuple(plan["selectors"]),
    )
    return wanted, CompareOptions(
        kind=plan["kind"],
        names=tuple(plan["names"]),
        reference=plan["reference"],
        margin=plan["margin"],
        run=replace(run, cases=tuple(plan["cases"]), repeats=plan["repeats"]),
    )


def _problems(found: ArmComparison) -> tuple[CaseRun, ...]:
    return tuple(case for prompt in found.prompts for arm in prompt.arms for case in arm.problems)
