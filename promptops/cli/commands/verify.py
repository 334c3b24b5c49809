"""`promptops verify`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from promptops.cli.options import common
from promptops.cli.output import OutputOptions
from promptops.model.report import plain


@click.command()
@click.argument("target", metavar="REF|FILE")
@click.option(
    "--trust",
    metavar="FILE",
    help="Allowed signers; PROMPTOPS_TRUST or `release.allowed_signers` otherwise.",
)
@common("text", "json")
def command(output: OutputOptions, target: str, trust: str | None) -> int:
    """Whether a release, or the file of a bundle, is what it says it is.

    A release is built again from its commit and held against the digests in its tag; the name in
    the tag object must be that of the ref. Where it is said whose signatures count, one of theirs
    must be on it. Exit 1 where anything is wrong; all of it is told.

    \b
    Example:
      promptops verify v1.8.0
      promptops verify dist/prompts.jsonl --trust allowed_signers
    """
    from promptops.jobs.bundles.verify import verify
    from promptops.storage.gc_paused import uncollected

    signers = Path(output.directory, trust) if trust is not None else None
    with uncollected():
        found = verify(output.directory, target, signers, output.overrides)
    for name, file in output.formats:
        style = output.style if file == "-" else plain
        written: str = import_module(f"promptops.report.verify.{name}").write(found, style=style)
        output.write(written, file)
    return int(not found.passed)
