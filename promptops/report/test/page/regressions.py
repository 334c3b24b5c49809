"""The score decisions of a run, with the cases that lost most."""

from __future__ import annotations

from promptops.model.test_run import Decided, TestRun, Worse
from promptops.records import record
from promptops.report.parts.words import Segment
from promptops.report.test.page.size_budget import Cut, Room
from promptops.report.test.parts import scores


@record(frozen=True, slots=True, kw_only=True)
class WorseView:
    """A case whose score fell, with both answers.

    Attributes:
        points: The scores, such as `80 to 40 points`.
        same: Whether the answers are equal, so that only their scores differ.
        difference: The difference of the answers; empty if not computed.
    """

    name: str
    points: str
    before: Cut
    after: Cut
    difference: tuple[Segment, ...]
    same: bool


@record(frozen=True, slots=True)
class DecidedView:
    """A decision; if it passes, without cases."""

    decided: Decided
    proved: str
    worst: tuple[WorseView, ...]


def decided_views(run: TestRun, room: Room) -> tuple[DecidedView, ...]:
    """The decisions in the order of the run."""
    return tuple(
        DecidedView(
            each,
            scores.proved(each),
            tuple(worse_view(worse, room) for worse in scores.worst(each)),
        )
        for each in run.decided
    )


def _worst(decided: Decided, room: Room) -> tuple[WorseView, ...]:
    return tuple(worse_view(worse, room) for worse in scores.worst(decided))


def worse_view(worse: Worse, room: Room) -> WorseView:
    """A case whose score fell, cut to the room on the page."""
    before, after = scores.answers(worse)
    difference = room.compare(before, after)
    shown = ("", "") if difference else (before, after)
    return WorseView(
        name=worse.name,
        points=scores.lost(worse),
        before=room.show(shown[0]),
        after=room.show(shown[1]),
        difference=difference,
        same=before == after,
    )
