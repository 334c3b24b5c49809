"""The report of `verify` for people: each check, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.report import Style, plain
from promptops.model.shipping import UNSIGNED, Verification, VerificationStep
from promptops.report.visible import visible, visible_path

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
    if found.proven or not found.passed:
        return "verified" if found.passed else "refused"
    signed = all(check.message != UNSIGNED for check in found.checks)
    return f"whole, {'signer unknown' if signed else UNSIGNED}"
