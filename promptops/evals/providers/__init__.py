"""The interface of providers, and the data that they return besides the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, runtime_checkable

from promptops.model.answer import Answer
from promptops.model.request import Request
from promptops.records import record

FailureKind = Literal[
    "rate", "server", "connection", "timeout", "refused", "content_filter", "bad_answer"
]


@record(frozen=True, slots=True, kw_only=True)
class Window:
    """A rate limit; values that the server did not send are None.

    Attributes:
        limit: Per minute, or per refill period.
        remaining: The unused part of the limit when the server answered.
        reset_s: Seconds from the answer until the whole limit is available again.
    """

    limit: int | None = None
    remaining: int | None = None
    reset_s: float | None = None


@record(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """The rate limits that a server sent."""

    requests: Window = Window()
    tokens: Window = Window()

    @property
    def known(self) -> bool:
        """Whether the server sent any."""
        return self.requests.limit is not None or self.tokens.limit is not None


@record(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, and the rate limits that the server sent with it."""

    answer: Answer
    limits: RateLimits = RateLimits()


@record(kw_only=True, eq=False)
class Failure(Exception):
    """A request without an answer; it is not a problem of the prompt.

    Attributes:
        message: Without any API key, on one line, without invisible characters.
        retryable: Whether a retry may help.
        retry_after_s: Seconds that the server asks clients to wait, or None.
    """

    message: str
    kind: FailureKind
    retryable: bool = False
    retry_after_s: float | None = None
    limits: RateLimits = RateLimits()

    def __str__(self) -> str:
        return self.message


class Provider(Protocol):
    """Calls models at one address with one API key.

    Its errors, logs and output never contain the key.
    """

    async def ask(self, request: Request, deadline_s: float) -> Reply:
        """Try once, within the deadline; raises Failure, and nothing else for bad responses."""

    async def close(self) -> None:
        """Close connections; nothing is sent afterwards."""


OnText = Callable[[str], None]
"""Gets each piece of the text of an answer, in order."""


@runtime_checkable
class StreamingProvider(Provider, Protocol):
    """A provider that passes on the text of an answer as it arrives."""

    async def stream(self, request: Request, deadline_s: float, on_text: OnText) -> Reply:
        """As `ask`; `on_text` gets each piece of the text of the answer as soon as it arrives.

        All pieces together are the text of the answer. Before a Failure, the pieces are the
        beginning of an answer that broke off. A PromptopsError of `on_text` ends the call.
        """


async def streamed(
    provider: Provider, request: Request, deadline_s: float, on_text: OnText
) -> Reply:
    """`stream` of any provider: one that can't stream passes its text on at the end."""
    if isinstance(provider, StreamingProvider):
        return await provider.stream(request, deadline_s, on_text)
    reply = await provider.ask(request, deadline_s)
    on_text(reply.answer.text)
    return reply


OWN = "openai"
"""The key in `provider_options` of the options for OpenAI-compatible APIs."""

COMPATIBLE = "openai"
"""The provider that calls an address for which no other provider is known."""


def api_of(request: Request) -> str:
    """`chat`, `responses`, `embeddings` or `moderations`, if the prompt file is valid."""
    return str(request.provider_options.get(OWN, {}).get("api", "chat"))
