"""Which commit broke a test case."""

from __future__ import annotations

from typing import Literal

from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class TreeVerdict:
    """What a case says of one tree.

    Attributes:
        commit: Its id; "" for the work tree.
        verdict: `skip` where nothing can be said: there is no such prompt or case, it can't be
            read, rendered or judged, or its answer is not recorded.
        reason: The contract that does not hold, or why nothing can be said; "" for a good one.
    """

    commit: str
    verdict: Literal["good", "bad", "skip"]
    reason: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A commit that may have broken the case.

    Attributes:
        date: Of its author, in ISO 8601.
        subject: The first line of its message.
    """

    commit: str
    author: str
    date: str
    subject: str


@record(frozen=True, slots=True, kw_only=True)
class Bisection:
    """What a search found out.

    Attributes:
        suspects: The first bad commit; or the oldest first, where those that had to be skipped
            leave several.
        reason: The contract that does not hold there.
        commits: How many it was searched among: those after good that change a file of ours.
        steps: How many of them were tried, skipped ones included; equal content is tried once.
        skipped: Those at which nothing could be said.
        here: Of the work tree, where that was judged and nothing searched.
    """

    prompt: str
    case: str
    suspects: tuple[Suspect, ...] = ()
    reason: str = ""
    commits: int = 0
    steps: int = 0
    skipped: tuple[TreeVerdict, ...] = ()
    here: TreeVerdict | None = None

    @property
    def first_bad(self) -> Suspect | None:
        """None where several commits may be it."""
        return self.suspects[0] if len(self.suspects) == 1 else None
