"""Who gets which answer: a plan is asked once for each request, in the order they arrive."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from tests.servers.answers import OK, Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request as it came.

    Attributes:
        headers: Names in lower case.
        at_s: When its last byte came, in seconds since the server started.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at_s: float

    @property
    def json(self) -> Any:
        """Raises ValueError where the body is no JSON."""
        return json.loads(self.body)


Plan = Callable[[Received], Answer]


def always(answer: Answer) -> Plan:
    return lambda _: answer


def in_order(*answers: Answer, then: Answer = OK) -> Plan:
    """The n-th answer to the n-th request, and `then` to all that come after."""
    left = iter(answers)
    return lambda _: next(left, then)


def for_each(*answers: Answer, then: Answer = OK) -> Plan:
    """The n-th answer to the n-th time a body comes: every request has its own order.

    So what happens to a request does not depend on those that are sent at the same time.
    """
    seen: Counter[bytes] = Counter()

    def plan(received: Received) -> Answer:
        tries = seen[received.body]
        seen[received.body] += 1
        return answers[tries] if tries < len(answers) else then

    return plan


class Quota:
    """A plan that allows so many requests a minute and refuses the others with 429.

    A token bucket: full at first, filled evenly, and a refusal takes nothing from it. Every answer
    says in `x-ratelimit-*` what is left and when the bucket will be full again, as OpenAI does;
    a refusal also says in `retry-after` when the next one would pass.

    Args:
        burst: How many may come at once; None for a whole minute's.
        silent: Say nothing of all that.
        dated: Name the headers as Anthropic does, with the time of the reset instead of a duration.
    """

    def __init__(
        self,
        per_minute: int,
        *,
        burst: int | None = None,
        silent: bool = False,
        dated: bool = False,
        answer: Answer = OK,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_minute = per_minute
        self._size = per_minute if burst is None else burst
        self._silent = silent
        self._dated = dated
        self._answer = answer
        self._clock = clock
        self._left = float(self._size)
        self._filled_at = clock()

    def __call__(self, received: Received) -> Answer:
        self._fill()
        if self._left < 1:
            wait_s = (1 - self._left) * 60 / self._per_minute
            waits = {"retry-after": f"{math.ceil(wait_s)}", "retry-after-ms": f"{wait_s * 1e3:.0f}"}
            return Answer(status=429, headers=self._told(waits))
        self._left -= 1
        return replace(self._answer, headers=self._told(self._answer.headers))

    def _fill(self) -> None:
        now = self._clock()
        new = (now - self._filled_at) * self._per_minute / 60
        self._left = min(self._size, self._left + new)
        self._filled_at = now

    def _told(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        if self._silent:
            return {name: value for name, value in headers.items() if "retry-after" not in name}
        reset_s = (self._size - self._left) * 60 / self._per_minute
        name = "anthropic-ratelimit-requests-{}" if self._dated else "x-ratelimit-{}-requests"
        return {
            name.format("limit"): f"{self._per_minute}",
            name.format("remaining"): f"{int(self._left)}",
            name.format("reset"): _date(reset_s) if self._dated else _duration(reset_s),
            **headers,
        }


def _date(seconds: float) -> str:
    """So many seconds from now, by RFC 3339, rounded up to a whole second."""
    at = datetime.fromtimestamp(math.ceil(time.time() + seconds), UTC)
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _duration(seconds: float) -> str:
    """As Go writes it, and so OpenAI: `20ms`, `1.5s`, `6m0s`."""
    if seconds < 1:
        return f"{seconds * 1e3:.0f}ms"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f}m{rest:g}s" if minutes else f"{rest:g}s"
