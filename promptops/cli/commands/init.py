"""`promptops init`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from promptops.cli.options import Output, common


@click.command()
@click.option("--hooks", is_flag=True, help="Install a plain git hook instead of using pre-commit.")
@click.option(
    "--ci",
    "platform",
    type=click.Choice(["github", "gitlab"]),
    help="Whose CI to write for; otherwise the one the repository shows.",
)
@common("text", "json")
def command(output: Output, hooks: bool, platform: Any) -> int:
    """Make an existing repository one that uses promptops.

    Writes the configuration, an example prompt, an entry for pre-commit, a CI workflow and editor
    settings. What is there is never overwritten; running it again changes nothing.

    \b
    Example:
      promptops init
      promptops init --hooks --ci gitlab
    """
    from promptops.cli.version import version
    from promptops.jobs.init import start
    from promptops.report.parts.json_text import json_text

    started = start(output.directory, hooks=hooks, platform=platform, version=version())
    value = {
        "schema": 1,
        "steps": [asdict(step) for step in started.steps],
        "next": started.next_command,
    }
    for name, file in output.formats:
        output.write(_text(started) if name == "text" else json_text(value), file)
    return 3 if any(step.action == "failed" for step in started.steps) else 0


def _text(started: Any) -> str:
    from promptops.report.parts.visible import visible

    lines = []
    for step in started.steps:
        note = f": {visible(step.note)}" if step.note else ""
        lines.append(f"{step.action:<6} {visible(step.path)}{note}")
        lines += [f"         {line}" for line in step.snippet.splitlines()]
    failed = any(step.action == "failed" for step in started.steps)
    then = "next, when that is mended" if failed else "next"
    return "\n".join([*lines, f"{then}: {started.next_command}", ""])
