"""Who answers requests: what a provider is, and what it says besides the answer."""

from __future__ import annotations

from typing import Literal, Protocol

from promptops.model.answer import Answer
from promptops.model.request import Request
from promptops.records import record

FailureKind = Literal[
    "rate", "server", "connection", "timeout", "refused", "content_filter", "bad_answer"
]


@record(frozen=True, slots=True, kw_only=True)
class Window:
    """How much may be sent; None where the server did not say.

    Attributes:
        limit: In a minute, or in whatever time it takes to be full again.
        remaining: Of the limit, when the server answered.
        reset_s: Seconds from then until all of the limit is there again.
    """

    limit: int | None = None
    remaining: int | None = None
    reset_s: float | None = None


@record(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """What a server says of its limits."""

    requests: Window = Window()
    tokens: Window = Window()

    @property
    def known(self) -> bool:
        """Whether it said anything."""
        return self.requests.limit is not None or self.tokens.limit is not None


@record(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, and what the server said of its limits with it."""

    answer: Answer
    limits: RateLimits = RateLimits()


@record(kw_only=True, eq=False)
class Failure(Exception):
    """A request that got no answer; says nothing of the prompt.

    Attributes:
        message: Without any key, on one line, and with nothing invisible in it.
        retryable: Whether asking again may help.
        retry_after_s: How long the server asks to be left alone, or None.
    """

    message: str
    kind: FailureKind
    retryable: bool = False
    retry_after_s: float | None = None
    limits: RateLimits = RateLimits()

    def __str__(self) -> str:
        return self.message


class Provider(Protocol):
    """Asks models over one address with one key.

    What it raises, logs or shows never holds the key.
    """

    async def ask(self, request: Request, deadline_s: float) -> Reply:
        """Try once, for so long at most; raises Failure, and nothing else for what it got."""

    async def close(self) -> None:
        """Let go of connections; nothing is asked afterwards."""
