"""`promptops verify`: the digests, the tag name and the signature of a release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from promptops.model.report import Style, plain
from promptops.report.visible import visible, visible_path
from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.model.shipping import Verification, VerificationStep


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


# The report of `verify` for people: each check, and the verdict.

_STYLES = {"failed": "error", "absent": "note", "passed": "hint"}
_WORDS = {"failed": "failed", "absent": "-", "passed": "ok"}


def write_text(found: Verification, *, style: Style = plain, **_: object) -> str:
    """A line for each check; the last one has the digest of the bundle, if it is known."""
    lines = [line for check in found.checks for line in _check_lines(check, style)]
    return "".join(f"{line}\n" for line in (*lines, _verdict_line(found, style)))


def _check_lines(check: VerificationStep, style: Style) -> Iterator[str]:
    word = style(_STYLES[check.state], f"{_WORDS[check.state]:6}")
    yield f"{word} {check.subject:9} {visible(check.message)}"
    if check.hint:
        yield f"  {style('hint', 'tip')}: {visible(check.hint)}"


def _verdict_line(found: Verification, style: Style) -> str:
    digest = f"  sha256:{found.bundle_sha256}" if found.bundle_sha256 else ""
    return style("summary", f"{visible_path(found.target)}: {_verdict_word(found)}{digest}")


def _verdict_word(found: Verification) -> str:
    from promptops.model.shipping import UNSIGNED

    if found.proven or not found.passed:
        return "verified" if found.passed else "refused"
    signed = all(check.message != UNSIGNED for check in found.checks)
    return f"whole, {'signer unknown' if signed else UNSIGNED}"
