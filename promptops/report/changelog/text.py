"""For people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.model.release import Release, ReleaseRecord
from promptops.model.report import Style, plain
from promptops.report.parts.visible import visible, visible_line
from promptops.report.release.text import UNTOLD, change_lines


def write(history: Sequence[tuple[Release, ReleaseRecord]], *, style: Style = plain) -> str:
    """One release after another, or ""."""
    return "\n".join(
        "".join(f"{line}\n" for line in _lines(release, record, style))
        for release, record in history
    )


def _lines(release: Release, record: ReleaseRecord, style: Style) -> Iterator[str]:
    day = f"  {visible(release.date[:10])}" if release.date else ""
    bump = f"  ({record.bump})" if record.bump is not None else ""
    yield style("summary", f"{visible(release.name)}{day}{bump}")
    if record.reason:
        yield f"  why this version: {visible(record.reason)}"
    for line in record.notes.split("\n") if record.notes else ():
        yield f"  {visible_line(line)}".rstrip()
    changes = [f"  {line}" for line in change_lines(record.changes, style)]
    yield from ("", *changes) if changes else ()
    if not record.notes and not changes:
        yield f"  {UNTOLD}"
