"""`promptops probe`."""

from __future__ import annotations

import gc
import os
import shlex
from typing import TYPE_CHECKING, Any

import click

from promptops.errors import BUG, INTERRUPTED, OUTAGE, UsageError
from promptops.records import replace
from promptops.terminal.call_options import (
    budget_options,
    call_settings,
    case_option,
    concurrency_option,
    prune_aside_option,
    refuse_partial_prune,
    trust_option,
)
from promptops.terminal.complete import complete_family, complete_prompt
from promptops.terminal.options import common, since_option, tag_option
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.commands.probe.options import ProbeOptions
    from promptops.model.config import TestSettings
    from promptops.model.probe_run import ProbeRun

_MODES = ("record", "live", "refresh")
_REPEATED = (
    ("--family", "families"),
    ("--attacks", "attacks"),
    ("--select", "select"),
    ("--case", "cases"),
)
_LISTED = ("text", "json")


@click.command()
@click.argument("patterns", nargs=-1, metavar="[ID|GLOB|PATH]...", shell_complete=complete_prompt)
@click.option(
    "--family",
    "families",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_family,
    help="Only probes of this family; repeatable.",
)
@click.option(
    "--attacks",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Use the attacks in a report of garak (.jsonl) or a red-team file of promptfoo; without "
    "--family, only these. Repeatable.",
)
@click.option("--smoke", is_flag=True, help="Only the most typical probe of each family.")
@since_option
@tag_option
@case_option
@click.option(
    "--record",
    is_flag=True,
    help="Call the model for missing answers, and record them in `probes/`.",
)
@click.option("--live", is_flag=True, help="Call the model for every attack, and record nothing.")
@click.option(
    "--refresh", is_flag=True, help="Call the model for every attack, and replace the recordings."
)
@concurrency_option
@click.option(
    "--repeats",
    type=click.IntRange(1, 6),
    metavar="N",
    help="Use N answers for each attack; 1 by default.",
)
@click.option("--baseline", metavar="REV", help="The revision that the rates are compared with.")
@prune_aside_option
@budget_options
@click.option("--list", "listed", is_flag=True, help="List the families; with -v also the probes.")
@trust_option
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help="Print whole requests and answers of successful attacks, and statistics.",
)
@common("text", "json", "markdown", "html")
def command(output: OutputOptions, **options: Any) -> int:
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
      promptops probe --list
    """
    modes = [mode for mode in _MODES if options[mode]]
    if modes[1:]:
        raise UsageError(f"--{modes[0]} and --{modes[1]} exclude each other")
    refuse_partial_prune(options, "families", "attacks", "smoke")
    if options["listed"]:
        return _list(output, options)
    # Nearly all objects live until the end; collecting often costs a third of the time.
    gc.set_threshold(50_000)
    found = _probed(output, options)
    if not options["live"] and (found.stale or found.unasked):
        found = replace(found, advice=_again(options))
    output.write_report("probe", found, figures=options["verbose"])
    return _exit_code(found)


def _list(output: OutputOptions, options: dict[str, Any]) -> int:
    from promptops.evals.probes.library import family, family_names
    from promptops.model.probe import ProbeList

    wrong = next((name for name, _ in output.formats if name not in _LISTED), None)
    if wrong is not None:
        raise UsageError(f"--list has no format {wrong!r}", hint=f"one of: {', '.join(_LISTED)}")
    names = dict.fromkeys(options["families"]) or family_names()
    figures = options["verbose"] or bool(options["families"])
    listed = ProbeList(families=tuple(family(name) for name in names))
    output.write_report("probe_list", listed, figures=figures)
    return 0


def _probed(output: OutputOptions, options: dict[str, Any]) -> ProbeRun:
    from promptops.commands.probe.probe import probe
    from promptops.testing.runner import write_earlier_answers
    from promptops.workspace.selection import SelectionOptions
    from promptops.workspace.workspace import workspace

    wanted = SelectionOptions(
        patterns=options["patterns"], since=options["since"], selectors=options["select"]
    )
    if options["record"] or options["refresh"]:
        write_earlier_answers(output.directory)
    with workspace(output.directory, overrides=output.overrides) as opened:
        return probe(opened, wanted, _options(output, options, opened.config.test))


def _options(output: OutputOptions, options: dict[str, Any], config: TestSettings) -> ProbeOptions:
    from promptops.commands.probe.attack_files import read_attack_files
    from promptops.commands.probe.options import ProbeOptions
    from promptops.terminal.progress import ShownProgress
    from promptops.testing.model_calls import ci_event
    from promptops.testing.options import RunOptions

    modes: list[Any] = [mode for mode in _MODES if options[mode]]
    run = RunOptions(
        mode=modes[0] if modes else "replay",
        cases=options["cases"],
        repeats=options["repeats"],
        baseline=options["baseline"],
        prune=options["prune"],
        trusted=options["trust_config"],
        settings=call_settings(options, config),
        event=options["event"] or ci_event(os.environ),
        watcher=ShownProgress(output),
    )
    probes: Any = "smoke" if options["smoke"] else "all"
    return ProbeOptions(
        families=options["families"],
        imported=read_attack_files(options["attacks"]),
        probes=probes,
        run=run,
    )


def _again(options: dict[str, Any]) -> str:
    """The command that continues: answers it already has are not requested again."""
    words = ["promptops", "probe", *options["patterns"]]
    words += ["--smoke"] if options["smoke"] else []
    for name in ("since", "repeats", "baseline"):
        if options[name] not in (None, ""):
            words += [f"--{name}", str(options[name])]
    words += ["--since"] if options["since"] == "" else []
    for name, key in _REPEATED:
        for value in options[key]:
            words += [name, value]
    words += ["--refresh" if options["refresh"] else "--record"]
    words += ["--trust-config"] if options["trust_config"] else []
    return shlex.join(words)


def _exit_code(found: ProbeRun) -> int:
    if found.interrupted:
        return INTERRUPTED
    if found.failed:
        return BUG
    if found.unanswered or any(case.run.infrastructure for case in found.cases):
        return OUTAGE
    return int(found.verdict == "fail")
