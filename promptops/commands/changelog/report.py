"""The report of `changelog`, for people, for a page of releases and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from promptops.model.release import PromptChange, Release, ReleaseRecord
from promptops.model.report import Style, plain
from promptops.report.parts.json_text import json_text
from promptops.report.parts.markdown_text import code, escape, sentence
from promptops.report.parts.visible import visible, visible_line
from promptops.report.release.text import UNTOLD, change_lines, step


def write_text(history: Sequence[tuple[Release, ReleaseRecord]], *, style: Style = plain) -> str:
    """One release after another, or ""."""
    return "\n".join(
        "".join(f"{line}\n" for line in _release_lines(release, record, style))
        for release, record in history
    )


def _release_lines(release: Release, record: ReleaseRecord, style: Style) -> Iterator[str]:
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


# For a page of releases, or a file in a repository.

_ARROW = "→"


def write_markdown(history: Sequence[tuple[Release, ReleaseRecord]], **_: object) -> str:
    """A chapter for each release."""
    return "\n".join(
        "".join(f"{line}\n" for line in _chapter(release, record)) for release, record in history
    )


def _chapter(release: Release, record: ReleaseRecord) -> Iterator[str]:
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


# For programs: one object, described by `schemas/changelog.schema.json`.


def write_json(history: Sequence[tuple[Release, ReleaseRecord]], **_: object) -> str:
    """One JSON object, indented."""
    return json_text({"schema": 1, "releases": [_release_value(*each) for each in history]})


def _release_value(release: Release, record: ReleaseRecord) -> dict[str, Any]:
    return {
        "release": release.name,
        "version": str(release.version),
        "commit": release.commit,
        "date": release.date or None,
        "base": record.base,
        "bump": str(record.bump) if record.bump is not None else None,
        "reason": record.reason or None,
        "notes": record.notes,
        "content_sha256": record.content_sha256,
        "bundle_sha256": record.bundle_sha256,
        "prompts": [
            {
                "id": change.prompt,
                "before": str(change.before) if change.before else None,
                "after": str(change.after) if change.after else None,
                "bump": str(change.bump),
                "codes": list(change.codes),
            }
            for change in record.changes
        ],
        "versions": {name: str(version) for name, version in sorted(record.versions.items())},
    }
