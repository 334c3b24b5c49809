"""`promptops rule`."""

from __future__ import annotations

import click

from promptops.cli.options import common
from promptops.cli.output import Output


@click.command()
@click.argument("code", required=False, metavar="[CODE|NAME]")
@common("text", "json", "markdown")
def command(output: Output, code: str | None) -> int:
    """Explain a rule: what it wants, why, and an example of each; without a code, list them.

    Of a code of `promptops diff`: what changed, and what that requires.

    \b
    Example:
      promptops rule VAR001
      promptops rule undefined-variable
      promptops rule CHG105
      promptops rule
    """
    from promptops.diff.codes import CODES, Code
    from promptops.jobs.rules import find_rule, known_rules, written, written_change

    change = CODES.get(code.upper()) if code is not None else None
    rules = known_rules(output.directory, output.overrides) if change is None else {}
    found = change or (find_rule(code, rules) if code is not None else None)
    for name, file in output.formats:
        if isinstance(found, Code):
            output.write(written_change(name, found), file)
        else:
            chosen = rules if found is None else {found.code: found}
            output.write(written(name, chosen, alone=found is not None), file)
    return 0
