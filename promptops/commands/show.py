"""`promptops show`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from promptops.terminal.complete import complete_prompt
from promptops.terminal.options import Command, at_option, common
from promptops.terminal.output import OutputOptions


@click.command(cls=Command)
@click.argument("identity", metavar="ID|PATH", shell_complete=complete_prompt)
@at_option
@common("text", "json")
def command(output: OutputOptions, identity: str, revision: str) -> int:
    """Show a prompt fully resolved: variants merged, references and body files included.

    The output is a prompt file. ID may also be the path of the file.

    \b
    Example:
      promptops show support/triage
      promptops show support/triage.de --at v1.2.0 --format json
    """
    from promptops.report.parts.json_text import json_text
    from promptops.report.parts.yaml_text import yaml_text
    from promptops.workspace.listing import resolved_prompt
    from promptops.workspace.named_prompts import required_prompt
    from promptops.workspace.workspace import workspace

    with workspace(output.directory, revision, output.overrides) as opened:
        value = resolved_prompt(opened, required_prompt(opened, identity))
    output.write_each(
        lambda name, _: (
            json_text(value) if name == "json" else _about(value) + yaml_text(value["prompt"])
        )
    )
    return 0


def _about(value: Mapping[str, Any]) -> str:
    """Facts that are not in the file, as comments: the output stays a prompt file."""
    from promptops.report.parts.visible import visible, visible_path

    model = value["model"]
    names = " ".join(part for part in (model["provider"], model["id"]) if part)
    about = {
        "id": visible(value["id"]),
        "path": visible_path(value["path"]),
        "extends": visible_path(value["extends"]) if value["extends"] else "",
        "model": visible(names) if model["profile"] else "",
    }
    return "".join(f"# {key}: {text}\n" for key, text in about.items() if text)
