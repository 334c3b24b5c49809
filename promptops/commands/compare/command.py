"""`promptops compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from promptops.errors import BUG, INTERRUPTED, OUTAGE, UsageError
from promptops.records import replace
from promptops.terminal.complete import complete_profile, complete_prompt
from promptops.terminal.options import (
    CallOptions,
    Command,
    Margin,
    call_option,
    case_option,
    common,
    decide_option,
    mode_options,
    model_calls,
    output_option,
    prune_aside_option,
    refuse_partial_prune,
    select_option,
    selection,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.commands.compare.arms import CompareOptions
    from promptops.model.arm import ArmComparison
    from promptops.workspace.selection import SelectionOptions
    from promptops.workspace.workspace import Workspace

_KINDS = ("model", "revision", "prompt")
_OF_RUNS = {
    "record": "--record",
    "live": "--live",
    "require": "--require",
    "prune": "--prune",
    "concurrency": "-j",
    "max_time": "--max-time",
}
"""The options that `--batch` excludes."""


@click.command(cls=Command)
@selection
@select_option(
    "--model",
    multiple=True,
    metavar="PROFILE",
    shell_complete=complete_profile,
    help="Compare this model profile; repeatable.",
)
@select_option(
    "--revision",
    multiple=True,
    metavar="REV",
    help="Compare this commit, tag or branch; repeatable.",
)
@select_option(
    "--prompt",
    multiple=True,
    metavar="ID",
    shell_complete=complete_prompt,
    help="Compare this prompt with the selected one; repeatable.",
)
@select_option(
    "--reference",
    metavar="NAME",
    help="The arm that the others are compared with; by default the prompt as it stands.",
)
@decide_option("--require", default="", metavar="NAME", help="Exit 1 unless this arm is fit.")
@decide_option(
    "--margin",
    type=Margin(),
    metavar="POINTS",
    help="The acceptable loss in percentage points; by default the prompt's own, or 3.",
)
@case_option
@mode_options(
    record="Call the models for missing answers; record them in `comparisons/`.",
    live="Call them for every answer; record nothing.",
)
@call_option(
    "--batch",
    is_flag=True,
    help="Submit the missing answers as batches, at half the price; "
    "`promptops recordings batch collect` records them.",
)
@model_calls
@call_option(
    "--repeats",
    type=click.IntRange(1, 6),
    metavar="N",
    help="Use at most N answers for each case and arm; 6 by default.",
)
@prune_aside_option
@output_option(
    "-v",
    "--verbose",
    is_flag=True,
    help="Print the statistics of each decision: interval, p value.",
)
@common("text", "json", "markdown", "html")
def command(
    output: OutputOptions,
    wanted: SelectionOptions,
    mode: str,
    calls: CallOptions,
    **options: Any,
) -> int:
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
    from promptops.commands.compare.compare import command_line, compare
    from promptops.testing.runner import write_earlier_answers
    from promptops.workspace.workspace import workspace

    given = click.get_current_context().params
    kind = _kind(options)
    if options["batch"]:
        return _submitted(output, wanted, calls, {**given, "kind": kind})
    refuse_partial_prune(given)
    if mode == "record":
        write_earlier_answers(output.directory)
    with workspace(output.directory, overrides=output.overrides) as opened:
        chosen = _options(output, opened, kind, calls, {**options, "mode": mode})
        found = compare(opened, wanted, chosen)
    if mode != "live" and (found.stale or found.unasked):
        trust = ("--trust-config",) if calls.trust_config else ()
        found = replace(found, next=command_line(wanted, chosen, "--record", *trust))
    output.write_report("compare", found, figures=options["verbose"])
    # A server with one slot lets concurrent requests wait, and their latency includes it.
    concurrent = mode != "replay" and calls.concurrency != 1
    if concurrent and any(arm.latency_s for prompt in found.prompts for arm in prompt.arms):
        output.note("latency of concurrent requests: `-j 1` measures the model alone")
    return _exit_code(found)


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


def _submitted(
    output: OutputOptions, wanted: SelectionOptions, calls: CallOptions, options: dict[str, Any]
) -> int:
    from promptops.commands.compare.batches import submit_arms
    from promptops.terminal.progress import shown_estimate
    from promptops.testing.runner import write_earlier_answers
    from promptops.workspace.workspace import workspace

    for name, flag in _OF_RUNS.items():
        if options[name] not in (None, False, ""):
            raise UsageError(f"--batch and {flag} exclude each other")
    unknown = next((name for name, _ in output.formats if name not in ("text", "json")), None)
    if unknown is not None:
        hint = "for other formats, collect, then run without --batch"
        raise UsageError(f"--batch writes only text and json, not {unknown}", hint=hint)
    write_earlier_answers(output.directory)
    with workspace(output.directory, overrides=output.overrides) as opened:
        chosen = _options(output, opened, options["kind"], calls, {**options, "mode": "record"})
        report = submit_arms(opened, wanted, chosen, shown_estimate(output))
    output.write_report("batch", report)
    return report.exit_code


def _options(
    output: OutputOptions, opened: Workspace, kind: Any, calls: CallOptions, options: dict[str, Any]
) -> CompareOptions:
    from promptops.commands.compare.arms import CompareOptions

    run = {name: options[name] for name in ("mode", "cases", "repeats", "prune")}
    return CompareOptions(
        kind=kind,
        names=options[kind],
        reference=options["reference"],
        require=options["require"],
        margin=options["margin"],
        run=calls.run(output, opened.config.test, **run),
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
