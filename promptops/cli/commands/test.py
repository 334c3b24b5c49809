"""`promptops test`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from promptops.cli.options import Output, at_option, common, since_option
from promptops.errors import UsageError

MODES = ("record", "live", "refresh")


@click.command()
@click.argument("patterns", nargs=-1, metavar="[ID|GLOB]...")
@since_option
@at_option
@click.option("--select", multiple=True, metavar="tag:NAME", help="Of a tag:, owner: or status:.")
@click.option("--record", is_flag=True, help="Ask for what is missing, and keep it.")
@click.option("--live", is_flag=True, help="Ask for everything, and keep nothing.")
@click.option("--refresh", is_flag=True, help="Ask for everything again, and keep that instead.")
@click.option("-j", "concurrency", type=click.IntRange(1), metavar="N", help="At one time.")
@click.option("--repeats", type=click.IntRange(1), metavar="N", help="Answers of each case.")
@click.option("--baseline", metavar="REV", help="What measured scores are compared with.")
@click.option("--max-cost", type=click.FloatRange(0), metavar="USD", help="Spend at most so much.")
@click.option("--max-requests", type=click.IntRange(1), metavar="N", help="Send at most so many.")
@click.option("--max-time", type=click.FloatRange(0), metavar="S", help="Send for so long.")
@click.option("--audit", metavar="N|N%", help="Ask so many recordings again, and compare.")
@click.option("--seed", default="", metavar="TEXT", help="Chooses those to audit; the revision.")
@click.option("--coverage", is_flag=True, help="Tell which branches no case renders.")
@click.option(
    "--fail-under", type=click.FloatRange(0, 100), metavar="PERCENT", help="Of branches covered."
)
@click.option("--prune", is_flag=True, help="Remove recordings that no case asks for any more.")
@click.option("--trust-config", is_flag=True, help="Ask whom the change names, not its base.")
@common("text", "json", "junit", "github", "markdown", "html")
def command(output: Output, **options: Any) -> int:
    """Run the test cases: replayed from their recordings, or asked.

    Without an option nothing is asked and no network is touched. Exits 1 when a case fails or has
    no recording, 5 when a provider could not answer.

    \b
    Example:
      promptops test
      promptops test support/triage --record
      promptops test --since origin/main --format junit=out.xml
    """
    from promptops.jobs.selection import Wanted
    from promptops.jobs.testing.run import settle_earlier, test
    from promptops.jobs.workspace import workspace

    wanted = Wanted(
        patterns=options["patterns"], since=options["since"], selectors=options["select"]
    )
    if options["record"] or options["refresh"]:
        settle_earlier(output.directory)
    with workspace(output.directory, options["revision"], output.overrides) as opened:
        run = test(opened, wanted, _options(options, opened.config.test.concurrency))
    for name, file in output.formats:
        style = {"style": output.style} if file == "-" else {}
        written = import_module(f"promptops.report.test.{name}").write(run, **style)
        output.write(written, file)
    return _exit_code(run, options["fail_under"], output)


def _options(options: dict[str, Any], concurrency: int) -> Any:
    from promptops.evals.engine.ask import Settings
    from promptops.jobs.recordings.audit import parse_size
    from promptops.jobs.testing.run import Options

    modes: list[Any] = [mode for mode in MODES if options[mode]]
    if len(modes) > 1:
        raise UsageError(f"--{modes[0]} and --{modes[1]} exclude each other")
    if modes and options["audit"] is not None:
        raise UsageError(f"--{modes[0]} and --audit exclude each other")
    if modes and options["revision"] != "worktree":
        raise UsageError("only the work tree's cases can be asked for", hint="leave out --at")
    return Options(
        mode=modes[0] if modes else "replay",
        repeats=options["repeats"],
        baseline=options["baseline"],
        coverage=options["coverage"] or options["fail_under"] is not None,
        prune=options["prune"],
        trusted=options["trust_config"],
        audit=parse_size(options["audit"]) if options["audit"] is not None else None,
        seed=options["seed"],
        settings=Settings(
            concurrency=options["concurrency"] or concurrency,
            max_cost_usd=options["max_cost"],
            max_requests=options["max_requests"],
            max_time_s=options["max_time"],
        ),
    )


def _exit_code(run: Any, fail_under: float | None, output: Output) -> int:
    covered = sum(row.covered for row in run.coverage)
    total = sum(row.total for row in run.coverage)
    if any(case.infrastructure for case in run.cases):
        return 5
    if fail_under is not None and 100 * covered < fail_under * total:
        output.note(f"covered: {100 * covered / total:.1f}% of branches, under {fail_under:g}%")
        return 1
    return int(run.verdict == "fail")
