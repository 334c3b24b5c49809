"""`promptops recordings`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from promptops.commands.test import exit_code_of
from promptops.records import replace
from promptops.terminal.call_options import (
    CallOptions,
    batch_calls,
    case_option,
    model_calls,
    trusted_calls,
)
from promptops.terminal.options import (
    Command,
    at_option,
    call_option,
    command_again,
    common,
    decide_option,
    note_hidden_or_refuse,
    select_option,
    selection,
    verbose_option,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
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
@call_option("--repeats", type=click.IntRange(1), metavar="N", help="Use N answers for each case.")
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
    from promptops.testing.recordings.audit import parse_size
    from promptops.testing.runner import test
    from promptops.workspace.workspace import workspace

    size = parse_size(options["size"])
    with workspace(output.directory, options["revision"], output.overrides) as opened:
        if wanted.everything:
            note_hidden_or_refuse(output, opened)
        kept = {name: options[name] for name in ("cases", "repeats", "seed")}
        run = test(opened, wanted, calls.run(output, opened.config.test, audit=size, **kept))
    if run.unasked:
        run = replace(run, advice=command_again())
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
    from promptops.commands.recordings.prune import prune as pruned
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
@call_option("--repeats", type=click.IntRange(1), metavar="N", help="Use N answers for each case.")
@decide_option("--baseline", metavar="REV", help="The revision that scores are compared with.")
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
    from promptops.commands.recordings.batches import submit_cases
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
    from promptops.commands.recordings.batches import cases_again
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
