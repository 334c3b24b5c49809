"""Run the selected test cases within the policy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from promptops.errors import UsageError
from promptops.jobs.recordings.journal import Journal
from promptops.jobs.recordings.roots import recording_roots
from promptops.jobs.recordings.writing import write_journal
from promptops.jobs.testing.model_calls import within_budget
from promptops.jobs.testing.options import RunOptions
from promptops.jobs.testing.plan import PlannedCase
from promptops.jobs.testing.running import RECORD, CaseRunner
from promptops.jobs.testing.shards import with_selection
from promptops.jobs.workspace.roots import refuse_missing_roots
from promptops.jobs.workspace.selection import Selected, SelectionOptions, merge_base, select
from promptops.jobs.workspace.workspace import Workspace, configuration
from promptops.model.config import Config, ModelProfile
from promptops.model.test_run import TestRun
from promptops.records import replace
from promptops.repo.repository import WORKTREE, Repository

__all__ = ["RECORD", "RunOptions", "prepare", "run_selected", "test", "write_earlier_answers"]


def test(workspace: Workspace, wanted: SelectionOptions, options: RunOptions) -> TestRun:
    """Run the cases of the selected prompts.

    Raises UsageError for a name without a match, an endpoint that is not approved, or a missing key
    or package; InputError if recordings can't be written.
    """
    selected, options = prepare(workspace, wanted, options)
    run = run_selected(workspace, selected, options)
    if run.shard is None:
        return run
    return replace(run, shard=with_selection(run.shard, workspace, wanted))


def prepare(
    workspace: Workspace, wanted: SelectionOptions, options: RunOptions
) -> tuple[Selected, RunOptions]:
    """The selected prompts, and the options with what follows from the policy and the selection.

    Raises UsageError and InputError as `test` does.
    """
    options = within_policy(workspace, wanted, options)
    if options.baseline is None and wanted.since is not None:
        options = replace(options, baseline=merge_base(workspace, wanted.since))
    return select(workspace, wanted), options


def within_policy(
    workspace: Workspace, wanted: SelectionOptions, options: RunOptions
) -> RunOptions:
    """The options with the base of a change and the budget of the event.

    Only a run of everything may prune recordings.

    Raises UsageError for prices that the change sets, InputError for a root without files.
    """
    if wanted.since is None:
        refuse_missing_roots(workspace.config, workspace.catalog.files.entries)
    policy = workspace.config
    if options.calls and wanted.since is not None:
        options = replace(options, base=merge_base(workspace, wanted.since))
    if options.base is not None and not options.trusted:
        policy = configuration(workspace.repository, options.base)
        _refuse_other_prices(workspace, policy)
    settings = within_budget(options.settings, policy.test.budget, options.event)
    prune = options.prune and wanted.everything and not options.cases
    return replace(options, settings=settings, prune=prune)


def run_selected(
    workspace: Workspace,
    selected: Selected,
    options: RunOptions,
    part: Sequence[PlannedCase] | None = None,
) -> TestRun:
    """Run the cases of selected prompts; `prune` requires that all are selected.

    Args:
        part: The planned cases to run; None for all.
    """
    return CaseRunner(workspace, selected, options, part).run()


def write_earlier_answers(directory: Path) -> None:
    """Write answers that an earlier run left in the journal; called before a catalog is opened."""
    with Repository.open(directory) as repository:
        if not repository.bare and Journal(repository).pending:
            roots = recording_roots(configuration(repository, WORKTREE))
            write_journal(repository, roots=roots)


def _refuse_other_prices(workspace: Workspace, base: Config) -> None:
    """Raise UsageError if a change sets its own prices; endpoints are compared before a call."""
    from promptops.evals.providers.endpoint import shown_endpoint

    for name, profile in workspace.config.models.items():
        was = base.models.get(name, ModelProfile(name=name, provider="", id=""))
        for field in ("price", "max_output_tokens"):
            if getattr(was, field) != getattr(profile, field):
                raise UsageError(
                    f"the change sets `{field}` of `{name}`, at {shown_endpoint(profile)}",
                    where=workspace.config.path,
                    hint="check its settings, then run again with --trust-config",
                )
