"""`promptops show`."""

from __future__ import annotations

import click

from promptops.cli.complete import complete_id
from promptops.cli.options import Output, at_option, common


@click.command()
@click.argument("identity", metavar="ID", shell_complete=complete_id)
@at_option
@common("text", "json")
def command(output: Output, identity: str, revision: str) -> int:
    """Show one prompt resolved: variants merged, references and body files read.

    \b
    Example:
      promptops show support/triage
      promptops show support/triage.de --at v1.2.0 --format json
    """
    from promptops.jobs.list_prompts import shown
    from promptops.jobs.named_prompts import one
    from promptops.jobs.workspace import workspace
    from promptops.report.parts.json_text import json_text

    with workspace(output.directory, revision, output.overrides) as opened:
        value = shown(opened, one(opened, identity))
    for name, file in output.formats:
        if name == "json":
            output.write(json_text(value), file)
        else:
            output.write(_yaml(value["prompt"]), file)
    return 0


def _yaml(value: object) -> str:
    """As YAML, since that is what a prompt file is; texts of several lines as blocks."""
    import yaml

    from promptops.report.parts.visible import visible_line

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
        style = "|" if "\n" in data else None
        if any(visible_line(line) != line for line in data.split("\n")):
            style = '"'  # where what must be escaped can be
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    Dumper.add_representer(str, text)
    dumped: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)
    return "".join(f"{visible_line(line)}\n" for line in dumped.split("\n")[:-1])
