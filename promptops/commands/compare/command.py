"""`promptops compare`."""

from __future__ import annotations

import gc
import os
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
    Margin,
    budget_options,
    call_settings,
    case_option,
    concurrency_option,
    prune_aside_option,
    refuse_partial_prune,
    trust_option,
)
from promptops.terminal.complete import complete_profile, complete_prompt
from promptops.terminal.options import common, since_option, tag_option
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.commands.compare.arms import CompareOptions
    from promptops.model.arm import ArmComparison
    from promptops.model.batch import BatchReport
    from promptops.workspace.workspace import Workspace

_KINDS = ("model", "revision", "prompt")


@click.command()
@click.argument("patterns", nargs=-1, metavar="[ID|GLOB|PATH]...", shell_complete=complete_prompt)
@click.option(
    "--model",
    multiple=True,
    metavar="PROFILE",
    shell_complete=complete_profile,
    help="Compare this model profile; repeatable.",
)
@click.option(
    "--revision",
    multiple=True,
    metavar="REV",
    help="Compare this commit, tag or branch; repeatable.",
)
@click.option(
    "--prompt",
    multiple=True,
    metavar="ID",
    shell_complete=complete_prompt,
    help="Compare this prompt with the selected one; repeatable.",
)
@click.option(
    "--reference",
    metavar="NAME",
    help="The arm that the others are compared with; by default the prompt as it stands.",
)
@click.option("--require", default="", metavar="NAME", help="Exit 1 unless this arm is fit.")
@click.option(
    "--margin",
    type=Margin(),
    metavar="POINTS",
    help="The acceptable loss in percentage points; by default the prompt's own, or 3.",
)
@since_option
@tag_option
@case_option
@click.option(
    "--record",
    is_flag=True,
    help="Call the models for missing answers, and record them in `comparisons/`.",
)
@click.option("--live", is_flag=True, help="Call the models for every answer, and record nothing.")
@batch_option
@concurrency_option
@click.option(
    "--repeats",
    type=click.IntRange(1, 6),
    metavar="N",
    help="Use at most N answers for each case and arm; 6 by default.",
)
@prune_aside_option
@budget_options
@trust_option
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help="Print the statistics of each decision: interval, p value.",
)
@common("text", "json", "markdown", "html")
def command(output: OutputOptions, **options: Any) -> int:
    """Compare models, revisions or prompts on the same test cases.

    Shows for each arm whether it is worse than the reference, its contracts, cost, tokens and
    latency, and recommends one. By default it makes no API calls and uses recorded answers. Exits 1
    when answers are missing or the required arm is not fit, 5 when a provider could not answer or
    the budget is spent.

    \b
    Example:
      promptops compare support/triage --model fast --model strong --record
      promptops compare --model cheap --require cheap
      promptops compare --revision v1.7.0 --revision HEAD
      promptops compare support/triage --prompt support/triage.terse --format html=compare.html
    """
    refuse_options_beside_batch(output, options, *_KINDS, "reference", "margin")
    if options["batch"] is not None:
        batches = _batched(output, options)
        output.write_report("batch", batches)
        return exit_code_of(batches)
    kind = _kind(options)
    if options["record"] and options["live"]:
        raise UsageError("--record and --live exclude each other")
    refuse_partial_prune(options)
    # Nearly all objects live until the end; collecting often costs a third of the time.
    gc.set_threshold(50_000)
    found = _compared(output, kind, options)
    output.write_report("compare", found, figures=options["verbose"])
    _note_concurrency(output, found, options)
    return _exit_code(found)


def _note_concurrency(output: OutputOptions, found: ArmComparison, options: dict[str, Any]) -> None:
    """A server with one slot lets concurrent requests wait, and their latency includes it."""
    if not (options["record"] or options["live"]) or options["concurrency"] == 1:
        return
    if any(arm.latency_s for prompt in found.prompts for arm in prompt.arms):
        output.note("latency of concurrent requests: `-j 1` measures the model alone")


def _kind(options: dict[str, Any]) -> Any:
    given = [kind for kind in _KINDS if options[kind]]
    if not given:
        raise UsageError(
            "nothing to compare is named",
            hint="models: --model PROFILE; revisions: --revision REV; prompts: --prompt ID",
        )
    if given[1:]:
        raise UsageError(f"--{given[0]} and --{given[1]} exclude each other")
    return given[0]


def _compared(output: OutputOptions, kind: Any, options: dict[str, Any]) -> ArmComparison:
    from promptops.commands.compare.compare import command_line, compare
    from promptops.testing.runner import write_earlier_answers
    from promptops.workspace.selection import SelectionOptions
    from promptops.workspace.workspace import workspace

    wanted = SelectionOptions(
        patterns=options["patterns"], since=options["since"], selectors=options["select"]
    )
    if options["record"]:
        write_earlier_answers(output.directory)
    with workspace(output.directory, overrides=output.overrides) as opened:
        chosen = _options(output, opened, kind, options)
        found = compare(opened, wanted, chosen)
    if options["live"] or not (found.stale or found.unasked):
        return found
    trust = ("--trust-config",) if options["trust_config"] else ()
    return replace(found, advice=command_line(wanted, chosen, "--record", *trust))


def _batched(output: OutputOptions, options: dict[str, Any]) -> BatchReport:
    from promptops.commands.compare import batches
    from promptops.testing.runner import write_earlier_answers
    from promptops.workspace.selection import SelectionOptions
    from promptops.workspace.workspace import workspace

    kind = _kind(options) if options["batch"] == "submit" else "model"
    shows = shown_estimate(output)
    write_earlier_answers(output.directory)
    with workspace(output.directory, overrides=output.overrides) as opened:
        chosen = _options(output, opened, kind, {**options, "record": True})
        if options["batch"] == "collect":
            return batches.collect_arms(opened, chosen.run, shows)
        if options["batch"] == "cancel":
            return batches.cancel_arms(opened, chosen.run, shows)
        wanted = SelectionOptions(
            patterns=options["patterns"], since=options["since"], selectors=options["select"]
        )
        return batches.submit_arms(opened, wanted, chosen, shows)


def _options(
    output: OutputOptions, opened: Workspace, kind: Any, options: dict[str, Any]
) -> CompareOptions:
    from promptops.commands.compare.arms import CompareOptions
    from promptops.terminal.progress import ShownProgress
    from promptops.testing.model_calls import ci_event
    from promptops.testing.options import RunOptions

    modes: list[Any] = [mode for mode in ("record", "live") if options[mode]]
    run = RunOptions(
        mode=modes[0] if modes else "replay",
        cases=options["cases"],
        repeats=options["repeats"],
        prune=options["prune"],
        trusted=options["trust_config"],
        settings=call_settings(options, opened.config.test),
        event=options["event"] or ci_event(os.environ),
        watcher=ShownProgress(output),
    )
    return CompareOptions(
        kind=kind,
        names=options[kind],
        reference=options["reference"],
        require=options["require"],
        margin=options["margin"],
        run=run,
    )


def _exit_code(found: ArmComparison) -> int:
    problems = [each for prompt in found.prompts for arm in prompt.arms for each in arm.problems]
    if found.interrupted:
        return INTERRUPTED
    if any(problem.internal for problem in problems):
        return BUG
    if found.unasked or any(problem.infrastructure for problem in problems):
        return OUTAGE
    unfit = bool(found.required) and found.required not in found.fit
    return int(bool(found.stale or problems) or unfit)
