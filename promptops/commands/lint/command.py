"""`promptops lint`."""

from __future__ import annotations

from typing import Any

import click

from promptops.commands.lint.linting import FORMATS, LintArguments, run_lint
from promptops.terminal.options import (
    Command,
    at_option,
    common,
    decide_option,
    no_cache_option,
    prompts_argument,
    select_option,
    since_option,
    tag_option,
)
from promptops.terminal.output import OutputOptions


@click.command(cls=Command)
@prompts_argument
@select_option(
    "--staged", is_flag=True, help="Check what is staged, and the prompts that depend on it."
)
@since_option
@at_option
@tag_option
@select_option(
    "--rule", "rules", multiple=True, metavar="CODE", help="Only rules with this code prefix."
)
@select_option("--ignore", multiple=True, metavar="CODE", help="Skip these rules.")
@select_option("--extend-select", multiple=True, metavar="CODE", help="Also run these rules.")
@click.option("--fix", is_flag=True, help="Apply the fixes that change no request.")
@click.option(
    "--unsafe-fixes",
    is_flag=True,
    help="With --fix or --diff: also the fixes that may change a request.",
)
@click.option(
    "--diff", is_flag=True, help="Show what --fix would change, without changing anything."
)
@decide_option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info"]),
    help="The lowest severity that makes the command exit 1.",
)
@decide_option("--exit-zero", is_flag=True, help="Exit 0 even if there are findings.")
@decide_option(
    "--write-baseline",
    is_flag=True,
    help="Accept the findings there are now; from then on only new ones count.",
)
@decide_option(
    "--no-baseline", is_flag=True, help="Also show the findings that the baseline accepts."
)
@no_cache_option
@click.option("--watch", is_flag=True, help="Check again whenever files change, until Ctrl-C.")
@select_option("--why", is_flag=True, help="Print why each prompt was selected.")
@common(*FORMATS)
def command(output: OutputOptions, **options: Any) -> int:
    """Find problems in prompts, and report each at its exact character.

    Without arguments every prompt is checked. Exits 1 when a finding is an error (see --fail-on).

    \b
    Example:
      promptops lint support/triage 'data/*'
      promptops lint --staged
      promptops lint --watch
      promptops lint --format github --format sarif=out.sarif
    """
    return run_lint(output, LintArguments(**options))
