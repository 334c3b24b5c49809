"""The report of `log`: each commit, or each release, with its changes."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.commands.log.releases import ReleaseHistory
from promptops.commands.release.report import UNTOLD, change_lines, step
from promptops.model.history import HistoryEntry, PromptHistory, Served
from promptops.model.release import PromptChange, Release, ReleaseRecord
from promptops.model.report import Style, plain
from promptops.model.version import Bump
from promptops.plurals import and_more, some
from promptops.report.markdown_text import code, escape, sentence
from promptops.report.visible import visible, visible_line, visible_path

_MOST_CHANGES = 8
_MOST_PATHS = 5
_UNRELEASED = "unreleased"
_STYLES = {Bump.MAJOR: "error", Bump.MINOR: "warning", Bump.PATCH: "info", Bump.NONE: "info"}


def write_text(
    history: PromptHistory | ReleaseHistory, *, style: Style = plain, **_: object
) -> str:
    """The release that the channel served, if one was selected, then the commits; or releases."""
    if isinstance(history, ReleaseHistory):
        return "\n".join(
            "".join(f"{line}\n" for line in _release_lines(each.release, each.record, style))
            for each in history.releases
        )
    return "".join(f"{line}\n" for line in _lines(history, style))


def _lines(history: PromptHistory, style: Style) -> Iterator[str]:
    if history.served is not None:
        yield _served_line(history.served, style)
    width = max((len(_release(each)) for each in history.entries), default=0)
    for entry in history.entries:
        commit = style("path", entry.commit[:12])
        bump = style(_STYLES[entry.bump], f"{entry.bump!s:<5}")
        release = style("code", f"{_release(entry):<{width}}")
        who = f"{visible(entry.author, 60)}: {visible(entry.subject, 200)}"
        yield f"{commit}  {visible(entry.date[:10])}  {bump}  {release}  {who}"
        yield from (f"  {line}" for line in _change_lines(entry, style))


def _served_line(served: Served, style: Style) -> str:
    channel, time = style("path", visible_path(served.channel)), f"{served.time:%Y-%m-%d %H:%M %Z}"
    if served.release is None or served.commit is None or served.since is None:
        return f"{channel} served no release at {time}"
    since = f"since {served.since:%Y-%m-%d %H:%M} UTC by {served.commit[:12]}"
    release = style("summary", visible(served.release))
    return f"{channel} served {release} at {time}, serial {served.serial}, {since}"


def _release(entry: HistoryEntry) -> str:
    return visible(entry.release) if entry.release is not None else _UNRELEASED


def _change_lines(entry: HistoryEntry, style: Style) -> Iterator[str]:
    if entry.before is not None:
        yield f"{visible(entry.before)} was renamed to {visible(entry.prompt)}"
    for change in entry.changes[:_MOST_CHANGES]:
        yield f"{style('code', visible(change.code))}  {visible(change.message, 300)}"
    if len(entry.changes) > _MOST_CHANGES:
        yield and_more(len(entry.changes) - _MOST_CHANGES)
    if entry.via:
        yield f"through {some(entry.via, _MOST_PATHS, name=visible)}"


# Releases.


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


_ARROW = "→"


def write_markdown(history: ReleaseHistory, **_: object) -> str:
    """A chapter for each release, for a page of releases."""
    return "\n".join(
        "".join(f"{line}\n" for line in _chapter(each.release, each.record))
        for each in history.releases
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
