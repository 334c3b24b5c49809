"""`promptops receive`."""

from __future__ import annotations

from typing import Any

import click

from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions


@click.command(cls=Command)
@click.argument("ref")
@click.argument("old")
@click.argument("new")
@common("text")
def command(output: OutputOptions, ref: str, old: str, new: str) -> int:
    """Accept or reject a push, for the `update` hook of a server.

    Rejects (exit 1) a push that moves or deletes a release tag, creates one that is not annotated,
    or contains commits whose prompts have lint errors. The hook is hooks/update of this project.

    \b
    Example:
      promptops receive -- "$1" "$2" "$3"
    """
    from promptops.commands.check.receive import Push, push_refusal

    refusal = push_refusal(output.directory, Push(ref, old, new))
    if refusal is None:
        return 0
    click.echo(_text(refusal), err=True)
    return 1


def _text(refusal: Any) -> str:
    from promptops.model.report import LintReport
    from promptops.report.findings import writer
    from promptops.report.visible import visible

    report = LintReport(findings=refusal.findings, files=0)
    listed = writer("concise")(report) if refusal.findings else ""
    return f"{listed}error: {visible(refusal.message)}\n  tip: {visible(refusal.hint)}"
