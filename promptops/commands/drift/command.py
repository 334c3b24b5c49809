"""`promptops drift`."""

from __future__ import annotations

import gc
import os
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptops.errors import (
    BUG,
    FAILED,
    INTERRUPTED,
    OUTAGE,
    GitError,
    InputError,
    UsageError,
)
from promptops.records import replace
from promptops.terminal.call_options import (
    budget_options,
    call_settings,
    case_option,
    concurrency_option,
    trust_option,
)
from promptops.terminal.complete import complete_id, complete_prompt
from promptops.terminal.options import (
    Command,
    call_option,
    common,
    decide_option,
    output_option,
    select_option,
    tag_option,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.commands.drift.asking import DriftOptions
    from promptops.model.config import Config
    from promptops.model.night import Drift


@click.command(cls=Command)
@click.argument("patterns", nargs=-1, metavar="[ID|GLOB]...", shell_complete=complete_prompt)
@select_option(
    "--release",
    metavar="TAG|CHANNEL",
    help="The release to check; by default what the channel `production` serves, or the latest.",
)
@tag_option
@case_option
@call_option(
    "--repeats",
    type=click.IntRange(1, 100),
    metavar="N",
    help="Use N answers for each case; 3 unless configured.",
)
@output_option(
    "--history",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the nights in this file, instead of git notes on the release tag.",
)
@output_option("--push", is_flag=True, help="Fetch the notes of other clones, and push tonight's.")
@call_option(
    "--again", is_flag=True, help="Check again on the same date (UTC), and replace its nights."
)
@decide_option(
    "--accept",
    multiple=True,
    metavar="ID",
    shell_complete=complete_id,
    help="Accept the new level of this prompt, and learn again; repeatable.",
)
@decide_option("--reason", default="", metavar="TEXT", help="With --accept: why.")
@concurrency_option
@budget_options
@trust_option
@output_option(
    "-v", "--verbose", is_flag=True, help="Print the figures of each prompt in one line, too."
)
@common("text", "json", "markdown", "html")
def command(output: OutputOptions, **options: Any) -> int:
    """Check whether answers to the cases of a release got worse.

    Run it every night. It calls the model for each test case of the release, several times, and
    compares the score with that of the first ten nights. Exits 1 when a prompt drifted, 4 when the
    nights could not be pushed, 5 when a provider could not answer or the budget is spent.

    \b
    Example:
      promptops drift
      promptops drift --push --format markdown=drift.md --format html=drift.html
      promptops drift support/triage --release v1.8.0
      promptops drift --accept support/triage --reason "the new model is good enough"
    """
    _refuse_contradictions(options)
    # Nearly all objects live until the end; collecting often costs a third of the time.
    gc.set_threshold(50_000)
    found = _checked(output, options)
    if found.unasked:
        found = replace(found, advice=_command_for_the_rest(options))
    code = _exit_code(found)
    output.write_report("drift", found, figures=options["verbose"], exit_code=code)
    return code


def _refuse_contradictions(options: dict[str, Any]) -> None:
    if options["push"] and options["history"]:
        hint = "a file has no notes to push: leave out --push, or --history"
        raise UsageError("--push and --history exclude each other", hint=hint)
    if options["reason"] and not options["accept"]:
        raise UsageError("--reason needs --accept", hint="write --accept ID --reason TEXT")
    if options["accept"] and options["patterns"]:
        hint = "--accept names its prompts itself, and calls no model"
        raise UsageError("--accept and other prompts exclude each other", hint=hint)
    if options["accept"] and options["again"]:
        hint = "--accept calls no model: run `promptops drift` after it"
        raise UsageError("--accept and --again exclude each other", hint=hint)


def _checked(output: OutputOptions, options: dict[str, Any]) -> Drift:
    from promptops.commands.drift.drift import drift
    from promptops.workspace.selection import SelectionOptions
    from promptops.workspace.workspace import workspace

    wanted = SelectionOptions(patterns=options["patterns"], selectors=options["select"])
    with workspace(output.directory, overrides=output.overrides) as opened:
        return drift(opened, wanted, _options(output, options, opened.config))


def _options(output: OutputOptions, options: dict[str, Any], config: Config) -> DriftOptions:
    from promptops.commands.drift.asking import DriftOptions
    from promptops.terminal.progress import ShownProgress
    from promptops.testing.model_calls import ci_event
    from promptops.testing.options import RunOptions

    history = options["history"]
    run = RunOptions(
        mode="live",
        cases=options["cases"],
        repeats=options["repeats"] or config.drift.repeats,
        trusted=options["trust_config"],
        settings=call_settings(options, config.test),
        event=options["event"] or ci_event(os.environ),
        watcher=ShownProgress(output),
    )
    return DriftOptions(
        release=options["release"] or config.drift.release or "",
        history=output.directory / history if history else None,
        push=options["push"],
        again=options["again"],
        now=datetime.now(UTC),
        accept=options["accept"],
        reason=options["reason"],
        run=run,
    )


def _command_for_the_rest(options: dict[str, Any]) -> str:
    """The command that checks the same prompts tonight, without the budget that ended the run."""
    words = ["promptops", "drift", *options["patterns"]]
    for name in ("release", "repeats", "history"):
        words += [f"--{name}", str(options[name])] if options[name] else []
    for name, values in (("select", options["select"]), ("case", options["cases"])):
        words += [word for value in values for word in (f"--{name}", value)]
    for name in ("push", "again", "trust_config"):
        words += [f"--{name.replace('_', '-')}"] if options[name] else []
    return shlex.join(words)


def _exit_code(found: Drift) -> int:
    """The gravest first: a drifted prompt is reported even if other nights are incomplete."""
    incomplete = any(prompt.verdict == "incomplete" for prompt in found.prompts)
    codes = {
        INTERRUPTED: found.interrupted,
        BUG: any(problem.internal for problem in found.problems),
        FAILED: found.drifted,
        GitError.exit_code: found.unpushed,
        InputError.exit_code: found.broken,
        OUTAGE: found.unanswered or incomplete,
    }
    return next((code for code, applies in codes.items() if applies), int(bool(found.problems)))
