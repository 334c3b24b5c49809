"""What is asked, what becomes of it, and how far to go for it."""

from __future__ import annotations

from random import Random

from promptops.evals.providers import Failure
from promptops.model.answer import Answer
from promptops.model.config import ModelProfile
from promptops.model.request import Request
from promptops.records import field, record

Key = tuple[str, int, str]


@record(frozen=True, slots=True, kw_only=True)
class Payer:
    """Who something is asked for, and what that may cost.

    Attributes:
        prompt: Its id, or "".
        judge: Who asks about an answer to it, or "".
        most_usd: For all that is asked for the prompt in one run; None where there is no bound.
    """

    prompt: str = ""
    judge: str = ""
    most_usd: float | None = None


@record(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request that wants an answer.

    Attributes:
        digest: Of the request.
        repeat: 0-based; each repeat is asked for itself.
        payer: Of asks with one key, the first one's pays.
    """

    digest: str
    repeat: int
    request: Request
    profile: ModelProfile
    payer: Payer = Payer()

    @property
    def key(self) -> Key:
        """Equal for what is asked only once."""
        return self.digest, self.repeat, self.profile.base_url or ""


@record(frozen=True, slots=True, kw_only=True)
class Answered:
    """An ask that got its answer.

    Attributes:
        cost_usd: Of this answer; None where the price or the usage is not known.
    """

    ask: Ask
    answer: Answer
    cost_usd: float | None


@record(frozen=True, slots=True, kw_only=True)
class Failed:
    """An ask that got none: an error of the infrastructure, not of the prompt.

    Attributes:
        tries: 0 where its turn never came.
    """

    ask: Ask
    failure: Failure
    tries: int


@record(frozen=True, slots=True, kw_only=True)
class Unasked:
    """An ask that waits for the next run, and why."""

    ask: Ask
    reason: str


Outcome = Answered | Failed | Unasked


@record(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one ask is tried.

    Attributes:
        try_s: For one answer.
        total_s: For all tries and what is waited between them, from the first time it is sent.
        first_wait_s, longest_wait_s: Between tries: at most so long after the first, twice that
            after the second, and so on; how long exactly is drawn by chance, from 0.
    """

    tries: int = 6
    try_s: float = 120.0
    total_s: float = 600.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0


@record(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a run asks; None where there is no bound.

    Attributes:
        concurrency: Requests under way at one time.
        max_requests: Sent, so that tries count, too.
        max_time_s: After which nothing more is sent.
        chance: Where waits are drawn from.
    """

    concurrency: int = 16
    max_cost_usd: float | None = None
    max_requests: int | None = None
    max_time_s: float | None = None
    patience: Patience = field(default_factory=Patience)
    chance: Random = field(default_factory=Random)
