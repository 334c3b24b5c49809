"""`promptops score`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from promptops.errors import BUG, OUTAGE, InputError, UsageError
from promptops.plurals import counted
from promptops.records import replace
from promptops.terminal.complete import complete_dimension, complete_input
from promptops.terminal.options import (
    CallOptions,
    Command,
    call_option,
    common,
    decide_option,
    model_calls,
    output_option,
    select_option,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.commands.score.options import ScoreOptions
    from promptops.model.config import Config
    from promptops.model.score import Score


_MOST_CASES = 20
_TOLERATED = 100  # one broken line of so many
_HINT = (
    "check the format (--from), name the keys of your own log in [score.fields], and check"
    " whether the files are complete"
)
_UNJOINED_HINT = (
    "check the ids (promptops list), fetch the tags (git fetch --tags), or accept more percent in"
    " the configuration: `unjoined` in [score]"
)


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@select_option(
    "--from",
    "format_",
    default="auto",
    metavar="FORMAT",
    shell_complete=complete_input,
    help="auto (default), json, otlp, openinference, langfuse, helicone, openai or parquet.",
)
@select_option(
    "--at",
    default="HEAD",
    metavar="REV",
    help="Use the prompts of this revision for samples that name no release or version; "
    "HEAD by default.",
)
@select_option(
    "--by",
    metavar="NAME,...",
    shell_complete=complete_dimension,
    help="Group samples by these of prompt, version, release, channel, model, day and hour; "
    "prompt,version,channel,day by default.",
)
@select_option(
    "--sample", metavar="N%", help="Score this share of the samples, chosen by their id."
)
@call_option(
    "--judge",
    type=click.IntRange(0),
    metavar="N",
    help="Call judges about N samples of each group; 0 by default.",
)
@decide_option(
    "--alert",
    "alerts",
    multiple=True,
    metavar="'METRIC<NUMBER'",
    help="Exit 1 if a metric of a group is certainly below (or `>`: above) this number; "
    "repeatable, besides the alerts of the configuration.",
)
@click.option(
    "--processes",
    type=click.IntRange(1),
    default=1,
    metavar="N",
    help="Use N processes; 1 by default.",
)
@output_option(
    "--to-cases",
    type=click.Path(),
    metavar="FILE",
    help="Write failing samples as test cases to this new file, such as new.cases.yaml; personal "
    "data and secrets that are found are replaced by made-up values.",
)
@output_option(
    "--pick",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="With --to-cases: write at most N cases; 20 by default.",
)
@output_option(
    "--events",
    type=click.Path(),
    metavar="FILE",
    help="Write each result as an OpenTelemetry event, in lines of OTLP/JSON.",
)
@output_option(
    "--content",
    is_flag=True,
    help="Add to the events why an assertion failed; it may quote an answer.",
)
@click.option(
    "--engine",
    type=click.Choice(("local", "dask")),
    default="local",
    metavar="NAME",
    help="Where samples are scored: local (default), or dask.",
)
@click.option("--cluster", default="", metavar="ADDRESS", help="The scheduler of --engine dask.")
@model_calls
@output_option("-v", "--verbose", is_flag=True, help="Print every group, and all its assertions.")
@common("text", "json", "markdown", "html")
def command(output: OutputOptions, calls: CallOptions, **options: Any) -> int:
    """Score requests and answers of production with the assertions of their release.

    Reads logs, traces and exports (also a URL, or `-` for standard input), and shows for each
    prompt, version and day how many answers keep the contracts, with scores, errors, cost and
    latency. It makes no API calls, except with --judge. Exits 1 for an alert, for an alert without
    a value, or if no sample belongs to a prompt of this repository; 3 if over 1% of the lines can't
    be read, or over 1% of the samples belong to no prompt; 5 if a judge could not answer or the
    budget is spent.

    \b
    Example:
      promptops score samples.jsonl
      promptops score traces/*.jsonl.gz --alert 'contracts<98' --alert 'cost_1000>5'
      promptops score traces.jsonl --by prompt,version --format html=production.html
      promptops score s3://logs/2026-11-27.jsonl --sample 10% --processes 4
    """
    progress = SampleProgress(output)
    try:
        found, accepted = _scored(output, progress, calls, options)
    finally:
        progress.ends()
    output.write_report("score", found, figures=options["verbose"])
    return _exit_code(found, accepted)


def _scored(
    output: OutputOptions, progress: SampleProgress, calls: CallOptions, options: dict[str, Any]
) -> tuple[Score, float]:
    """The result, and how many percent of the samples may belong to no prompt."""
    from promptops.commands.score.picked_samples import SPARE, refuse_unless_new, write_cases
    from promptops.commands.score.score import score
    from promptops.workspace.workspace import workspace

    _refuse_incomplete(options)
    _refuse_to_replace_samples(output.directory, options)
    cases, pick = options["to_cases"], options["pick"] or _MOST_CASES
    file = Path(output.directory, cases or "")
    with workspace(output.directory, overrides=output.overrides) as opened:
        wanted = replace(
            _options(output, progress, opened.config, options),
            failures=0 if cases is None else pick + SPARE,
            run=calls.run(output, opened.config.test, mode="live"),
        )
        if cases is not None:
            refuse_unless_new(file, cases)
        found = _with_events(output, options["events"], wanted, partial(score, opened))
        if cases is not None:
            found = replace(found, cases=write_cases(file, cases, found.failing, pick))
        return found, opened.config.score.unjoined


def _refuse_incomplete(options: dict[str, Any]) -> None:
    if options["pick"] is not None and options["to_cases"] is None:
        raise UsageError("`--pick` is about test cases", hint="add --to-cases FILE")
    if options["content"] and options["events"] is None:
        raise UsageError("`--content` is about events", hint="add --events FILE")
    if options["cluster"] and options["engine"] == "local":
        raise UsageError("`--cluster` needs an engine that uses it", hint="add --engine dask")


def _refuse_to_replace_samples(directory: Path, options: dict[str, Any]) -> None:
    """Raise UsageError if the events would be written to a file with samples."""
    if options["events"] is None:
        return
    events = Path(directory, options["events"]).resolve()
    if events in (Path(directory, file).resolve() for file in options["files"]):
        raise UsageError(
            "the events would replace the samples",
            where=options["events"],
            hint="choose another name for --events",
        )


def _with_events(
    output: OutputOptions,
    written: str | None,
    wanted: ScoreOptions,
    score: Callable[[ScoreOptions], Score],
) -> Score:
    if written is None:
        return score(wanted)
    from promptops.commands.score.events import event_file

    with event_file(Path(output.directory, written), written) as write:
        return score(replace(wanted, events=True, on_events=write))


def _options(
    output: OutputOptions, progress: SampleProgress, whole: Config, options: dict[str, Any]
) -> ScoreOptions:
    from promptops.commands.score import options as score_options
    from promptops.commands.score.options import ScoreOptions
    from promptops.source.traffic.files import below

    config, directory = whole.score, output.directory
    by: Any = config.by if options["by"] is None else score_options.dimensions(options["by"])
    return ScoreOptions(
        paths=tuple(below(directory, file) for file in options["files"]),
        format=score_options.reader(options["format_"]),
        fields=config.fields,
        at=options["at"],
        by=by,
        share=1.0 if options["sample"] is None else score_options.share(options["sample"]),
        judge=config.judge if options["judge"] is None else options["judge"],
        alerts=tuple(
            dict.fromkeys((*config.alerts, *map(score_options.alert_rule, options["alerts"])))
        ),
        processes=options["processes"],
        content=options["content"],
        on_samples=progress.read,
        engine=options["engine"],
        cluster=options["cluster"],
    )


def _exit_code(found: Score, accepted: float) -> int:
    """`accepted` percent of the samples may belong to no prompt."""
    if found.failed:
        return BUG
    if found.ended or found.unanswered:
        return OUTAGE
    samples = found.samples
    if _TOLERATED * samples.broken_lines > samples.lines:
        broken = f"{samples.broken_lines:,} of {counted(samples.lines, 'line')}"
        raise InputError(f"{broken} can't be read, over 1%", hint=_HINT)
    if not samples.scored:
        return 1
    if 100 * samples.unjoined_samples > accepted * samples.sampled:
        unjoined = f"{samples.unjoined_samples:,} of {counted(samples.sampled, 'sample')}"
        raise InputError(
            f"{unjoined} belong to no prompt of this repository, over {accepted:g}%",
            hint=_UNJOINED_HINT,
        )
    return int(bool(found.alerts or found.alerts_without_value))


# Progress of scoring samples, on a terminal.

_CLEAR = "\r\x1b[K"


class SampleProgress:
    """Shows on stderr how many samples were read, and how fast; nothing in a pipe."""

    def __init__(self, output: OutputOptions) -> None:
        self._is_shown = sys.stderr.isatty() and not output.quiet
        self._began = monotonic()

    def read(self, samples: int) -> None:
        """So many samples were read since the start."""
        if self._is_shown:
            rate = samples / max(monotonic() - self._began, 0.001)
            click.echo(f"{_CLEAR}{counted(samples, 'sample')}, {rate:,.0f}/s", nl=False, err=True)

    def ends(self) -> None:
        """Remove the line."""
        if self._is_shown:
            click.echo(_CLEAR, nl=False, err=True)
