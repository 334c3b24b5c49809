"""`promptops receive`."""

from __future__ import annotations

from typing import Any

import click

from promptops.cli.options import common
from promptops.cli.output import OutputOptions


@click.command()
@click.argument("ref")
@click.argument("old")
@click.argument("new")
@common("text")
def command(output: OutputOptions, ref: str, old: str, new: str) -> int:
    """Judge a push, for the `update` hook of a server.

    Refuses (exit 1) to move or delete a release tag, to make one that is not annotated, and commits
    whose prompts don't lint. The hook is hooks/update of this project.

    \b
    Example:
      promptops receive -- "$1" "$2" "$3"
    """
    from promptops.jobs.gate.receive import Push, judge

    refusal = judge(output.directory, Push(ref, old, new))
    if refusal is None:
        return 0
    output.note(_text(refusal))
    return 1


def _text(refusal: Any) -> str:
    from promptops.model.report import LintReport
    from promptops.report import writer
    from promptops.report.parts.visible import visible

    report = LintReport(findings=refusal.findings, files=0)
    listed = writer("concise")(report) if refusal.findings else ""
    return f"{listed}error: {visible(refusal.message)}\n  tip: {visible(refusal.hint)}"
