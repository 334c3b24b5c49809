"""The commit that broke a test case."""

from __future__ import annotations

from typing import Literal

from promptops.records import record
from promptops.records.outputs import output, shown


@record(frozen=True, slots=True, kw_only=True)
class TreeVerdict:
    """The result of a case at one revision.

    Attributes:
        commit: Its id; "" for the work tree.
        verdict: `skip` if it can't be decided: there is no such prompt or case, it can't be read,
            rendered or checked, or its answer is not recorded.
        reason: The contract that fails, or why it can't be decided; "" for a good one.
    """

    commit: str
    verdict: Literal["good", "bad", "skip"]
    reason: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A commit that may have broken the case.

    Attributes:
        commit: Its id.
        author: The name of its author.
        date: Of its author, in ISO 8601.
        subject: The first line of its message.
    """

    commit: str
    author: str
    date: str
    subject: str


@output("bisect")
@record(frozen=True, slots=True, kw_only=True)
class Bisection:
    """The result of `promptops bisect`.

    Attributes:
        prompt: Its id at the bad commit.
        case: The name of the case.
        suspects: The first bad commit; or several, oldest first, if commits had to be skipped.
        reason: The contract that fails there, or "".
        commits: The number of candidates: those after the good one that change a relevant file.
        steps: The number of tested commits, including skipped ones; equal content is tested once.
        skipped: Those that could not be decided.
        here: Of the work tree, if only that was tested.
    """

    prompt: str
    case: str
    suspects: tuple[Suspect, ...] = ()
    reason: str = ""
    commits: int = 0
    steps: int = 0
    skipped: tuple[TreeVerdict, ...] = ()
    here: TreeVerdict | None = None

    @shown
    def first_bad(self) -> Suspect | None:
        """The suspect, if there is one only; else None."""
        return self.suspects[0] if len(self.suspects) == 1 else None
