"""`promptops report`."""

from __future__ import annotations

from typing import Any

import click

from promptops.commands.check.options import selection_and_lint
from promptops.errors import BUG, UsageError
from promptops.terminal.complete import complete_prompt
from promptops.terminal.options import (
    Command,
    common,
    gate_revision,
    gate_revision_options,
    no_cache_option,
    since_option,
    tag_option,
)
from promptops.terminal.output import OutputOptions

FILE = "promptops-report.html"


@click.command(cls=Command)
@click.argument("patterns", nargs=-1, metavar="[ID|GLOB|PATH]...", shell_complete=complete_prompt)
@since_option
@gate_revision_options
@tag_option
@no_cache_option
@click.option(
    "-o",
    "--output",
    "file",
    default=FILE,
    metavar="FILE",
    help=f"`-` for stdout; {FILE} by default.",
)
@common("html")
def command(output: OutputOptions, file: str, **options: Any) -> int:
    """Write all that `promptops check` finds to one HTML page, with the branches no case covers.

    The page shows changes with the rendered requests and the answers, findings at their source,
    each case, uncovered branches, and cost, in one file. Makes no API calls and uses no network.
    Writes promptops-report.html in the current directory unless -o names another file. Exits 0
    when the page is written, whatever it shows; the gate is `promptops check`.

    \b
    Example:
      promptops report
      promptops report --since origin/main -o review.html
      promptops report 'support/*' --at v1.4.0
    """
    from promptops.commands.check.check import check, unignored_files
    from promptops.report.check.html import write
    from promptops.report.check.parts.verdict import counts, headline
    from promptops.report.parts.visible import visible_path
    from promptops.workspace.workspace import workspace

    named = [target for _, target in output.formats if target != "-"]
    if named and file != FILE:
        raise UsageError("--output and --format html=FILE exclude each other")
    wanted, chosen = selection_and_lint(options)
    with workspace(output.directory, gate_revision(options), output.overrides) as opened:
        report = check(opened, wanted, chosen, output.overrides, coverage=True, page=True)
        page = write(report)
        for target in named or [file]:
            output.write(page, target)
            where = "" if target == "-" else f"{visible_path(target)}: "
            output.note(f"{where}{headline(report)}: {counts(report)}")
        for target in unignored_files(opened.repository, output.directory, named or [file]):
            output.note(f"  tip: git does not ignore {visible_path(target)}: add it to .gitignore")
    return BUG if report.failed else 0
