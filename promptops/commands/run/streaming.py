"""Passes answers on while they arrive: a provider whose `ask` streams."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter

from promptops.evals.providers import Failure, Provider, Reply, streamed
from promptops.model.request import Request
from promptops.patterns import lazy_pattern
from promptops.records import field, record

OnPiece = Callable[[int, str], None]
"""Gets the number of an answer and its next piece of text."""

STOPPED = "interrupted"

_ABOUT_STREAMS = lazy_pattern(r"(?i)\bstream")


@record(slots=True, kw_only=True)
class ArrivingAnswer:
    """An answer, as far as it has arrived; times are those of `perf_counter`.

    Attributes:
        number: 0-based.
        started_s: When the latest try was sent; None before the first one.
        first_s: When its first text arrived.
        ended_s: When the latest try ended, successfully or not.
        whole: The server refuses to stream, so that the whole answer is requested.
    """

    number: int
    request: Request
    pieces: list[str] = field(default_factory=list)
    started_s: float | None = None
    first_s: float | None = None
    ended_s: float | None = None
    whole: bool = False


class Streams:
    """The answers of one run that are passed on.

    Attributes:
        error: An error of the receiver of text, which ended the run.
    """

    def __init__(self, on_piece: OnPiece) -> None:
        self._on_piece = on_piece
        self._answers: dict[int, ArrivingAnswer] = {}
        self._under_way: set[asyncio.Future[Reply]] = set()
        self._stopped = False
        self.error: Exception | None = None

    def expect(self, number: int, request: Request) -> ArrivingAnswer:
        """The answer to a request; `number` is 0-based."""
        arriving = ArrivingAnswer(number=number, request=request)
        # By identity: two models may get equal requests, and requests are not hashable.
        self._answers[id(request)] = arriving
        return arriving

    def around(self, provider: Provider) -> Provider:
        """The provider, which passes on the answers to expected requests."""
        return _Streaming(provider, self)

    def stop(self) -> None:
        """End the answers that are under way; what has arrived of them stays."""
        self._stopped = True
        for answering in self._under_way:
            answering.cancel()

    async def answer(self, provider: Provider, request: Request, deadline_s: float) -> Reply:
        """Raises Failure; only an answer without any text so far may be requested again."""
        arriving = self._answers.get(id(request))
        if arriving is None:  # of a judge
            return await self._stoppable(provider.ask(request, deadline_s))
        arriving.started_s, arriving.first_s = perf_counter(), None
        try:
            return await self._stoppable(self._arrive(arriving, provider, deadline_s))
        except Failure as failure:
            if arriving.pieces or self.error is not None:
                failure.retryable = False
            elif failure.kind == "refused" and _ABOUT_STREAMS.search(failure.message):
                failure.retryable = not arriving.whole
                arriving.whole = True
            raise
        finally:
            arriving.ended_s = perf_counter()

    async def _arrive(
        self, arriving: ArrivingAnswer, provider: Provider, deadline_s: float
    ) -> Reply:
        if arriving.whole:
            reply = await provider.ask(arriving.request, deadline_s)
            self._pass_on(arriving, reply.answer.text)
            return reply
        return await streamed(
            provider, arriving.request, deadline_s, lambda text: self._pass_on(arriving, text)
        )

    def _pass_on(self, arriving: ArrivingAnswer, text: str) -> None:
        if not text or self.error is not None:
            return
        if arriving.first_s is None:
            arriving.first_s = perf_counter()
        arriving.pieces.append(text)
        try:
            self._on_piece(arriving.number, text)
        except Exception as error:  # noqa: BLE001  # raised at the end; a provider would hide it
            self.error = error
            self.stop()

    async def _stoppable(self, answering: Awaitable[Reply]) -> Reply:
        task = asyncio.ensure_future(answering)
        self._under_way.add(task)
        try:
            if self._stopped:
                task.cancel()
            return await task
        except asyncio.CancelledError:
            if not self._stopped:
                raise
            message = STOPPED
        finally:
            self._under_way.discard(task)
        raise Failure(message=message, kind="connection")


class _Streaming:
    def __init__(self, provider: Provider, streams: Streams) -> None:
        self._provider = provider
        self._streams = streams

    async def ask(self, request: Request, deadline_s: float) -> Reply:
        return await self._streams.answer(self._provider, request, deadline_s)

    async def close(self) -> None:
        await self._provider.close()
