"""For a page of releases, or a file in a repository."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.model.release import PromptChange, Release, ReleaseRecord
from promptops.report.parts.markdown_text import code, escape, sentence
from promptops.report.parts.visible import visible
from promptops.report.release.text import UNTOLD, step

_ARROW = "→"


def write(history: Sequence[tuple[Release, ReleaseRecord]], **_: object) -> str:
    """A chapter for each release."""
    return "\n".join(
        "".join(f"{line}\n" for line in _lines(release, record)) for release, record in history
    )


def _lines(release: Release, record: ReleaseRecord) -> Iterator[str]:
    day = f" ({escape(visible(release.date[:10]))})" if release.date else ""
    yield f"## {escape(visible(release.name))}{day}"
    if record.reason:
        yield ""
        yield f"Why this version: {escape(visible(record.reason))}"
    if record.notes:
        yield ""
        yield from map(_note, record.notes.split("\n"))
    if record.changes:
        yield from ("", "| prompt | version | changes |", "|---|---|---|")
        yield from map(_row, record.changes)
    if not record.notes and not record.changes:
        yield from ("", UNTOLD)


def _note(line: str) -> str:
    """A line of the tag's message; list items and headings stay list items and headings."""
    if line.startswith("- "):
        return f"- {sentence(visible(line[2:]))}"
    if line.endswith(":"):
        return f"**{escape(visible(line[:-1]))}**\n"
    return "&#45;" if line == "-" else sentence(visible(line))


def _row(change: PromptChange) -> str:
    before, after = (str(each) if each else "–" for each in (change.before, change.after))
    version = f"{before} {_ARROW} {after} ({step(change)})"
    codes = " ".join(code(visible(each)) for each in change.codes)
    return f"| {code(visible(change.prompt))} | {version} | {codes} |"
