"""`promptops doctor`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from promptops.cli.options import Output, common


@click.command()
@common("text", "json")
def command(output: Output) -> int:
    """Find what stands in the way of using promptops here.

    Looks at git, Python, the hook, the command on PATH, the configuration and its keys (never at
    their values). Exits 1 when something stands in the way; a note is none.

    \b
    Example:
      promptops doctor
    """
    from promptops.jobs.doctor import examine
    from promptops.report.parts.json_text import json_text

    checks = examine(output.directory)
    problems = sum(check.state == "problem" for check in checks)
    value = {"schema": 1, "ok": not problems, "checks": [asdict(check) for check in checks]}
    for name, file in output.formats:
        output.write(_text(checks, output.style) if name == "text" else json_text(value), file)
    return int(bool(problems))


_ROLES = {"ok": "hint", "note": "warning", "problem": "error"}


def _text(checks: Any, style: Any) -> str:
    from promptops.report.parts.visible import visible

    width = max(len(visible(check.name)) for check in checks)
    lines = []
    for check in checks:
        state = style(_ROLES[check.state], check.state.ljust(7))
        lines.append(f"{state}  {visible(check.name).ljust(width)}  {visible(check.message)}")
        if check.hint:
            lines.append(f"{' ' * (width + 11)}tip: {visible(check.hint)}")
    return "\n".join([*lines, ""])
