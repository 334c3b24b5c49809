"""`promptops export`."""

from __future__ import annotations

from pathlib import Path

import click

from promptops.errors import UsageError
from promptops.terminal.complete import complete_prompt
from promptops.terminal.options import (
    Command,
    at_option,
    common,
    decide_option,
    format_list,
    output_option,
    select_option,
)
from promptops.terminal.output import OutputOptions


@click.command(cls=Command)
@click.argument("format_name", metavar="[FORMAT]", required=False)
@click.argument("patterns", nargs=-1, metavar="[ID|GLOB]...", shell_complete=complete_prompt)
@output_option("--to", metavar="DIR", default=".", help="The folder of the files; `.` by default.")
@select_option(
    "-c",
    "--case",
    metavar="NAME",
    help="Keep as variables only what messages print; all else has the values of this test case.",
)
@output_option(
    "--templates", is_flag=True, help="For promptfoo: prompts as its own templates, without Python."
)
@decide_option("--strict", is_flag=True, help="Write nothing if anything is lost.")
@output_option("--dry-run", is_flag=True, help="Report only; write nothing.")
@output_option("--formats", is_flag=True, help="List the formats.")
@at_option
@common("text", "json", "markdown", acts=True)
def command(
    output: OutputOptions,
    format_name: str | None,
    patterns: tuple[str, ...],
    *,
    to: str,
    case: str | None,
    templates: bool,
    strict: bool,
    dry_run: bool,
    formats: bool,
    revision: str,
) -> int:
    """Write prompts in the format of another tool.

    What the format can't express is reported at its place in the prompt file. A prompt that it
    can't express at all is not written. Existing files are never overwritten.

    \b
    Example:
      promptops export promptfoo support/triage --to promptfoo/
      promptops export openai 'support/*' --to batch/
      promptops export langfuse support/triage --case 'no known issues'
    """
    from promptops.commands.export.exporting import ExportOptions, export_prompts
    from promptops.formats.exported import known_writers
    from promptops.model.finding import Severity
    from promptops.workspace.workspace import workspace

    if formats:
        output.refuse_formats("--formats", "text")
        output.write(format_list({one.NAME: one.MARKS for one in known_writers().values()}))
        return 0
    if format_name is None:
        raise UsageError("no format is given", hint="list the formats: promptops export --formats")
    if templates and f"{format_name}-templates" not in known_writers():
        hint = f"leave it out: promptops export {format_name}"
        raise UsageError(f"`{format_name}` has no --templates", hint=hint)
    options = ExportOptions(
        format=f"{format_name}-templates" if templates else format_name,
        patterns=patterns,
        to=Path(output.directory, to),
        case=case,
        strict=strict,
        dry_run=dry_run,
    )
    with workspace(output.directory, revision, output.overrides) as opened:
        result = export_prompts(opened, options)
    output.write_report("export", result)
    wrong = any(finding.severity is Severity.ERROR for finding in result.findings)
    return int(wrong or (strict and bool(result.findings)))
