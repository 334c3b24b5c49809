"""`promptops show`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from promptops.cli.complete import complete_prompt
from promptops.cli.options import at_option, common
from promptops.cli.output import OutputOptions


@click.command()
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
    from promptops.jobs.workspace.named_prompts import one
    from promptops.jobs.workspace.show import shown
    from promptops.jobs.workspace.workspace import workspace
    from promptops.report.parts.json_text import json_text

    with workspace(output.directory, revision, output.overrides) as opened:
        value = shown(opened, one(opened, identity))
    output.write_each(
        lambda name, _: (
            json_text(value) if name == "json" else _about(value) + _yaml(value["prompt"])
        )
    )
    return 0


def _about(value: Mapping[str, Any]) -> str:
    """Facts that are not in the file, as comments: the output stays a prompt file."""
    from promptops.report.parts.visible import visible, visible_path

    model = value["model"]
    names = " ".join(each for each in (model["provider"], model["id"]) if each)
    about = {
        "id": visible(value["id"]),
        "path": visible_path(value["path"]),
        "extends": visible_path(value["extends"]) if value["extends"] else "",
        "model": visible(names) if model["profile"] else "",
    }
    return "".join(f"# {key}: {text}\n" for key, text in about.items() if text)


def _yaml(value: object) -> str:
    """The prompt as YAML; strings of several lines as blocks."""
    import yaml

    from promptops.report.parts.visible import visible_line

    fast: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(fast):  # type: ignore[misc]  # known only when it runs
        pass

    def text(dumper: Any, data: str) -> Any:
        style = "|" if "\n" in data else None
        if any(visible_line(line) != line for line in data.split("\n")):
            style = '"'  # the style in which characters can be escaped
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    Dumper.add_representer(str, text)
    dumped: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)
    return "".join(f"{visible_line(line)}\n" for line in dumped.split("\n")[:-1])
