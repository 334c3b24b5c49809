"""`promptops rule`."""

from __future__ import annotations

import click

from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions


@click.command(cls=Command)
@click.argument("code", required=False, metavar="[CODE|NAME]")
@common("text", "json", "markdown")
def command(output: OutputOptions, code: str | None) -> int:
    """Explain a rule: what it checks, why, and a bad and a good example; without a code, list all.

    A code prefix such as `VAR` lists all rules that begin with it. For a code of `promptops diff`
    it explains what changed, and the required version bump; for a code of `promptops import` or
    `promptops export`, what is lost.

    \b
    Example:
      promptops rule VAR001
      promptops rule undefined-variable
      promptops rule VAR
      promptops rule CHG105
      promptops rule IMP102
      promptops rule
    """
    from promptops.commands.lint.rules import find_rules, known_rules, rule_list, rule_page
    from promptops.diff.changes import CODES
    from promptops.formats.codes import CODES as LOSSES

    is_fixed = code is not None and code.upper() in {**CODES, **LOSSES}  # needs no configuration
    rules = {} if is_fixed else known_rules(output.directory, output.overrides)
    found = find_rules(code, rules) if code is not None else tuple(rules.values())
    alone = code is not None and len(found) == 1
    output.write_each(
        lambda name, _: rule_page(name, found[0]) if alone else rule_list(name, found)
    )
    return 0
