"""`promptops drift`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptops.errors import BAD_INPUT, BUG, FAILED, GIT, INTERRUPTED, OUTAGE, UsageError
from promptops.records import replace
from promptops.terminal.complete import complete_id, complete_prompt
from promptops.terminal.options import (
    CallOptions,
    Command,
    call_option,
    case_option,
    command_again,
    common,
    decide_option,
    model_calls,
    option_group,
    output_option,
    select_option,
    selected,
    tag_option,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.commands.drift.asking import DriftOptions
    from promptops.model.config import Config
    from promptops.model.night import Drift
    from promptops.workspace.selection import SelectionOptions


@click.command(cls=Command)
@option_group(
    "wanted",
    selected,
    click.argument("patterns", nargs=-1, metavar="[ID|GLOB]...", shell_complete=complete_prompt),
    tag_option,
)
@select_option(
    "--release",
    metavar="TAG|CHANNEL",
    help="The release to check; by default what the channel `production` serves, or the latest.",
)
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
@model_calls
@output_option(
    "-v", "--verbose", is_flag=True, help="Print the figures of each prompt in one line, too."
)
@common("text", "json", "markdown", "html")
def command(
    output: OutputOptions, wanted: SelectionOptions, calls: CallOptions, **options: Any
) -> int:
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
    from promptops.commands.drift.drift import drift
    from promptops.commands.drift.report import headline
    from promptops.workspace.workspace import workspace

    _refuse_contradictions(options, wanted.patterns)
    with workspace(output.directory, overrides=output.overrides) as opened:
        found = drift(opened, wanted, _options(output, calls, options, opened.config))
    if found.unasked:
        found = replace(found, next=command_again())
    found = replace(found, headline=headline(found), exit_code=_exit_code(found))
    output.write_report("drift", found, figures=options["verbose"])
    return found.exit_code


def _refuse_contradictions(options: dict[str, Any], patterns: tuple[str, ...]) -> None:
    if options["push"] and options["history"]:
        hint = "a file has no notes to push: leave out --push, or --history"
        raise UsageError("--push and --history exclude each other", hint=hint)
    if options["reason"] and not options["accept"]:
        raise UsageError("--reason needs --accept", hint="write --accept ID --reason TEXT")
    if options["accept"] and patterns:
        hint = "--accept names its prompts itself, and calls no model"
        raise UsageError("--accept and other prompts exclude each other", hint=hint)
    if options["accept"] and options["again"]:
        hint = "--accept calls no model: run `promptops drift` after it"
        raise UsageError("--accept and --again exclude each other", hint=hint)


def _options(
    output: OutputOptions, calls: CallOptions, options: dict[str, Any], config: Config
) -> DriftOptions:
    from promptops.commands.drift.asking import DriftOptions

    history = options["history"]
    repeats = options["repeats"] or config.drift.repeats
    return DriftOptions(
        release=options["release"] or config.drift.release or "",
        history=output.directory / history if history else None,
        push=options["push"],
        again=options["again"],
        now=datetime.now(UTC),
        accept=options["accept"],
        reason=options["reason"],
        run=calls.run(output, config.test, mode="live", cases=options["cases"], repeats=repeats),
    )


def _exit_code(found: Drift) -> int:
    """The gravest first: a drifted prompt is reported even if other nights are incomplete."""
    incomplete = any(prompt.verdict == "incomplete" for prompt in found.prompts)
    codes = {
        INTERRUPTED: found.interrupted,
        BUG: any(problem.internal for problem in found.problems),
        FAILED: found.drifted,
        GIT: found.unpushed,
        BAD_INPUT: found.broken,
        OUTAGE: found.unanswered or incomplete,
    }
    return next((code for code, applies in codes.items() if applies), int(bool(found.problems)))
