"""A request to send, its outcome, the settings of a run, and the early end of a run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from random import Random

from promptops.evals.providers import Failure
from promptops.model.answer import Answer
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from promptops.records import field, record

Key = tuple[str, int, str]


@record(frozen=True, slots=True, kw_only=True)
class Payer:
    """Who pays for a request, and the budget for it.

    Attributes:
        prompt: Its id, or "".
        judge: The judge that sends a request about an answer to it, or "".
        most_usd: For all requests for the prompt in one run; None for no limit.
    """

    prompt: str = ""
    judge: str = ""
    most_usd: float | None = None


@record(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request that needs an answer.

    Attributes:
        digest: Of the request.
        repeat: 0-based; each repeat is sent separately.
        payer: For requests with the same key, the payer of the first one pays.
    """

    digest: str
    repeat: int
    request: Request
    profile: ModelProfile
    payer: Payer = Payer()

    @property
    def key(self) -> Key:
        """Equal for requests that are sent only once."""
        return self.digest, self.repeat, self.profile.base_url or ""


@record(frozen=True, slots=True, kw_only=True)
class Answered:
    """A request with its answer.

    Attributes:
        cost_usd: Of this answer; None if the price or the usage is unknown.
    """

    ask: Ask
    answer: Answer
    cost_usd: float | None


@record(frozen=True, slots=True, kw_only=True)
class Failed:
    """A request without an answer: an error of the infrastructure, not of the prompt.

    Attributes:
        tries: 0 if it was never sent.
    """

    ask: Ask
    failure: Failure
    tries: int


@record(frozen=True, slots=True, kw_only=True)
class Unasked:
    """A request that waits for the next run, and why."""

    ask: Ask
    reason: str


Outcome = Answered | Failed | Unasked


@record(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one request is retried.

    Attributes:
        try_s: For one answer.
        total_s: For all tries and the waits between them, from the first sending.
        first_wait_s, longest_wait_s: Between tries: at most so long after the first, twice that
            after the second, and so on; the exact time is random, from 0.
    """

    tries: int = 6
    try_s: float = 120.0
    total_s: float = 600.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0


@record(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of a run; None for no limit.

    Attributes:
        concurrency: The number of concurrent requests.
        max_requests: Requests sent, including retries.
        max_time_s: After which nothing more is sent.
        chance: The source of random waits.
    """

    concurrency: int = 16
    max_cost_usd: float | None = None
    max_requests: int | None = None
    max_time_s: float | None = None
    patience: Patience = field(default_factory=Patience)
    chance: Random = field(default_factory=Random)


# The early end of a run: by a limit, or by Ctrl-C.


class Closed(Exception):
    """Nothing more is sent, for this reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Closing:
    """Once closed, requests stop waiting for their turn; those already sent continue."""

    def __init__(self) -> None:
        self._reason: str | None = None
        self._closed = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    def close(self, reason: str) -> None:
        """Later reasons are ignored."""
        if self._reason is None:
            self._reason = reason
            self._closed.set()
            for listener in self._listeners:
                listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` at the end."""
        self._listeners.append(listener)

    def check(self) -> None:
        """Raise Closed after the end."""
        if self._reason is not None:
            raise Closed(self._reason)

    async def sleep(self, seconds: float) -> None:
        """Raises Closed as soon as the end comes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()
        self.check()


class Interrupt:
    """The first press ends a run in an orderly way, the second at once.

    Use it in the thread of the event loop only, except for `press_from_thread`.
    """

    def __init__(self) -> None:
        self._left: list[Callable[[], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_early = False

    def arm(self, first: Callable[[], None], second: Callable[[], None]) -> None:
        """Set the action of each press."""
        self._left, self._loop = [first, second], asyncio.get_running_loop()
        if self._is_early:
            self._press_first()

    def press(self) -> None:
        """Run the next action, if one is left."""
        if self._left:
            self._left.pop(0)()

    def press_from_thread(self) -> None:
        """The first press, from any thread; a run that has not begun yet ends as it begins.

        Another one has no effect, so that no run ends without its result.
        """
        # In this order, and read in the other one by `arm`: at least one of the two presses.
        self._is_early = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: the run has ended
                self._loop.call_soon_threadsafe(self._press_first)

    def _press_first(self) -> None:
        if len(self._left) > 1:
            self.press()
