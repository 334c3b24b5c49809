"""`promptops compare --batch`: the batches of comparisons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from promptops.commands.compare.arms import CompareOptions
from promptops.commands.compare.compare import COMPARE, Comparing, command_line, comparing
from promptops.errors import UsageError
from promptops.evals.engine.budget import Estimate
from promptops.model.arm import ArmComparison
from promptops.model.batch import BatchReport
from promptops.model.test_run import CaseRun
from promptops.records import replace
from promptops.testing.batch.collecting import BatchRuns, RehearsedRun, Rerun
from promptops.testing.batch.submitting import Purpose
from promptops.testing.model_calls import Sender
from promptops.testing.options import RunOptions
from promptops.testing.runner import within_policy
from promptops.workspace.selection import SelectionOptions, merge_base
from promptops.workspace.workspace import Workspace

Shows = Callable[[Estimate], None]


def submit_arms(
    workspace: Workspace, wanted: SelectionOptions, options: CompareOptions, shows: Shows
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

    def submitted(sender: Sender) -> RehearsedRun:
        started = _started(workspace, plan, run, sender)
        problems = _problems(started.run())
        return RehearsedRun(cases=problems, from_cache=started.from_cache)

    purpose = Purpose(command=COMPARE, plan=plan)
    return BatchRuns.of(COMPARE, workspace, run, shows).submit(purpose, submitted)


def collect_arms(workspace: Workspace, options: RunOptions, shows: Shows) -> BatchReport:
    """Record the answers of ended batches, exactly as `compare --record` does.

    Raises UsageError if an endpoint is not approved; InputError if recordings can't be written.
    """

    def run_again(plan: Mapping[str, Any], sender: Sender) -> Rerun:
        try:
            started = _started(workspace, plan, replace(options, mode="record"), sender)
        except UsageError:  # an arm, a prompt or a case was removed or renamed
            return Rerun(cases=(), needed=())
        found = started.run()
        then = command_line(*_options(plan, options))
        return Rerun(cases=_problems(found), needed=started.requests, then=then)

    return BatchRuns.of(COMPARE, workspace, options, shows).collect(run_again)


def cancel_arms(workspace: Workspace, options: RunOptions, shows: Shows) -> BatchReport:
    """Cancel the running batches; raises UsageError if an endpoint is not approved."""
    return BatchRuns.of(COMPARE, workspace, options, shows).cancel()


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
