"""The interface of providers, and the data that they return besides the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Literal, Protocol, runtime_checkable

from promptops.model.answer import Answer
from promptops.model.prompt import Request
from promptops.records import record

FailureKind = Literal[
    "rate",
    "server",
    "connection",
    "timeout",
    "refused",
    "content_filter",
    "bad_answer",
    "unsupported",  # the server has no such API
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


BATCH_PRICE = 0.5
"""The price of an answer in a batch, as a share of the price of the same answer at once."""


@record(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """The largest batch that a provider accepts: its requests, and the bytes of all its items."""

    requests: int
    size: int


@record(frozen=True, slots=True, kw_only=True)
class BatchItem:
    """One request of a batch.

    Attributes:
        custom_id: Names its result; 1 to 64 letters, digits, hyphens and underscores.
        group: All items of one batch have the same group.
        line: The JSON that the provider takes, in ASCII, without a newline.
    """

    custom_id: str
    group: str
    line: bytes


@record(frozen=True, slots=True, kw_only=True)
class BatchIntent:
    """A batch that may have been created, although no id of it is known.

    Attributes:
        mark: Names it on this side; random.
        created_s: Unix time before the attempt to create it.
        custom_ids: Of all its items.
        taken: The ids of other known batches.
    """

    mark: str
    created_s: int
    custom_ids: Collection[str]
    taken: Collection[str]


@record(frozen=True, slots=True, kw_only=True)
class BatchProgress:
    """How far a batch is.

    Attributes:
        ended: No further results will come.
        cancelling: It was cancelled and has not ended yet.
        done: The requests that are finished, failed ones included; 0 if the provider counts later.
        reason: Why it ended before all requests were finished, or "".
    """

    id: str
    ended: bool
    cancelling: bool = False
    done: int = 0
    reason: str = ""


@record(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """The answer to one item of a batch, or the reason why it is missing."""

    custom_id: str
    outcome: Answer | Failure


class Batches(Protocol):
    """The batch API of a provider; every method raises Failure, as `Provider.ask` does."""

    @property
    def limits(self) -> BatchLimits:
        """The largest batch."""

    def item(self, custom_id: str, request: Request) -> BatchItem:
        """A request as an item; raises Failure if the API can't express it."""

    async def upload(self, items: Sequence[BatchItem], mark: str, deadline_s: float) -> str:
        """Upload items and return the id of the file; "" if `create` sends the items itself."""

    async def create(
        self, items: Sequence[BatchItem], upload: str, mark: str, deadline_s: float
    ) -> BatchProgress:
        """Create a batch. It costs money from here on, so a retry needs `find` before."""

    async def find(self, intent: BatchIntent, deadline_s: float) -> BatchProgress | None:
        """The batch of an interrupted `create`; None if it was not created."""

    async def progress(self, identity: str, deadline_s: float) -> BatchProgress:
        """How far a batch is."""

    async def cancel(self, identity: str, deadline_s: float) -> BatchProgress:
        """End a batch; what is finished can still be collected."""

    def results(self, identity: str, deadline_s: float) -> AsyncIterator[BatchResult]:
        """The results of an ended batch in any order, errors included.

        Raises Failure after the readable ones if some can't be read.
        """

    async def close(self) -> None:
        """Close connections."""


@runtime_checkable
class BatchProvider(Provider, Protocol):
    """A provider that also answers many requests within a day, at a lower price."""

    def batches(self) -> Batches:
        """Its batch API, with the same address and key."""


OWN = "openai"
"""The key in `provider_options` of the options for OpenAI-compatible APIs."""

COMPATIBLE = "openai"
"""The provider that calls an address for which no other provider is known."""


def api_of(request: Request) -> str:
    """`chat`, `responses`, `embeddings` or `moderations`, if the prompt file is valid."""
    return str(request.provider_options.get(OWN, {}).get("api", "chat"))


def refuse_other_apis(request: Request, provider: str) -> None:
    """Raises Failure for a request for embeddings or moderations."""
    api = api_of(request)
    if api not in ("chat", "responses"):
        raise Failure(message=f"the provider `{provider}` has no {api}", kind="refused")
