"""Batches of requests that a provider answers within a day: what was submitted and collected."""

from __future__ import annotations

from typing import Literal

from promptops.errors import FAILED, OUTAGE, RUNNING
from promptops.records import record
from promptops.records.outputs import output

BatchAction = Literal["submit", "collect", "cancel"]
BatchState = Literal[
    "submitted", "running", "cancelling", "ended", "collected", "absent", "unknown"
]


@record(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """One batch of a provider.

    Attributes:
        id: As the provider names it; "" if its creation is not confirmed.
        profile: The name of the model profile.
        model: As the provider names it.
        state: `ended`: its answers can be collected. `collected`: it has ended, and its answers
            are stored. `absent`: a submit was interrupted before the provider created it.
            `unknown`: the provider could not be called, or what it sent is incomplete; the batch
            stays pending.
        requests: The requests in it.
        done: Those that the provider has finished, failed ones included.
        answers: The answers that this run collected.
        ignored: Results for requests that are not in it.
        reason: Why it ended early or its state is unknown, or "".
        file: The file that makes it pending, if its state is unknown; else "".
    """

    id: str = ""
    profile: str
    model: str
    state: BatchState
    requests: int
    done: int = 0
    answers: int = 0
    ignored: int = 0
    reason: str = ""
    file: str = ""


@record(frozen=True, slots=True, kw_only=True)
class UnansweredCase:
    """A case, or a file, without a recorded answer, and why.

    Attributes:
        prompt: The id of a prompt, or the path of a file.
        case: The name of the case; "" for a file.
        repeat: 0 for the first answer of a case.
        reason: Why there is no answer.
    """

    prompt: str
    case: str = ""
    repeat: int
    reason: str


@output("batch")
@record(frozen=True, slots=True, kw_only=True)
class BatchReport:
    """The result of `promptops recordings batch` and of `promptops compare --batch`.

    Attributes:
        action: What was requested.
        batches: The batches that it concerned.
        answers: The number of collected answers.
        from_cache: Missing answers that a submit recorded from the local cache instead.
        outdated: Those to requests that no case sends any more; they are in the local cache.
        waiting: Requests of earlier batches that are not collected yet, when this one was
            submitted.
        unanswered: Cases that still have no answer and are in no pending batch.
        refused: Cases and files with errors, and cases whose answer may not be recorded.
        judges_next: After these answers are collected, requests to judges about them are to be
            submitted.
        left: Requests that were not submitted, because a budget is spent or a batch failed.
        ended: Why they were not submitted, or "".
        elsewhere: Pending batches of other work trees, which were left alone.
        cost_usd: Of the collected answers at batch prices; None if a price is unknown.
        next: The command to type next, or "".
    """

    action: BatchAction
    batches: tuple[BatchRow, ...] = ()
    answers: int = 0
    from_cache: int = 0
    outdated: int = 0
    waiting: int = 0
    unanswered: tuple[UnansweredCase, ...] = ()
    refused: tuple[UnansweredCase, ...] = ()
    judges_next: bool = False
    left: int = 0
    ended: str = ""
    elsewhere: int = 0
    cost_usd: float | None = 0.0
    next: str = ""

    @property
    def running(self) -> bool:
        """Whether the provider still works on a batch."""
        return any(batch.state in ("running", "cancelling") for batch in self.batches)

    @property
    def incomplete(self) -> bool:
        """Whether an answer is missing that no running batch will bring."""
        unknown = any(batch.state in ("unknown", "absent") for batch in self.batches)
        return unknown or bool(self.unanswered) or self.left > 0

    @property
    def exit_code(self) -> int:
        """0 if nothing is left to do but to run the cases."""
        if self.action == "collect" and self.running:
            return RUNNING
        if self.incomplete:
            return OUTAGE
        return FAILED if self.refused else 0
