"""A provider that does what a test says, and asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any

from promptops.evals.engine.ask import Ask, Interrupt, Outcome, Payer, Settings
from promptops.evals.engine.run import ask_all
from promptops.evals.http_api import rate_limits, retry_after_s
from promptops.evals.providers import Failure, RateLimits, Reply
from promptops.model.answer import Answer, Usage
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from tests.evals.engine.virtual_time import at_once
from tests.servers.plans import Quota, Received

PROFILE = ModelProfile(name="fast", provider="scripted", id="m-1")
PRICED = ModelProfile(
    name="fast",
    provider="scripted",
    id="m-1",
    price={"input": 1.0, "output": 10.0},
    max_output_tokens=1000,
)
ANYTHING = Received(method="POST", path="/v1/x", headers={}, body=b"", at_s=0.0)
UNTOLD = RateLimits()
NOBODY = Payer()


class Scripted:
    """Answers as `script` says, which gets the text and how often it came, from 1.

    Attributes:
        sent: Each text as it came, and when.
        peak: The most that were under way at one time.
    """

    def __init__(
        self, script: Callable[[str, int], Reply | Failure], after_s: float = 0.05
    ) -> None:
        self._script = script
        self._after_s = after_s
        self.sent: list[tuple[str, float]] = []
        self.under_way = self.peak = 0
        self.closed = False

    async def ask(self, request: Request, deadline_s: float) -> Reply:
        text = request.messages[0]["content"]
        self.sent.append((text, asyncio.get_running_loop().time()))
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        try:
            said = self._script(text, self.texts.count(text))
            await asyncio.sleep(self._after_s)
        finally:
            self.under_way -= 1
        if isinstance(said, Failure):
            raise said
        return said

    async def close(self) -> None:
        self.closed = True

    @property
    def texts(self) -> list[str]:
        return [text for text, _ in self.sent]


def reply(text: str, limits: RateLimits = UNTOLD, **usage: int) -> Reply:
    return Reply(answer=Answer(text=text, usage=Usage(**usage)), limits=limits)


def echo(text: str, _: int) -> Reply:
    return reply(text, input=1, output=1)


def within(quota: Quota) -> Callable[[str, int], Reply | Failure]:
    """A script that lets pass what a quota allows, and tells what the quota tells."""

    def script(text: str, _: int) -> Reply | Failure:
        answer = quota(ANYTHING)
        limits = rate_limits(answer.headers, 0.0)
        if answer.status == 200:
            return reply(text, limits)
        after_s = retry_after_s(answer.headers, 0.0)
        return refusal(after_s, limits)

    return script


def refusal(after_s: float | None = None, limits: RateLimits = UNTOLD) -> Failure:
    return Failure(message="429", kind="rate", retryable=True, retry_after_s=after_s, limits=limits)


def broken(kind: Any = "server", *, retryable: bool = True) -> Failure:
    return Failure(message=kind, kind=kind, retryable=retryable)


def ask_for(
    text: str,
    *,
    repeat: int = 0,
    profile: ModelProfile = PROFILE,
    params: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    payer: Payer = NOBODY,
) -> Ask:
    request = Request(
        messages=({"role": "user", "content": text},),
        model={"provider": profile.provider, "id": profile.id},
        params=params or {},
        provider_options=options or {},
    )
    digest = f"digest of {text}"
    return Ask(digest=digest, repeat=repeat, request=request, profile=profile, payer=payer)


def asks_for(count: int, profile: ModelProfile = PROFILE) -> list[Ask]:
    return [ask_for(f"text {number}", profile=profile) for number in range(count)]


def settings(**said: Any) -> Settings:
    return Settings(**{"chance": Random(0), **said})


def run(
    asks: Iterable[Ask],
    provider: Any,
    said: Settings | None = None,
    on_answer: Callable[[Outcome], None] = lambda outcome: None,
    interrupt: Interrupt | None = None,
) -> tuple[tuple[Outcome, ...], float]:
    """What became of them, and the seconds it would have taken."""
    return at_once(ask_all(asks, lambda _: provider, said or settings(), on_answer, interrupt))


def statuses(outcomes: Iterable[Outcome]) -> list[str]:
    return [type(outcome).__name__ for outcome in outcomes]
