"""`promptops check`."""

from __future__ import annotations

from typing import Any

import click

from promptops.commands.check.options import selection_and_lint
from promptops.commands.lint.linting import errors_beside_config
from promptops.errors import BUG
from promptops.records import replace
from promptops.terminal.complete import complete_prompt
from promptops.terminal.options import (
    common,
    gate_revision,
    gate_revision_options,
    no_cache_option,
    note_hidden,
    note_hidden_or_refuse,
    since_option,
    tag_option,
    verbose_option,
)
from promptops.terminal.output import OutputOptions


@click.command()
@click.argument("patterns", nargs=-1, metavar="[ID|GLOB|PATH]...", shell_complete=complete_prompt)
@since_option
@gate_revision_options
@tag_option
@no_cache_option
@click.option("--why", is_flag=True, help="Print why each prompt was selected.")
@verbose_option
@common("text", "json", "markdown", "html", "github", "gitlab", "sarif", "junit")
def command(output: OutputOptions, **options: Any) -> int:
    """Lint prompts and run every test case from its recording, with one verdict.

    Makes no API calls and uses no network. With --since it checks HEAD, and reports what changed
    and the required version bump. Exits 1 when the gate fails.

    \b
    Example:
      promptops check
      promptops check --since origin/main --why --format text --format markdown=comment.md
      promptops check --format github --format sarif=out.sarif --format junit=out.xml
    """
    from promptops.commands.check.check import check
    from promptops.commands.lint.lint import deprecations
    from promptops.report.check.parts.rows import rows
    from promptops.report.parts.visible import visible, visible_path
    from promptops.workspace.workspace import workspace

    wanted, chosen = selection_and_lint(options)
    revision = gate_revision(options)
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
        report = replace(report, gate=rows(report))
        output.write_report("check", report, figures=options["verbose"], **facts)
    return BUG if report.failed else int(not report.passed)


def _driver(output: OutputOptions) -> dict[str, Any]:
    """The tool's entry in SARIF; rules of plug-ins are described by their findings."""
    if "sarif" not in dict(output.formats):
        return {}
    from promptops.commands.lint.lint import built_in_infos
    from promptops.model.distribution import home, version

    return {"rules": built_in_infos(), "version": version(), "home": home()}
