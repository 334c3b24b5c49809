"""`promptops score`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from promptops.cli.call_options import budget_options, call_settings, trust_option
from promptops.cli.complete import complete_dimension, complete_input
from promptops.cli.options import common
from promptops.cli.output import OutputOptions
from promptops.errors import OUTAGE, InputError

if TYPE_CHECKING:
    from promptops.jobs.scoring.options import ScoreOptions
    from promptops.jobs.workspace.workspace import Workspace
    from promptops.model.score import Score


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option(
    "--input",
    "format_",
    default="auto",
    metavar="FORMAT",
    shell_complete=complete_input,
    help="auto (default), json, otlp, langfuse, helicone, openai or parquet.",
)
@click.option(
    "--at",
    default="HEAD",
    metavar="REV",
    help="Use the prompts of this revision for samples that name no release or version; "
    "HEAD by default.",
)
@click.option(
    "--by",
    metavar="NAME,...",
    shell_complete=complete_dimension,
    help="Group samples by these of prompt, version, release, channel, model, day and hour; "
    "prompt,version,channel,day by default.",
)
@click.option("--sample", metavar="N%", help="Score this share of the samples, chosen by their id.")
@click.option(
    "--judge",
    type=click.IntRange(0),
    metavar="N",
    help="Call judges about N samples of each group; 0 by default.",
)
@click.option(
    "--alert",
    "alerts",
    multiple=True,
    metavar="'METRIC<NUMBER'",
    help="Exit 1 if a metric of a group is certainly below (or `>`: above) this number; "
    "repeatable, besides the alerts of the configuration.",
)
@click.option(
    "-j",
    "processes",
    type=click.IntRange(1),
    default=1,
    metavar="N",
    help="Use N processes; 1 by default.",
)
@budget_options
@trust_option
@click.option("-v", "--verbose", is_flag=True, help="Print every group, and all its assertions.")
@common("text", "json", "markdown", "html")
def command(output: OutputOptions, **options: Any) -> int:
    """Score requests and answers of production with the assertions of their release.

    Reads logs, traces and exports (a URL or `-` for standard input, too), and shows for each prompt,
    version and day how many answers keep the contracts, with scores, errors, cost and latency. It
    makes no API calls, except with --judge. Exits 1 for an alert, or if no sample belongs to a
    prompt of this repository; 3 if over 1% of the lines can't be read; 5 if a judge could not answer
    or the budget is spent.

    \b
    Example:
      promptops score samples.jsonl
      promptops score traces/*.jsonl.gz --alert 'contracts<98' --alert 'cost_1000>5'
      promptops score traces.jsonl --by prompt,version --format html=production.html
      promptops score s3://logs/2026-11-27.jsonl --sample 10% -j 4
    """
    found = _scored(output, options)
    output.write_report("score", found, figures=options["verbose"])
    return _exit_code(found)


def _scored(output: OutputOptions, options: dict[str, Any]) -> Score:
    from promptops.jobs.scoring.score import score
    from promptops.jobs.workspace.workspace import workspace

    with workspace(output.directory, overrides=output.overrides) as opened:
        return score(opened, _options(output, opened, options))


def _options(output: OutputOptions, opened: Workspace, options: dict[str, Any]) -> ScoreOptions:
    from promptops.cli import score_options
    from promptops.cli.progress import ShownProgress
    from promptops.jobs.scoring.options import ScoreOptions
    from promptops.jobs.testing.model_calls import ci_event
    from promptops.jobs.testing.options import RunOptions

    config = opened.config.score
    run = RunOptions(
        mode="live",
        trusted=options["trust_config"],
        settings=call_settings(options, opened.config.test),
        event=options["event"] or ci_event(os.environ),
        watcher=ShownProgress(output),
    )
    by = score_options.dimensions(options["by"]) if options["by"] is not None else config.by
    return ScoreOptions(
        paths=options["files"],
        format=score_options.reader(options["format_"]),
        fields=config.fields,
        at=options["at"],
        by=by,
        share=score_options.share(options["sample"]) if options["sample"] else 1.0,
        judge=config.judge if options["judge"] is None else options["judge"],
        alerts=(*config.alerts, *map(score_options.alert_rule, options["alerts"])),
        processes=options["processes"],
        run=run,
    )


def _exit_code(found: Score) -> int:
    samples = found.samples
    if 100 * samples.broken_lines > samples.lines:
        share = f"{samples.broken_lines:,} of {samples.lines:,} lines"
        raise InputError(f"{share} can't be read, more than 1%", hint="see `--input`, ...")
    if found.ended:
        return OUTAGE
    return int(bool(found.alerts) or not samples.scored)
