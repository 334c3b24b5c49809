"""`promptops lint`."""

from __future__ import annotations

import os
from typing import Any

import click

from promptops.cli.complete import complete_prompt
from promptops.cli.options import Output, at_option, common, since_option
from promptops.errors import BUG, UsageError

FORMATS = (
    "full",
    "concise",
    "json",
    "json-lines",
    "github",
    "gitlab",
    "sarif",
    "junit",
    "markdown",
)


@click.command()
@click.argument("patterns", nargs=-1, metavar="[ID|GLOB|PATH]...", shell_complete=complete_prompt)
@click.option("--staged", is_flag=True, help="What is about to be committed, and what reaches it.")
@since_option
@at_option
@click.option(
    "--select",
    multiple=True,
    metavar="CODE|tag:NAME",
    help="Only rules whose codes begin so; with a colon, only prompts of a tag, owner or status.",
)
@click.option("--ignore", multiple=True, metavar="CODE", help="Without these rules.")
@click.option("--extend-select", multiple=True, metavar="CODE", help="These rules, too.")
@click.option("--fix", is_flag=True, help="Mend what can be mended without changing a request.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix: mend what may change a request.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option(
    "--fail-on", type=click.Choice(["error", "warning", "info"]), help="Exit 1 from here on."
)
@click.option("--exit-zero", is_flag=True, help="Exit 0 whatever is found.")
@click.option("--statistics", is_flag=True, help="Count findings by rule.")
@click.option(
    "--write-baseline", is_flag=True, help="Accept what is there; only new findings count."
)
@click.option("--no-baseline", is_flag=True, help="Show what the baseline hides, too.")
@click.option("--no-cache", is_flag=True, help="Judge everything anew.")
@click.option("--why", is_flag=True, help="Say why each prompt was selected.")
@common(*FORMATS)
def command(output: Output, **options: Any) -> int:
    """Find what is wrong with prompts, at the exact character.

    Without arguments every prompt is checked. Exits 1 when a finding is an error (see --fail-on).

    \b
    Example:
      promptops lint support/triage 'data/*'
      promptops lint --staged
      promptops lint --format github --format sarif=out.sarif
    """
    from promptops.jobs.lint import lint
    from promptops.jobs.selection import select
    from promptops.jobs.workspace import workspace
    from promptops.report.parts.visible import visible, visible_path

    wanted, chosen = _wanted(options), _options(options)
    if options["write_baseline"] and not wanted.everything:
        raise UsageError("a baseline is of all prompts", hint="name no prompts beside it")
    revision = _revision(options)
    with workspace(output.directory, revision, output.overrides) as found:
        opened = found
        if options["why"]:
            for path, reason in select(opened, wanted).why.items():
                output.note(f"{visible_path(path)}: {visible(reason)}")
        if options["fix"] or options["diff"]:
            from promptops.jobs.fix import fix

            fixed = fix(opened, wanted, chosen, unsafe=options["unsafe_fixes"], dry=options["diff"])
            if options["diff"]:
                output.write(fixed.difference)
                return int(bool(fixed.difference) and not options["exit_zero"])
            report, opened = fixed.report, fixed.workspace
        else:
            report = lint(opened, wanted, chosen)
        if options["write_baseline"] and not report.failed:
            from promptops.jobs.baseline import baseline_path, write_baseline

            count = write_baseline(opened, report.findings)
            output.note(f"wrote {baseline_path(opened)}: {count} findings accepted")
            return 0
        limit = _limit(opened, options)
        _report(output, opened, report, chosen, limit, statistics=options["statistics"])
        if report.failed:
            return BUG
        return int(_fails(report, limit) and not options["exit_zero"])


def _revision(options: dict[str, Any]) -> str:
    """What is staged is read from the index; but mending is done in the work tree."""
    if options["staged"] and options["revision"] != "worktree":
        raise UsageError("what is staged is one revision, --at another", hint="leave one out")
    if options["staged"] and not (options["fix"] or options["diff"]):
        return "index"
    return str(options["revision"])


def _wanted(options: dict[str, Any]) -> Any:
    from promptops.jobs.selection import Wanted

    return Wanted(
        patterns=options["patterns"],
        since=options["since"],
        staged=options["staged"],
        selectors=tuple(each for each in _each(options["select"]) if ":" in each),
    )


def _options(options: dict[str, Any]) -> Any:
    from promptops.jobs.lint import LintOptions

    untrusted = bool(os.environ.get("PROMPTOPS_UNTRUSTED"))
    return LintOptions(
        select=tuple(each for each in _each(options["select"]) if ":" not in each),
        ignore=_each(options["ignore"]),
        extend_select=_each(options["extend_select"]),
        use_cache=not options["no_cache"],
        use_baseline=not (options["no_baseline"] or options["write_baseline"]),
        untrusted=untrusted,
        doubt_comments=untrusted,
    )


def _each(given: tuple[str, ...]) -> tuple[str, ...]:
    """`--select VAR,TPL` is `--select VAR --select TPL`."""
    return tuple(part.strip() for each in given for part in each.split(",") if part.strip())


def _report(
    output: Output, opened: Any, report: Any, chosen: Any, limit: Any, *, statistics: bool
) -> None:
    from promptops.jobs.lint import rule_infos
    from promptops.model.distribution import home, version
    from promptops.report import writer

    rules = rule_infos(opened, chosen)
    formats = output.formats
    if statistics:
        formats = (("statistics", "-"), *(pair for pair in formats if pair[1] != "-"))
    for name, file in formats:
        write = writer(name)
        style = output.style if file == "-" else None
        extra: dict[str, Any] = {"style": style} if style is not None else {}
        if name == "sarif":  # reading the distribution's metadata costs 10 ms
            extra |= {"version": version(), "home": home()}
        output.write(write(report, rules=rules, fail_on=limit, **extra), file)


def _limit(opened: Any, options: dict[str, Any]) -> Any:
    """The severity from which on a finding fails the run."""
    from promptops.model.finding import Severity

    chosen = options["fail_on"]
    return Severity[chosen.upper()] if chosen else opened.config.lint.fail_on


def _fails(report: Any, limit: Any) -> bool:
    return any(finding.severity >= limit for finding in report.findings)
