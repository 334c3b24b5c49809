"""`promptops stubs`."""

from __future__ import annotations

import click

from promptops.cli.options import common
from promptops.cli.output import OutputOptions
from promptops.errors import UsageError
from promptops.records import replace


@click.command()
@click.argument("ref", metavar="REF")
@click.option("-o", "--output", "target", metavar="FILE", help="Write to a file, not to stdout.")
@common("python", "json")
def command(output: OutputOptions, ref: str, target: str | None) -> int:
    """Make a module of Python that types the prompts of REF.

    REF is a revision, a release by its tag, the file of a bundle, or `worktree`. With the module,
    mypy, pyright and an editor know each prompt by its id, what `render` takes and what `parse`
    gives. It needs Python 3.11, and to be made again for another release.

    \b
    Example:
      promptops stubs v1.8.0 -o src/acme/prompts.py
      promptops stubs worktree -o src/acme/prompts.py
    """
    from importlib import import_module

    from promptops.jobs.bundles.stubs import stubs

    if target is not None:
        output = replace(output, formats=_into(output.formats, target))
    made = stubs(output.directory, ref, target, output.overrides)
    for name, file in output.formats:
        output.write(import_module(f"promptops.report.stubs.{name}").write(made), file)
    return 0


def _into(formats: tuple[tuple[str, str], ...], target: str) -> tuple[tuple[str, str], ...]:
    """What would go to stdout goes to a file."""
    if not any(file == "-" for _, file in formats):
        raise UsageError("nothing is left for -o", hint="write -o FILE or --format NAME=FILE")
    return tuple((name, target if file == "-" else file) for name, file in formats)
