"""For people."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from promptops.counting import and_more, counted
from promptops.model.bisection import Bisection, Suspect, TreeVerdict
from promptops.model.report import Style, plain
from promptops.report.parts.visible import visible

_SHORT = 12
_SHOWN = 10
"""Skipped commits shown; the others are counted."""


def write(bisection: Bisection, *, style: Style = plain) -> str:
    """The commit, then how it was found, and the command that shows its changes."""
    here = bisection.here
    lines = _found(bisection, style) if here is None else _here(bisection, here, style)
    return "".join(f"{line}\n" for line in lines)


def _here(bisection: Bisection, here: TreeVerdict, style: Style) -> Iterator[str]:
    said = {"good": "passes", "bad": "fails", "skip": "can't be judged"}[here.verdict]
    yield style("summary", f"{_title(bisection)} {said} here")
    if here.reason:
        yield f"  {visible(here.reason)}"


def _found(bisection: Bisection, style: Style) -> Iterator[str]:
    first, number = bisection.first_bad, len(bisection.suspects)
    where = first.commit[:_SHORT] if first is not None else f"one of {number} commits"
    yield style("summary", f"{_title(bisection)} fails since {where}")
    yield from (f"  {_line(each, style)}" for each in bisection.suspects)
    yield f"  {visible(bisection.reason)}"
    yield ""
    tried = f"{bisection.steps} tried between good and bad"
    yield f"{counted(bisection.commits, 'commit')}, {tried}{_skips(bisection)}"
    for each in bisection.skipped[:_SHOWN]:
        yield f"  {style('path', each.commit[:_SHORT])} {visible(each.reason)}"
    if len(bisection.skipped) > _SHOWN:
        yield f"  {and_more(len(bisection.skipped) - _SHOWN)}"
    yield f"next: {_next(bisection)}"


def _title(bisection: Bisection) -> str:
    return f"{visible(bisection.prompt)}: `{visible(bisection.case)}`"


def _line(suspect: Suspect, style: Style) -> str:
    who = f"{visible(suspect.author)}, {visible(suspect.date[:10])}"
    return f"{style('path', suspect.commit[:_SHORT])} {who}: {visible(suspect.subject)}"


def _skips(bisection: Bisection) -> str:
    return f", {len(bisection.skipped)} skipped:" if bisection.skipped else ""


def _next(bisection: Bisection) -> str:
    """The changes of all suspects together."""
    oldest, newest = bisection.suspects[0], bisection.suspects[-1]
    span = f"{oldest.commit[:_SHORT]}^..{newest.commit[:_SHORT]}"
    return f"promptops diff {span} {visible(shlex.quote(bisection.prompt))}"
