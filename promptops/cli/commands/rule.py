"""`promptops rule`."""

from __future__ import annotations

import click

from promptops.cli.options import Output, common
from promptops.errors import UsageError


@click.command()
@click.argument("code", required=False)
@common("text", "json", "markdown")
def command(output: Output, code: str | None) -> int:
    """Explain a rule: what it wants, why, and an example of each; without a code, list them.

    Of a code of `promptops diff`: what changed, and what that requires.

    \b
    Example:
      promptops rule VAR001
      promptops rule CHG105
      promptops rule
    """
    from promptops.diff.codes import CODES
    from promptops.jobs.rules import known_rules, written, written_change

    if code is not None and code.upper() in CODES:
        for name, file in output.formats:
            output.write(written_change(name, CODES[code.upper()]), file)
        return 0
    rules = known_rules(output.directory, output.overrides)
    if code is not None and code.upper() not in rules:
        from difflib import get_close_matches

        near = get_close_matches(code.upper(), [*rules, *CODES], 1)
        hint = f"did you mean {near[0]}?" if near else "`promptops rule` lists them"
        raise UsageError(f"there is no rule {code!r}", hint=hint)
    chosen = rules if code is None else {code.upper(): rules[code.upper()]}
    for name, file in output.formats:
        output.write(written(name, chosen, alone=code is not None), file)
    return 0
