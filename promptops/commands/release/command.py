"""`promptops release`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from promptops.errors import UsageError
from promptops.records import replace
from promptops.terminal.options import Command, command_again, common
from promptops.terminal.output import OutputOptions
from promptops.untrusted import is_untrusted

if TYPE_CHECKING:
    from promptops.commands.release.release import ReleaseOptions
    from promptops.model.release import ReleaseReport

BUMPS = ("patch", "minor", "major")


@click.command(cls=Command)
@click.option(
    "--dry-run", is_flag=True, help="Show what would be released, without creating a tag."
)
@click.option(
    "-y", "--yes", is_flag=True, help="Don't ask for confirmation; required without a terminal."
)
@click.option("--version", metavar="VERSION", help="Use this version instead of the proven one.")
@click.option(
    "--bump",
    type=click.Choice(BUMPS),
    help="Use this bump; one smaller than required needs --reason.",
)
@click.option(
    "--pre", metavar="NAME", help="Create a prerelease: `rc` gives 1.3.0-rc.1, then -rc.2."
)
@click.option(
    "--reason",
    default="",
    metavar="TEXT",
    help="Why the bump is smaller than required; recorded in the tag.",
)
@click.option(
    "--sign/--no-sign",
    "sign",
    default=None,
    help="Sign the tag with git's signing key, or don't sign it.",
)
@click.option(
    "--push",
    is_flag=False,
    flag_value="",
    metavar="[REMOTE]",
    help="Push the tag, by default to the remote of this branch.",
)
@common("text", "json", acts=True)
def command(output: OutputOptions, **options: Any) -> int:
    """Release HEAD: prove the version, check everything, create one annotated tag.

    Nothing else is written. Exits 1 if a check fails, and then reports all problems.

    \b
    Example:
      promptops release                   shows the plan and asks for confirmation
      promptops release --dry-run
      promptops release --yes --push
      promptops release --pre rc
    """
    from promptops.commands.release.release import prepare, publish
    from promptops.repo.repository import Repository

    chosen = _release_options(options)
    if not (options["dry_run"] or options["yes"] or chosen.interactive):
        Repository.open(output.directory).close()  # another error outside of one
        hint = "add --yes, or show the plan with --dry-run"
        raise UsageError("there is no terminal to confirm the release", hint=hint)
    report = prepare(output.directory, chosen, output.overrides)
    if report.state == "planned":
        report = replace(report, next=command_again(yes=True, dry_run=False))
    if report.problems or options["dry_run"] or not _is_to_do(report, chosen):
        return _write_reports(output, report)
    if not options["yes"] and not _confirmed(output, report):
        output.note("no tag was created")
        return 1
    return _write_reports(
        output, publish(output.directory, report, chosen), shown=not options["yes"]
    )


def _release_options(options: dict[str, Any]) -> ReleaseOptions:
    from promptops.commands.release.release import ReleaseOptions
    from promptops.release.versions import Declared

    if options["version"] is not None and options["bump"] is not None:
        raise UsageError("--version and --bump exclude each other")
    return ReleaseOptions(
        declared=Declared(
            version=_version(options["version"], options["pre"]),
            bump=_bump(options["bump"]),
            pre=_pre(options["pre"]),
            reason=options["reason"],
        ),
        sign=options["sign"],
        push=options["push"],
        interactive=sys.stdin.isatty() and sys.stderr.isatty(),
        untrusted=is_untrusted(),
    )


def _version(text: str | None, pre: str | None) -> Any:
    from promptops.model.version import parse

    if text is None:
        return None
    version = parse(text.removeprefix("v"), prereleases=pre is None)
    if version is None:
        hint = "write 1.4.0" if pre else "write 1.4.0 or 1.4.0-rc.1"
        raise UsageError(f"{text!r} is not a version", hint=hint)
    return version


def _bump(text: str | None) -> Any:
    from promptops.model.version import Bump

    return Bump[text.upper()] if text is not None else None


def _pre(text: str | None) -> str | None:
    from promptops.release.versions import PRERELEASE

    if text is not None and not PRERELEASE.fullmatch(text):
        raise UsageError(f"{text!r} is not a name of prereleases", hint="such as `rc` or `beta`")
    return text


def _is_to_do(report: ReleaseReport, chosen: ReleaseOptions) -> bool:
    plan = report.plan
    if chosen.push is not None:
        return plan is not None or bool(report.earlier)
    return plan is not None and bool(plan.missing)


def _confirmed(output: OutputOptions, report: ReleaseReport) -> bool:
    from promptops.commands.release.report import write_plan
    from promptops.report.visible import visible

    plan = report.plan
    click.echo(write_plan(report, style=output.style), err=True, nl=False)
    for warning in report.warnings:
        output.note(f"warning: {visible(warning)}")
    if plan is not None and plan.missing:
        what = "create it"
    else:
        tags = [*([plan.record.tag] if plan else []), *report.earlier]
        what = f"push {', '.join(map(visible, tags))}"
    return click.confirm(f"{what}?", err=True)


def _write_reports(output: OutputOptions, report: ReleaseReport, *, shown: bool = False) -> int:
    """Write the report in every format; without the plan if it was shown before."""
    if shown and output.format == "text":
        from promptops.commands.release.report import write_verdict

        output.write(write_verdict(report, style=output.style))
        output = replace(output, formats=tuple(pair for pair in output.formats if pair[1] != "-"))
    output.write_report("release", report)
    return int(bool(report.problems))
