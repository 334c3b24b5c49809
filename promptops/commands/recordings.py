"""`promptops recordings`: audit and prune recorded answers, or record them in batches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from promptops.commands.test import exit_code_of
from promptops.errors import InputError
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.records.outputs import output
from promptops.report.visible import visible_path
from promptops.terminal.options import (
    CallOptions,
    Command,
    at_option,
    baseline_option,
    batch_calls,
    case_option,
    command_again,
    common,
    model_calls,
    note_hidden_or_refuse,
    repeats_option,
    select_option,
    selection,
    trusted_calls,
    verbose_option,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.catalog.catalog import Catalog
    from promptops.evals.engine.ask import Ask, Outcome
    from promptops.evals.engine.budget import Estimate
    from promptops.model.batch import BatchReport
    from promptops.model.test_run import CaseRun
    from promptops.testing.batches import RunAgain
    from promptops.testing.model_calls import ModelCalls, OnOutcome, Sender
    from promptops.testing.options import RunOptions
    from promptops.workspace.selection import SelectionOptions
    from promptops.workspace.workspace import Workspace


@click.group(no_args_is_help=True)
def command() -> None:
    """Audit or prune recorded answers, or record them in batches.

    `promptops test --record` records answers at once, at the full price.

    \b
    Example:
      promptops recordings audit -n 10%
      promptops recordings prune
      promptops recordings batch submit --max-cost 5
    """


@command.command(cls=Command)
@selection
@select_option(
    "-n",
    "size",
    default="10%",
    metavar="N|N%",
    help="Request this many recordings again; 10% by default.",
)
@select_option(
    "--seed",
    default="",
    metavar="TEXT",
    help="The seed for the sample; the revision by default.",
)
@at_option
@case_option
@repeats_option
@model_calls
@verbose_option
@common("text", "json", "junit", "github", "markdown", "html")
def audit(
    output: OutputOptions, wanted: SelectionOptions, calls: CallOptions, **options: Any
) -> int:
    """Request a sample of the recorded answers again, and compare.

    Runs the test cases on recorded answers, as `promptops test` does; a recording whose answer
    differs today fails, too. Records nothing. Exits 5 when a provider could not answer or the
    budget is spent.

    \b
    Example:
      promptops recordings audit
      promptops recordings audit support/triage -n 25 --seed "$(git rev-parse HEAD)"
    """
    from promptops.testing.recordings.store import parse_size
    from promptops.testing.runner import test
    from promptops.workspace.workspace import workspace

    size = parse_size(options["size"])
    with workspace(output.directory, options["revision"], output.overrides) as opened:
        if wanted.everything:
            note_hidden_or_refuse(output, opened)
        kept = {name: options[name] for name in ("cases", "repeats", "seed")}
        run = test(opened, wanted, calls.run(output, opened.config.test, audit=size, **kept))
    if run.unasked:
        run = replace(run, next=command_again())
    output.write_report("test", run, figures=options["verbose"])
    if run.unasked:
        output.cause(f"not requested: {run.unasked:,} of the answers, {run.ended}")
    return exit_code_of(run)


@command.command(cls=Command)
@click.option(
    "--repeats",
    type=click.IntRange(1),
    metavar="N",
    help="Keep N answers for each case; by default as many as a test run uses.",
)
@common("text", "json", acts=True)
def prune(output: OutputOptions, repeats: int | None) -> int:
    """Remove recorded answers that no test case uses any more.

    Deletes files that become empty. Removes nothing while a case has an error, because its answers
    are not known. `compare --prune` and `probe --prune` do the same for their answers.

    \b
    Example:
      promptops recordings prune
    """
    from promptops.testing.runner import write_earlier_answers
    from promptops.workspace.workspace import workspace

    write_earlier_answers(output.directory)
    with workspace(output.directory, overrides=output.overrides) as opened:
        note_hidden_or_refuse(output, opened)
        output.write_report("recordings", pruned(opened, repeats))
    return 0


@command.group(no_args_is_help=True)
def batch() -> None:
    """Record answers through a provider's batch API, within a day.

    The price is half of that of single requests, and the recordings are the same.

    \b
    Example:
      promptops recordings batch submit --max-cost 5
      promptops recordings batch collect
      promptops recordings batch cancel
    """


@batch.command(cls=Command)
@selection
@case_option
@repeats_option
@baseline_option
@batch_calls
@common("text", "json")
def submit(
    output: OutputOptions, wanted: SelectionOptions, calls: CallOptions, **options: Any
) -> int:
    """Submit the requests for missing answers.

    Sends what `promptops test --record` would send; what is in a batch already is left out.
    Questions to judges follow in a second submit, after the answers are collected. Exits 5 when a
    budget is spent or a provider failed.

    \b
    Example:
      promptops recordings batch submit --max-cost 5
      promptops recordings batch submit support/triage
    """
    from promptops.terminal.progress import shown_estimate

    with _recording(output, calls, **options) as (opened, chosen):
        report = submit_cases(opened, wanted, chosen, shown_estimate(output))
    output.write_report("batch", report)
    return report.exit_code


@batch.command(cls=Command)
@trusted_calls
@common("text", "json")
def collect(output: OutputOptions, calls: CallOptions) -> int:
    """Record the answers of all batches that have ended.

    Also those of `promptops compare --batch`. Collecting again is harmless. Exits 75 while a batch
    is still running, 5 when an answer is missing that no running batch will bring.

    \b
    Example:
      promptops recordings batch collect
    """
    from promptops.commands.compare.batches import arms_again
    from promptops.testing.batches import Batches

    with _recording(output, calls) as (opened, chosen):
        commands = {
            "test": cases_again(opened, chosen),
            "compare": arms_again(opened, chosen),
        }
        report = Batches(opened, chosen).collect(commands)
    output.write_report("batch", report)
    return report.exit_code


@batch.command(cls=Command)
@trusted_calls
@common("text", "json")
def cancel(output: OutputOptions, calls: CallOptions) -> int:
    """Cancel all running batches; what is finished can be collected.

    \b
    Example:
      promptops recordings batch cancel
    """
    from promptops.testing.batches import Batches

    with _recording(output, calls) as (opened, chosen):
        report = Batches(opened, chosen).cancel()
    output.write_report("batch", report)
    return report.exit_code


@contextmanager
def _recording(
    output: OutputOptions, calls: CallOptions, **options: Any
) -> Iterator[tuple[Workspace, RunOptions]]:
    """The work tree, and the options of a recording run there."""
    from promptops.testing.runner import write_earlier_answers
    from promptops.workspace.workspace import workspace

    write_earlier_answers(output.directory)
    with workspace(output.directory, overrides=output.overrides) as opened:
        yield opened, calls.run(output, opened.config.test, mode="record", **options)


# Remove recorded answers that no test case uses any more.


@output("prune")
@record(frozen=True, slots=True, kw_only=True)
class PrunedRecordings:
    """The result of `promptops recordings prune`.

    Attributes:
        files: Paths of the files that were changed or deleted.
    """

    files: tuple[str, ...]


def pruned(workspace: Workspace, repeats: int | None) -> PrunedRecordings:
    """Remove what the cases of all prompts do not look up; the files aside stay.

    Args:
        repeats: Keep that many answers of each case; None for the prompt's own number.

    Prompts that can't be read keep all recordings. Raises InputError if a case has an error, and
    for a file that can't be written.
    """
    from promptops.testing.options import RunOptions
    from promptops.testing.runner import CaseRunner, prepare
    from promptops.workspace.selection import SelectionOptions

    options = RunOptions(prune=True, repeats=repeats)
    selected, options = prepare(workspace, SelectionOptions(), options)
    runner = CaseRunner(workspace, selected, options)
    for planned in runner.plan:
        if planned.error:
            message = f"the case `{planned.case.name}` has an error: {planned.error}"
            hint = "fix it first: recordings that it uses would be removed"
            raise InputError(message, where=str(planned.place), hint=hint)
    runner.run()
    for problem in runner.written.problems:
        raise InputError(problem.message, where=str(problem.at), hint=problem.hint)
    return PrunedRecordings(files=runner.written.changed)


def write_text(pruned: PrunedRecordings, **_: object) -> str:
    """The changed files, one on each line, and their number."""
    if not pruned.files:
        return "nothing to prune: test cases use all recordings\n"
    files = "".join(f"{visible_path(file)}\n" for file in pruned.files)
    return f"{files}pruned {counted(len(pruned.files), 'file')} of recordings\n"


# The batches of test cases: what a submit sends, and the recordings of collected answers.

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
    from promptops.testing.batches import SUBMIT, Batches, Purpose
    from promptops.testing.runner import CaseRunner, prepare

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

        runner = CaseRunner(workspace, selected, replace(options, sender=noting))
        cases = runner.run().cases
        return cases, sum(case.source == "cached" for case in cases)

    purpose = Purpose(command="test", plan=plan, submit=SUBMIT, then="promptops test")
    report = Batches(workspace, options).submit(purpose, run, shows)
    return replace(report, judges_next=_have_judges(workspace.catalog, unanswered))


def _have_judges(catalog: Catalog, prompts: Collection[str]) -> bool:
    """Whether models judge the answers to cases of these prompts, by id."""
    from promptops.evals.case_assertions import assertions_of

    loaded = catalog.prompts(catalog.paths[prompt] for prompt in prompts)
    return any(
        assertion is not None and assertion.judged
        for prompt in (each.prompt for each in loaded)
        if prompt is not None
        for case in prompt.cases
        for written in assertions_of(case, prompt)
        for assertion in (written.parsed,)
    )


def cases_again(workspace: Workspace, options: RunOptions) -> RunAgain:
    """Runs the plan of a submit again, as far as its prompts and cases still exist."""
    from promptops.testing.batches import refuse_damaged
    from promptops.testing.plan import matches_name
    from promptops.testing.runner import CaseRunner
    from promptops.workspace.selection import Selected

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
        runner = CaseRunner(workspace, selected, again)
        return runner.run().cases, runner.requests

    return run_again
