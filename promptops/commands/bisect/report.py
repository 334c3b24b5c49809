"""The report of a bisection, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.history import Bisection, Suspect, TreeVerdict
from promptops.model.report import Style, plain
from promptops.plurals import and_more, counted
from promptops.report.visible import visible

_SHORT_ID = 12
_MOST_SKIPPED = 10
"""The number of skipped commits shown; the others are counted."""


def write_text(bisection: Bisection, *, style: Style = plain) -> str:
    """The commit, how it was found, and the command that shows its changes."""
    here = bisection.here
    lines = (
        _lines_of_search(bisection, style) if here is None else _lines_here(bisection, here, style)
    )
    return "".join(f"{line}\n" for line in lines)


def _lines_here(bisection: Bisection, here: TreeVerdict, style: Style) -> Iterator[str]:
    verdict = {"good": "passes", "bad": "fails", "skip": "can't be judged"}[here.verdict]
    yield style("summary", f"{_title(bisection)} {verdict} here")
    if here.reason:
        yield f"  {visible(here.reason)}"


def _lines_of_search(bisection: Bisection, style: Style) -> Iterator[str]:
    first, number = bisection.first_bad, len(bisection.suspects)
    where = first.commit[:_SHORT_ID] if first is not None else f"one of {number} commits"
    yield style("summary", f"{_title(bisection)} fails since {where}")
    yield from (f"  {_suspect_line(suspect, style)}" for suspect in bisection.suspects)
    yield f"  {visible(bisection.reason)}"
    yield ""
    tried = f"{bisection.steps} tried between good and bad"
    yield f"{counted(bisection.commits, 'commit')}, {tried}{_skips(bisection)}"
    for skipped in bisection.skipped[:_MOST_SKIPPED]:
        yield f"  {style('path', skipped.commit[:_SHORT_ID])} {visible(skipped.reason)}"
    if len(bisection.skipped) > _MOST_SKIPPED:
        yield f"  {and_more(len(bisection.skipped) - _MOST_SKIPPED)}"
    yield f"next: {visible(bisection.next or '')}"


def _title(bisection: Bisection) -> str:
    return f"{visible(bisection.prompt)}: `{visible(bisection.case)}`"


def _suspect_line(suspect: Suspect, style: Style) -> str:
    who = f"{visible(suspect.author)}, {visible(suspect.date[:10])}"
    return f"{style('path', suspect.commit[:_SHORT_ID])} {who}: {visible(suspect.subject)}"


def _skips(bisection: Bisection) -> str:
    return f", {len(bisection.skipped)} skipped:" if bisection.skipped else ""
