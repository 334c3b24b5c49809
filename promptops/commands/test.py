"""`promptops test`."""

from __future__ import annotations

import gc
import os
import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from promptops.errors import BUG, INTERRUPTED, OUTAGE, UsageError
from promptops.records import replace
from promptops.terminal.batches import (
    batch_option,
    exit_code_of,
    refuse_options_beside_batch,
    shown_estimate,
)
from promptops.terminal.call_options import (
    Percent,
    budget_options,
    call_settings,
    case_option,
    concurrency_option,
    trust_option,
)
from promptops.terminal.options import (
    Command,
    at_option,
    call_option,
    common,
    decide_option,
    note_hidden_or_refuse,
    prompts_argument,
    select_option,
    since_option,
    tag_option,
    verbose_option,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.model.batch import BatchReport
    from promptops.model.config import TestSettings
    from promptops.model.test_run import TestRun
    from promptops.testing.options import RunOptions

MODES = ("record", "live", "refresh")
_RUN_OPTIONS = (*MODES, "since", "select", "repeats", "baseline", "audit", "prune", "shard")


@click.command(cls=Command)
@prompts_argument
@since_option
@at_option
@tag_option
@case_option
@call_option("--record", is_flag=True, help="Call the model for missing answers; record them.")
@call_option("--live", is_flag=True, help="Call it for every case; record nothing.")
@call_option("--refresh", is_flag=True, help="Call it for every case; replace the recordings.")
@batch_option
@concurrency_option
@call_option("--repeats", type=click.IntRange(1), metavar="N", help="Use N answers for each case.")
@decide_option("--baseline", metavar="REV", help="The revision that scores are compared with.")
@budget_options
@call_option("--shard", metavar="N/M", help="Only part N of M, for --format jsonl=FILE.")
@select_option("--merge", is_flag=True, help="Decide the result of these files of shards.")
@click.option(
    "--audit",
    metavar="N|N%",
    help="Send a sample of N recorded requests again, and compare the answers.",
)
@click.option(
    "--seed",
    default="",
    metavar="TEXT",
    help="The seed for the sample of --audit; the revision by default.",
)
@decide_option("--coverage", is_flag=True, help="Report template branches that no case covers.")
@decide_option(
    "--fail-under",
    type=Percent(),
    metavar="PERCENT",
    help="Exit 1 if fewer branches are covered.",
)
@click.option("--prune", is_flag=True, help="Remove recordings that no case uses any more.")
@trust_option
@verbose_option
@common("text", "json", "junit", "github", "markdown", "html", "jsonl")
def command(output: OutputOptions, **options: Any) -> int:
    """Run test cases on recorded answers, or call the model for new ones.

    By default it makes no API calls and uses no network. Exits 1 when a case fails or has no
    recording, 5 when a provider could not answer or the budget is spent, 75 while a batch that is
    to be collected is still running.

    \b
    Example:
      promptops test
      promptops test support/triage --record
      promptops test --batch submit --max-cost 5
      promptops test --since origin/main --format junit=out.xml
      promptops test --shard 1/8 --format jsonl=1.jsonl
      promptops test --merge *.jsonl
    """
    _refuse_contradictions(output, options)
    if options["batch"] is not None:
        batches = _batched(output, options)
        output.write_report("batch", batches)
        return exit_code_of(batches)
    # Nearly all objects live until the end; collecting often costs a third of the time.
    gc.set_threshold(50_000)
    run = _merged(output, options) if options["merge"] else _tested(output, options)
    run = run.failing_under(options["fail_under"])
    if run.unasked:
        run = replace(run, advice=_again(options))
    output.write_report("test", run, figures=options["verbose"])
    if run.unasked:
        output.note(f"not requested: {run.unasked:,} of the answers, {run.ended}")
    return _exit_code(run)


def _refuse_contradictions(output: OutputOptions, options: dict[str, Any]) -> None:
    modes = [f"--{mode}" for mode in MODES if options[mode]]
    refuse_options_beside_batch(output, options)
    for first, others in (
        (modes[:1], modes[1:]),
        (modes[:1], _given(options, ("audit",))),
        (_given(options, ("shard",)), _given(options, ("audit", "prune"))),
        (_given(options, ("merge",)), _given(options, _RUN_OPTIONS)),
    ):
        if first and others:
            raise UsageError(f"{first[0]} and {others[0]} exclude each other")
    if (modes or options["batch"]) and options["revision"] != "worktree":
        raise UsageError(
            "only the cases in the work tree can be recorded or run live", hint="leave out --at"
        )
    if "jsonl" in dict(output.formats) and not options["shard"]:
        raise UsageError("the format jsonl is for shards", hint="name the shard: --shard 1/8")


def _given(options: dict[str, Any], names: Iterable[str]) -> list[str]:
    return [f"--{name}" for name in names if options[name] not in (None, False, ())]


def _tested(output: OutputOptions, options: dict[str, Any]) -> TestRun:
    from promptops.testing.runner import test, write_earlier_answers
    from promptops.workspace.selection import SelectionOptions
    from promptops.workspace.workspace import workspace

    wanted = SelectionOptions(
        patterns=options["patterns"], since=options["since"], selectors=options["select"]
    )
    if options["record"] or options["refresh"]:
        write_earlier_answers(output.directory)
    with workspace(output.directory, options["revision"], output.overrides) as opened:
        if wanted.everything:
            note_hidden_or_refuse(output, opened)
        return test(opened, wanted, _options(output, options, opened.config.test))


def _batched(output: OutputOptions, options: dict[str, Any]) -> BatchReport:
    from promptops.testing.batch import cases
    from promptops.testing.runner import write_earlier_answers
    from promptops.workspace.selection import SelectionOptions
    from promptops.workspace.workspace import workspace

    shows = shown_estimate(output)
    write_earlier_answers(output.directory)
    with workspace(output.directory, options["revision"], output.overrides) as opened:
        chosen = replace(_options(output, options, opened.config.test), mode="record")
        if options["batch"] == "collect":
            return cases.collect_cases(opened, chosen, shows)
        if options["batch"] == "cancel":
            return cases.cancel_cases(opened, chosen, shows)
        wanted = SelectionOptions(
            patterns=options["patterns"], since=options["since"], selectors=options["select"]
        )
        return cases.submit_cases(opened, wanted, chosen, shows)


def _merged(output: OutputOptions, options: dict[str, Any]) -> TestRun:
    from promptops.testing.runner import merge, read_shards
    from promptops.workspace.workspace import workspace

    shards = read_shards(output.directory, options["patterns"])
    with workspace(output.directory, options["revision"], output.overrides) as opened:
        chosen = _options(output, options, opened.config.test)
        return merge(opened, tuple(shards.values()), chosen)


def _options(output: OutputOptions, options: dict[str, Any], config: TestSettings) -> RunOptions:
    from promptops.terminal.progress import ShownProgress
    from promptops.testing.model_calls import ci_event
    from promptops.testing.options import RunOptions
    from promptops.testing.recordings.audit import parse_size
    from promptops.testing.shards import parse_shard

    modes: list[Any] = [mode for mode in MODES if options[mode]]
    return RunOptions(
        mode=modes[0] if modes else "replay",
        cases=options["cases"],
        repeats=options["repeats"],
        baseline=options["baseline"],
        coverage=options["coverage"] or options["fail_under"] is not None,
        prune=options["prune"],
        trusted=options["trust_config"],
        audit=parse_size(options["audit"]) if options["audit"] is not None else None,
        seed=options["seed"],
        settings=call_settings(options, config),
        event=options["event"] or ci_event(os.environ),
        shard=parse_shard(options["shard"]) if options["shard"] is not None else None,
        watcher=ShownProgress(output),
    )


def _again(options: dict[str, Any]) -> str:
    """The command that continues this run: answers it already has are not requested again."""
    modes = {"record": "record", "live": "record", "refresh": "refresh"}
    words = ["promptops", "test", *options["patterns"]]
    words += [f"--{modes[mode]}" for mode in MODES if options[mode]]
    for name in ("since", "repeats", "baseline", "shard", "audit", "seed"):
        if options[name] not in (None, ""):
            words += [f"--{name}", str(options[name])]
    words += ["--since"] if options["since"] == "" else []
    words += ["--trust-config"] if options["trust_config"] else []
    for case in options["cases"]:
        words += ["--case", case]
    for selector in options["select"]:
        words += ["--select", selector]
    return shlex.join(words)


def _exit_code(run: TestRun) -> int:
    if run.interrupted:
        return INTERRUPTED
    if run.failed:
        return BUG
    if run.unanswered or any(case.infrastructure for case in run.cases):
        return OUTAGE
    return int(run.verdict == "fail")
