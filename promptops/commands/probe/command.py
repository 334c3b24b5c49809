"""`promptops probe`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from promptops.errors import BUG, INTERRUPTED, OUTAGE
from promptops.records import replace
from promptops.terminal.complete import complete_family
from promptops.terminal.options import (
    CallOptions,
    Command,
    call_option,
    case_option,
    command_again,
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
    from promptops.model.probe import ProbeRun
    from promptops.workspace.selection import SelectionOptions


@click.command(cls=Command)
@selection
@select_option(
    "--family",
    "families",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_family,
    help="Only probes of this family; repeatable.",
)
@select_option(
    "--attacks",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Use the attacks in a report of garak (.jsonl) or a red-team file of promptfoo; without "
    "--family, only these. Repeatable.",
)
@select_option("--smoke", is_flag=True, help="Only the most typical probe of each family.")
@case_option
@mode_options(
    record="Call the model for missing answers; record them in `probes/`.",
    live="Call it for every attack; record nothing.",
    refresh="Call it for every attack; replace the recordings.",
)
@model_calls
@call_option(
    "--repeats",
    type=click.IntRange(1, 6),
    metavar="N",
    help="Use N answers for each attack; 1 by default.",
)
@decide_option("--baseline", metavar="REV", help="The revision that the rates are compared with.")
@prune_aside_option
@output_option(
    "--families", "listed", is_flag=True, help="List the families; with -v also the probes."
)
@output_option(
    "-v",
    "--verbose",
    is_flag=True,
    help="Print whole requests and answers of successful attacks, and statistics.",
)
@common("text", "json", "markdown", "html")
def command(
    output: OutputOptions,
    wanted: SelectionOptions,
    mode: str,
    calls: CallOptions,
    **options: Any,
) -> int:
    """Attack prompts with packaged probes, such as prompt injections, and show which succeed.

    Writes each probe into each input that is marked `x-untrusted`. By default it makes no API calls
    and uses recorded answers. Exits 1 when answers are missing, or when attacks succeed more often
    than at the baseline or than `evaluation.probes` of the prompt accepts; 5 when a provider could
    not answer or the budget is spent.

    \b
    Example:
      promptops probe support/triage --smoke --record
      promptops probe --format text --format html=probe.html
      promptops probe --family prompt-leak --family exfiltration
      promptops probe --families
    """
    from promptops.commands.probe.attack_files import read_attack_files
    from promptops.commands.probe.probe import ProbeOptions, probe
    from promptops.testing.runner import write_earlier_answers
    from promptops.workspace.workspace import workspace

    refuse_partial_prune(click.get_current_context().params, "families", "attacks", "smoke")
    if options["listed"]:
        return _list(output, options)
    if mode in ("record", "refresh"):
        write_earlier_answers(output.directory)
    kept = {name: options[name] for name in ("cases", "repeats", "baseline", "prune")}
    with workspace(output.directory, overrides=output.overrides) as opened:
        chosen = ProbeOptions(
            families=options["families"],
            imported=read_attack_files(options["attacks"]),
            probes="smoke" if options["smoke"] else "all",
            run=calls.run(output, opened.config.test, mode=mode, **kept),
        )
        found = probe(opened, wanted, chosen)
    if mode != "live" and (found.stale or found.unasked):
        found = replace(found, next=command_again(record=mode != "refresh"))
    output.write_report("probe", found, figures=options["verbose"])
    return _exit_code(found)


def _list(output: OutputOptions, options: dict[str, Any]) -> int:
    from promptops.evals.probe_library import family, family_names
    from promptops.model.probe import ProbeList

    output.refuse_formats("--families", "text", "json")
    names = dict.fromkeys(options["families"]) or family_names()
    figures = options["verbose"] or bool(options["families"])
    listed = ProbeList(families=tuple(family(name) for name in names))
    output.write_report("probe", listed, figures=figures)
    return 0


def _exit_code(found: ProbeRun) -> int:
    if found.interrupted:
        return INTERRUPTED
    if found.failed:
        return BUG
    if found.unanswered or any(case.run.infrastructure for case in found.cases):
        return OUTAGE
    return int(found.verdict == "fail")
