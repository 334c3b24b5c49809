"""`promptops lint`."""

from __future__ import annotations

from typing import Any

import click

from promptops.cli.complete import complete_prompt
from promptops.cli.linting import FORMATS, LintArguments, run_lint
from promptops.cli.options import at_option, common, since_option
from promptops.cli.output import OutputOptions


@click.command()
@click.argument("patterns", nargs=-1, metavar="[ID|GLOB|PATH]...", shell_complete=complete_prompt)
@click.option("--staged", is_flag=True, help="What is about to be committed, and what reaches it.")
@since_option
@at_option
@click.option(
    "--select",
    multiple=True,
    metavar="CODE|tag:NAME",
    help="Only rules whose codes begin so; with a colon, only prompts of a tag, owner or status.",
)
@click.option("--ignore", multiple=True, metavar="CODE", help="Without these rules.")
@click.option("--extend-select", multiple=True, metavar="CODE", help="These rules, too.")
@click.option("--fix", is_flag=True, help="Mend what can be mended without changing a request.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix: mend what may change a request.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option(
    "--fail-on", type=click.Choice(["error", "warning", "info"]), help="Exit 1 from here on."
)
@click.option("--exit-zero", is_flag=True, help="Exit 0 whatever is found.")
@click.option("--statistics", is_flag=True, help="Count findings by rule.")
@click.option(
    "--write-baseline", is_flag=True, help="Accept what is there; only new findings count."
)
@click.option("--no-baseline", is_flag=True, help="Show what the baseline hides, too.")
@click.option("--no-cache", is_flag=True, help="Judge everything anew.")
@click.option("--why", is_flag=True, help="Say why each prompt was selected.")
@common(*FORMATS)
def command(output: OutputOptions, **options: Any) -> int:
    """Find what is wrong with prompts, at the exact character.

    Without arguments every prompt is checked. Exits 1 when a finding is an error (see --fail-on).

    \b
    Example:
      promptops lint support/triage 'data/*'
      promptops lint --staged
      promptops lint --format github --format sarif=out.sarif
    """
    return run_lint(output, LintArguments(**options))
