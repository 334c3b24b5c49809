"""`promptops stubs`."""

from __future__ import annotations

import click

from promptops.errors import UsageError
from promptops.records import replace
from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions


@click.command(cls=Command)
@click.argument("ref", metavar="REF")
@click.option("-o", "--output", "target", metavar="FILE", help="Write to a file, not to stdout.")
@common("python", "json")
def command(output: OutputOptions, ref: str, target: str | None) -> int:
    """Generate a Python module with types for the prompts of REF.

    REF is a revision, the tag of a release, a bundle file, or `worktree`. With the module, mypy,
    pyright and editors know each prompt id, the arguments of `render` and the result of `parse`.
    It needs Python 3.11. Generate it again for another release.

    \b
    Example:
      promptops stubs v1.8.0 -o src/acme/prompts.py
      promptops stubs worktree -o src/acme/prompts.py
    """
    from promptops.bundles.stubs import load_stubs
    from promptops.commands.stubs.report import typed_module

    if target is not None:
        output = replace(output, formats=_into(output.formats, target))
    stubs = load_stubs(output.directory, ref, target, output.overrides)
    output.write_report("stubs", typed_module(stubs))
    return 0


def _into(formats: tuple[tuple[str, str], ...], target: str) -> tuple[tuple[str, str], ...]:
    """The formats, with `target` in the place of stdout."""
    if not any(file == "-" for _, file in formats):
        raise UsageError(
            "every format has a file already, so -o has nothing to write",
            hint="write -o FILE or --format NAME=FILE",
        )
    return tuple((name, target if file == "-" else file) for name, file in formats)
