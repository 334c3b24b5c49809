"""The report of `log`, for people and for programs: each commit with its changes."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.bump import Bump
from promptops.model.history import HistoryEntry, PromptHistory, Served
from promptops.model.report import Style, plain
from promptops.plurals import and_more, some
from promptops.report.parts.visible import visible, visible_path

_MOST_CHANGES = 8
_MOST_PATHS = 5
_UNRELEASED = "unreleased"
_STYLES = {Bump.MAJOR: "error", Bump.MINOR: "warning", Bump.PATCH: "info", Bump.NONE: "info"}


def write_text(history: PromptHistory, *, style: Style = plain, **_: object) -> str:
    """The release that the channel served, if one was selected, then the commits."""
    return "".join(f"{line}\n" for line in _lines(history, style))


def _lines(history: PromptHistory, style: Style) -> Iterator[str]:
    if history.served is not None:
        yield _served_line(history.served, style)
    width = max((len(_release(each)) for each in history.entries), default=0)
    for entry in history.entries:
        yield _commit_line(entry, width, style)
        yield from (f"  {line}" for line in _change_lines(entry, style))


def _served_line(served: Served, style: Style) -> str:
    channel, time = style("path", visible_path(served.channel)), f"{served.time:%Y-%m-%d %H:%M %Z}"
    if served.release is None or served.commit is None or served.since is None:
        return f"{channel} served no release at {time}"
    since = f"since {served.since:%Y-%m-%d %H:%M} UTC by {served.commit[:12]}"
    release = style("summary", visible(served.release))
    return f"{channel} served {release} at {time}, serial {served.serial}, {since}"


def _commit_line(entry: HistoryEntry, width: int, style: Style) -> str:
    commit = style("path", entry.commit[:12])
    bump = style(_STYLES[entry.bump], f"{entry.bump!s:<5}")
    release = style("code", f"{_release(entry):<{width}}")
    who = f"{visible(entry.author, 60)}: {visible(entry.subject, 200)}"
    return f"{commit}  {visible(entry.date[:10])}  {bump}  {release}  {who}"


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


# For programs: one object, described by `schemas/log.schema.json`.
