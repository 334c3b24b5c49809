"""`promptops check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from promptops.commands.lint.linting import errors_beside_config
from promptops.errors import BUG
from promptops.records import replace
from promptops.terminal.options import (
    Command,
    common,
    no_cache_option,
    note_hidden,
    note_hidden_or_refuse,
    select_option,
    selection,
    verbose_option,
)
from promptops.terminal.output import OutputOptions
from promptops.untrusted import is_untrusted

if TYPE_CHECKING:
    from promptops.workspace.selection import SelectionOptions


@click.command(cls=Command)
@selection
@select_option(
    "--at",
    "revision",
    metavar="REV",
    help="Read a commit, tag or branch, `index` or `worktree`; by default HEAD with --since, else "
    "the work tree.",
)
@no_cache_option
@select_option("--why", is_flag=True, help="Print why each prompt was selected.")
@verbose_option
@common("text", "json", "markdown", "html", "github", "gitlab", "sarif", "junit")
def command(output: OutputOptions, wanted: SelectionOptions, **options: Any) -> int:
    """Lint prompts and run every test case from its recording, with one verdict.

    Makes no API calls and uses no network. With --since it checks HEAD, and reports what changed
    and the required version bump. The format html is one page with everything, also the branches
    that no case covers. Exits 1 when the gate fails.

    \b
    Example:
      promptops check
      promptops check --since origin/main --why --format text --format markdown=comment.md
      promptops check --format github --format sarif=out.sarif --format junit=out.xml
      promptops check --since origin/main --format html=promptops-report.html
    """
    from promptops.commands.check.check import check
    from promptops.commands.check.facts import next_command, rows
    from promptops.commands.lint.lint import LintOptions, deprecations
    from promptops.report.visible import visible, visible_path
    from promptops.workspace.workspace import workspace

    untrusted = is_untrusted()
    revision = options["revision"] or ("worktree" if wanted.since is None else "HEAD")
    chosen = LintOptions(
        use_cache=not options["no_cache"], untrusted=untrusted, doubt_comments=untrusted
    )
    with (
        errors_beside_config(output, revision, wanted),
        workspace(output.directory, revision, output.overrides) as opened,
    ):
        if wanted.since is None:
            note_hidden_or_refuse(output, opened)
        else:
            note_hidden(output, opened)
        page = any(name == "html" for name, _ in output.formats)
        report = check(opened, wanted, chosen, output.overrides, page=page)
        for path, reason in report.why.items() if options["why"] else ():
            output.note(f"{visible_path(path)}: {visible(reason)}")
        for note in deprecations(opened, chosen):
            output.note(f"warning: {visible(note)}")
        facts = _driver(output)
        report = replace(report, gate=rows(report), next=next_command(report))
        output.write_report("check", report, figures=options["verbose"], **facts)
    return BUG if report.failed else int(not report.passed)


def _driver(output: OutputOptions) -> dict[str, Any]:
    """The tool's entry in SARIF; rules of plug-ins are described by their findings."""
    if "sarif" not in dict(output.formats):
        return {}
    from promptops.commands.lint.lint import built_in_infos
    from promptops.model.distribution import home, version

    return {"rules": built_in_infos(), "version": version(), "home": home()}
