"""`promptops test`."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from promptops.errors import BUG, INTERRUPTED, OUTAGE, UsageError
from promptops.records import replace
from promptops.terminal.options import (
    CallOptions,
    Command,
    Percent,
    at_option,
    baseline_option,
    call_option,
    case_option,
    command_again,
    common,
    decide_option,
    mode_options,
    model_calls,
    note_hidden_or_refuse,
    repeats_option,
    select_option,
    selection,
    verbose_option,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.model.config import TestSettings
    from promptops.model.test_run import TestRun
    from promptops.testing.answering import Mode
    from promptops.testing.options import RunOptions
    from promptops.workspace.selection import SelectionOptions

_RUN_OPTIONS = ("record", "live", "refresh", "since", "select", "repeats", "baseline", "shard")


@click.command(cls=Command)
@selection
@at_option
@case_option
@mode_options(
    record="Call the model for missing answers; record them.",
    live="Call it for every case; record nothing.",
    refresh="Call it for every case; replace the recordings.",
)
@model_calls
@repeats_option
@baseline_option
@call_option("--shard", metavar="N/M", help="Only part N of M, for --format jsonl=FILE.")
@select_option("--merge-shards", is_flag=True, help="Decide the result of these files of shards.")
@decide_option("--coverage", is_flag=True, help="Report template branches that no case covers.")
@decide_option(
    "--fail-under",
    type=Percent(),
    metavar="PERCENT",
    help="Exit 1 if fewer branches are covered.",
)
@verbose_option
@common("text", "json", "junit", "github", "markdown", "html", "jsonl")
def command(
    output: OutputOptions, wanted: SelectionOptions, mode: Mode, calls: CallOptions, **options: Any
) -> int:
    """Run test cases on recorded answers, or call the model for new ones.

    By default it makes no API calls and uses no network. Exits 1 when a case fails or has no
    recording, 5 when a provider could not answer or the budget is spent.

    \b
    Example:
      promptops test
      promptops test support/triage --record
      promptops test --since origin/main --format junit=out.xml
      promptops test --shard 1/8 --format jsonl=1.jsonl
      promptops test --merge-shards *.jsonl
    """
    from promptops.storage.gc_paused import uncollected

    _refuse_contradictions(output, mode, click.get_current_context().params)
    # What is replayed lives until the end; a live run leaves garbage, and may take hours.
    with uncollected() if mode == "replay" else nullcontext():
        return _run(output, wanted, calls, mode, options)


def _run(
    output: OutputOptions,
    wanted: SelectionOptions,
    calls: CallOptions,
    mode: Mode,
    options: dict[str, Any],
) -> int:
    from promptops.testing.runner import merge, read_shards, test, write_earlier_answers
    from promptops.workspace.workspace import workspace

    if mode in ("record", "refresh"):
        write_earlier_answers(output.directory)
    shards = read_shards(output.directory, wanted.patterns) if options["merge_shards"] else None
    with workspace(output.directory, options["revision"], output.overrides) as opened:
        run_options = _options(output, calls, mode, options, opened.config.test)
        if shards is None and wanted.everything:
            note_hidden_or_refuse(output, opened)
        run = (
            test(opened, wanted, run_options)
            if shards is None
            else merge(opened, tuple(shards.values()), run_options)
        )
    run = run.failing_under(options["fail_under"])
    if run.unasked:
        # The answers that it already has are not requested again.
        run = replace(run, next=command_again(live=None, record=mode in ("record", "live")))
    output.write_report("test", run, figures=options["verbose"])
    if run.unasked:
        output.cause(f"not requested: {run.unasked:,} of the answers, {run.ended}")
    return exit_code_of(run)


def _refuse_contradictions(output: OutputOptions, mode: Mode, options: dict[str, Any]) -> None:
    modes = [] if mode == "replay" else [f"--{mode}"]
    for first, others in ((_given(options, ("merge_shards",)), _given(options, _RUN_OPTIONS)),):
        if first and others:
            raise UsageError(f"{first[0]} and {others[0]} exclude each other")
    if modes and options["revision"] != "worktree":
        raise UsageError(
            "only the cases in the work tree can be recorded or run live", hint="leave out --at"
        )
    if "jsonl" in dict(output.formats) and not options["shard"]:
        raise UsageError("the format jsonl is for shards", hint="name the shard: --shard 1/8")


def _given(options: dict[str, Any], names: Iterable[str]) -> list[str]:
    return [
        f"--{name.replace('_', '-')}" for name in names if options[name] not in (None, False, ())
    ]


def _options(
    output: OutputOptions,
    calls: CallOptions,
    mode: Mode,
    options: dict[str, Any],
    config: TestSettings,
) -> RunOptions:
    from promptops.testing.shards import parse_shard

    return calls.run(
        output,
        config,
        mode=mode,
        coverage=options["coverage"] or options["fail_under"] is not None,
        shard=parse_shard(options["shard"]) if options["shard"] is not None else None,
        **{name: options[name] for name in ("cases", "repeats", "baseline")},
    )


def exit_code_of(run: TestRun) -> int:
    """1 for a failing run, and the codes of the errors that prevent a verdict."""
    if run.interrupted:
        return INTERRUPTED
    if run.failed:
        return BUG
    if run.unanswered or any(case.infrastructure for case in run.cases):
        return OUTAGE
    return int(run.verdict == "fail")
