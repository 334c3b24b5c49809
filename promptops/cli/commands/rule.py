"""`promptops rule`."""

from __future__ import annotations

import click

from promptops.cli.options import common
from promptops.cli.output import OutputOptions


@click.command()
@click.argument("code", required=False, metavar="[CODE|NAME]")
@common("text", "json", "markdown")
def command(output: OutputOptions, code: str | None) -> int:
    """Explain a rule: what it checks, why, and a bad and a good example; without a code, list all.

    A code prefix such as `VAR` lists all rules that begin with it. For a code of `promptops diff`
    it explains what changed, and the required version bump.

    \b
    Example:
      promptops rule VAR001
      promptops rule undefined-variable
      promptops rule VAR
      promptops rule CHG105
      promptops rule
    """
    from promptops.diff.codes import CODES
    from promptops.jobs.lint.rules import explained, find_rules, known_rules, listed

    is_change = code is not None and code.upper() in CODES  # it needs no configuration
    rules = {} if is_change else known_rules(output.directory, output.overrides)
    found = find_rules(code, rules) if code is not None else tuple(rules.values())
    alone = code is not None and len(found) == 1
    output.write_each(lambda name, _: explained(name, found[0]) if alone else listed(name, found))
    return 0
