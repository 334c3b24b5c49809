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
from promptops.terminal.call_options import (
    Percent,
    budget_options,
    call_settings,
    case_option,
    concurrency_option,
    trust_option,
)
from promptops.terminal.complete import complete_prompt
from promptops.terminal.options import (
    at_option,
    common,
    note_hidden_or_refuse,
    since_option,
    tag_option,
    verbose_option,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.model.config import TestSettings
    from promptops.model.test_run import TestRun
    from promptops.testing.options import RunOptions

MODES = ("record", "live", "refresh")
_RUN_OPTIONS = (*MODES, "since", "select", "repeats", "baseline", "shard")


@click.command()
@click.argument("patterns", nargs=-1, metavar="[ID|GLOB|PATH]...", shell_complete=complete_prompt)
@since_option
@at_option
@tag_option
@case_option
@click.option(
    "--record", is_flag=True, help="Call the model for missing recordings, and record the answers."
)
@click.option("--live", is_flag=True, help="Call the model for every case, and record nothing.")
@click.option(
    "--refresh", is_flag=True, help="Call the model for every case, and replace the recordings."
)
@concurrency_option
@click.option("--repeats", type=click.IntRange(1), metavar="N", help="Use N answers for each case.")
@click.option("--baseline", metavar="REV", help="The revision that scores are compared with.")
@budget_options
@click.option(
    "--shard", metavar="N/M", help="Run only part N of M; write it with --format jsonl=FILE."
)
@click.option(
    "--merge", is_flag=True, help="Merge shard files, given as arguments, and decide the result."
)
@click.option("--coverage", is_flag=True, help="Report template branches that no case covers.")
@click.option(
    "--fail-under",
    type=Percent(),
    metavar="PERCENT",
    help="Exit 1 if fewer branches are covered.",
)
@trust_option
@verbose_option
@common("text", "json", "junit", "github", "markdown", "html", "jsonl")
def command(output: OutputOptions, **options: Any) -> int:
    """Run test cases on recorded answers, or call the model for new ones.

    By default it makes no API calls and uses no network. Exits 1 when a case fails or has no
    recording, 5 when a provider could not answer or the budget is spent.

    \b
    Example:
      promptops test
      promptops test support/triage --record
      promptops test --since origin/main --format junit=out.xml
      promptops test --shard 1/8 --format jsonl=1.jsonl
      promptops test --merge *.jsonl
    """
    _refuse_contradictions(output, options)
    # Nearly all objects live until the end; collecting often costs a third of the time.
    gc.set_threshold(50_000)
    run = _merged(output, options) if options["merge"] else _tested(output, options)
    run = run.failing_under(options["fail_under"])
    if run.unasked:
        # The recordings have the answers of a run that ended early: it goes on with the others.
        mode = "refresh" if options["refresh"] else "record"
        flags = (f"--{mode}",) if options["live"] or options[mode] else ()
        names = ("since", "repeats", "baseline", "shard")
        run = replace(run, advice=continued("test", flags, options, names))
    output.write_report("test", run, figures=options["verbose"])
    if run.unasked:
        output.note(f"not requested: {run.unasked:,} of the answers, {run.ended}")
    return exit_code_of(run)


def _refuse_contradictions(output: OutputOptions, options: dict[str, Any]) -> None:
    modes = [f"--{mode}" for mode in MODES if options[mode]]
    for first, others in (
        (modes[:1], modes[1:]),
        (_given(options, ("merge",)), _given(options, _RUN_OPTIONS)),
    ):
        if first and others:
            raise UsageError(f"{first[0]} and {others[0]} exclude each other")
    if modes and options["revision"] != "worktree":
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
        return test(opened, wanted, run_options(output, options, opened.config.test))


def _merged(output: OutputOptions, options: dict[str, Any]) -> TestRun:
    from promptops.testing.runner import merge, read_shards
    from promptops.workspace.workspace import workspace

    shards = read_shards(output.directory, options["patterns"])
    with workspace(output.directory, options["revision"], output.overrides) as opened:
        chosen = run_options(output, options, opened.config.test)
        return merge(opened, tuple(shards.values()), chosen)


def run_options(output: OutputOptions, options: dict[str, Any], config: TestSettings) -> RunOptions:
    """How cases are run, from the options of a command; an option that it lacks is not given."""
    from promptops.terminal.progress import ShownProgress
    from promptops.testing.model_calls import ci_event
    from promptops.testing.options import RunOptions
    from promptops.testing.shards import parse_shard

    modes: list[Any] = [mode for mode in MODES if options.get(mode)]
    shard = options.get("shard")
    return RunOptions(
        mode=modes[0] if modes else "replay",
        cases=options.get("cases", ()),
        repeats=options.get("repeats"),
        baseline=options.get("baseline"),
        coverage=bool(options.get("coverage")) or options.get("fail_under") is not None,
        trusted=options["trust_config"],
        settings=call_settings(options, config),
        event=options.get("event") or ci_event(os.environ),
        shard=parse_shard(shard) if shard is not None else None,
        watcher=ShownProgress(output),
    )


def continued(
    command: str, flags: Iterable[str], options: dict[str, Any], names: Iterable[str]
) -> str:
    """The command that continues a run: answers it already has are not requested again.

    Args:
        flags: Its own options, whatever is given.
        names: The further options that it repeats, if they are given.
    """
    words = ["promptops", *command.split(), *options["patterns"], *flags]
    for name in names:
        if options[name] not in (None, ""):
            words += [f"--{name}", str(options[name])]
    words += ["--since"] if options["since"] == "" else []
    words += ["--trust-config"] if options["trust_config"] else []
    for case in options["cases"]:
        words += ["--case", case]
    for selector in options["select"]:
        words += ["--select", selector]
    return shlex.join(words)


def exit_code_of(run: TestRun) -> int:
    """1 for a failing run, and the codes of the errors that prevent a verdict."""
    if run.interrupted:
        return INTERRUPTED
    if run.failed:
        return BUG
    if run.unanswered or any(case.infrastructure for case in run.cases):
        return OUTAGE
    return int(run.verdict == "fail")
