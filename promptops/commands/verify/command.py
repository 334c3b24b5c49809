"""`promptops verify`."""

from __future__ import annotations

from pathlib import Path

import click

from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions


@click.command(cls=Command)
@click.argument("target", metavar="REF|FILE")
@click.option(
    "--trust",
    metavar="FILE",
    help="Allowed signers; by default PROMPTOPS_TRUST or `release.allowed_signers`.",
)
@common("text", "json")
def command(output: OutputOptions, target: str, trust: str | None) -> int:
    """Verify a release or a bundle file: its digests, its tag name and its signature.

    A release is built again from its commit and compared with the digests in its tag. The name in
    the tag object must be the name of the ref. If allowed signers are configured, one of them must
    have signed it. Exits 1 if a check fails, and reports all of them.

    \b
    Example:
      promptops verify v1.8.0
      promptops verify dist/prompts.jsonl --trust allowed_signers
    """
    from promptops.bundles.verify import verify
    from promptops.storage.gc_paused import uncollected

    signers = Path(output.directory, trust) if trust is not None else None
    with uncollected():
        found = verify(output.directory, target, signers, output.overrides)
    output.write_report("verify", found)
    return int(not found.passed)
