"""Answers that arrive in pieces: each piece at once, and at the end the same answer as `ask`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from threading import Event
from typing import Any

import pytest

from promptops.errors import UsageError
from promptops.evals.providers import (
    Failure,
    Provider,
    RateLimits,
    Reply,
    StreamingProvider,
    Window,
    streamed,
)
from promptops.evals.providers.redaction import guarded, spellings
from promptops.model.answer import Answer, Usage
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from tests.evals.providers.approved import provider_of
from tests.servers.answers import FAULTS, Ending
from tests.servers.answers import Answer as Planned
from tests.servers.fault_server import FaultServer, fault_server
from tests.servers.plans import always
from tests.servers.streams import DONE, chunk, sse

KEY = 'acme"7f3a/9b2c+5d1e'
PATIENCE_S = 60.0


def _profile(server: FaultServer | None, **said: Any) -> ModelProfile:
    base_url = server.base_url if server is not None else None
    known = {"name": "fast", "provider": "local", "id": "m-1", "api_key_env": "THE_KEY"}
    return ModelProfile(**{**known, "base_url": base_url, **said})


def _request(text: str = "one two three", **said: Any) -> Request:
    messages = ({"role": "user", "content": text},)
    return Request(**{"messages": messages, "model": {"provider": "local", "id": "m-1"}, **said})


def _streamed(
    provider: Provider, request: Request, deadline_s: float = PATIENCE_S
) -> tuple[list[str], Reply | Failure]:
    """The pieces, and what came of them."""
    pieces: list[str] = []

    async def run() -> Reply | Failure:
        try:
            return await streamed(provider, request, deadline_s, pieces.append)
        except Failure as failure:
            return failure
        finally:
            await provider.close()

    return pieces, asyncio.run(run())


def _from_server(
    planned: Planned, request: Request | None = None, deadline_s: float = PATIENCE_S
) -> tuple[list[str], Reply | Failure]:
    with fault_server(always(planned)) as server:
        provider = provider_of(_profile(server), {"THE_KEY": KEY})
        return _streamed(provider, request or _request(), deadline_s)


def _asked(server: FaultServer, request: Request) -> Reply:
    async def run() -> Reply:
        provider = provider_of(_profile(server), {"THE_KEY": KEY})
        try:
            return await provider.ask(request, PATIENCE_S)
        finally:
            await provider.close()

    return asyncio.run(run())


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_the_pieces_are_the_answer_and_the_reply_is_that_of_ask(api):
    headers = {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1s",
    }
    request = _request(provider_options={"openai": {"api": api}})
    with fault_server(always(Planned(headers=headers))) as server:
        whole = _asked(server, request)
        provider = provider_of(_profile(server), {"THE_KEY": KEY})
        pieces, reply = _streamed(provider, request)

    assert (pieces, reply) == (["one", " two", " three"], whole)
    assert whole.limits == RateLimits(requests=Window(limit=60, remaining=59, reset_s=1.0))


def test_a_stream_differs_from_a_request_in_two_fields():
    with fault_server() as server:
        _streamed(provider_of(_profile(server), {"THE_KEY": KEY}), _request())
        (received,) = server.requests

    assert received.json == {
        "model": "m-1",
        "messages": [{"role": "user", "content": "one two three"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_piece_is_passed_on_before_the_server_sends_the_next(api):
    first = (
        chunk({"content": "first"}),
        sse({"type": "response.output_text.delta", "delta": "first"}),
    )
    body = {"model": "m-1", "status": "completed", "output": []}
    rest = (
        [chunk({"content": " second"}, "stop"), DONE],
        [sse({"type": "response.completed", "response": body})],
    )
    index = ["chat", "responses"].index(api)
    arrived = Event()
    planned = Planned(stream=[first[index], arrived, *rest[index]])

    async def run(server: FaultServer) -> None:
        provider = provider_of(_profile(server), {"THE_KEY": KEY})
        request = _request(provider_options={"openai": {"api": api}})
        # The server sends the rest only when the first piece is here.
        await streamed(provider, request, PATIENCE_S, lambda _: arrived.set())
        await provider.close()

    with fault_server(always(planned)) as server:
        asyncio.run(run(server))

    assert arrived.is_set()


def test_tool_calls_arrive_in_parts_and_several_at_once():
    def call(index: int, identity: str | None, name: str | None, arguments: str) -> dict[str, Any]:
        function = {"arguments": arguments} | ({"name": name} if name else {})
        return {"index": index, "function": function} | ({"id": identity} if identity else {})

    deltas = [
        {"tool_calls": [call(0, "a", "look", "")]},
        {"tool_calls": [call(0, None, None, '{"up":')]},
        {"tool_calls": [call(0, None, None, " 1}")]},
        {"tool_calls": [call(1, "b", "note", '{"text": "x"}')]},
        {"tool_calls": [call(1, "c", "done", "{}")]},  # some servers repeat an index
    ]
    stream = [*map(chunk, deltas), chunk({}, "tool_calls"), DONE]

    pieces, reply = _from_server(Planned(stream=stream))

    assert pieces == []
    assert reply == Reply(
        answer=Answer(
            text="",
            tool_calls=(
                {"name": "look", "arguments": {"up": 1}},
                {"name": "note", "arguments": {"text": "x"}},
                {"name": "done", "arguments": {}},
            ),
            finish_reason="tool_calls",
            model="m-1",
        )
    )


def test_a_refusal_is_the_text_of_the_answer():
    stream = [chunk({"refusal": "I can't"}), chunk({"refusal": " do that."}, "stop"), DONE]

    pieces, reply = _from_server(Planned(stream=stream))

    assert pieces == ["I can't", " do that."]
    assert reply == Reply(answer=Answer(text="I can't do that.", model="m-1"))


def test_only_the_first_choice_counts_and_its_finish_reason_is_kept():
    other = {"index": 1, "delta": {"content": "other"}, "finish_reason": "stop"}
    usage = {
        "prompt_tokens": 7,
        "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 4},
    }
    stream = [
        sse({"model": "m-2", "choices": [other]}),
        chunk({"content": "cut"}, "length"),
        chunk(usage=usage),
        DONE,
    ]

    pieces, reply = _from_server(Planned(stream=stream))

    assert pieces == ["cut"]
    assert reply == Reply(
        answer=Answer(
            text="cut",
            finish_reason="length",
            model="m-1",
            usage=Usage(input=7, output=2, cached=4),
        )
    )


def test_an_incomplete_response_is_cut_at_the_limit():
    body = {
        "model": "m-1",
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "cut"}]}],
    }
    stream = [
        sse({"type": "response.output_text.delta", "delta": "cut"}),
        sse({"type": "response.incomplete", "response": body}),
    ]

    found = _from_server(
        Planned(stream=stream), _request(provider_options={"openai": {"api": "responses"}})
    )

    assert found == (["cut"], Reply(answer=Answer(text="cut", finish_reason="length", model="m-1")))


BROKEN = "the stream ended before the answer was complete"


@pytest.mark.parametrize(
    ("stream", "ending", "failure"),
    [
        ([chunk({"content": "half"})], Ending.WHOLE, ("connection", True, BROKEN)),
        ([chunk({"content": "half"}), DONE], Ending.WHOLE, ("connection", True, BROKEN)),
        (
            [chunk({"content": "half"}), sse({"error": {"message": "overloaded", "code": 503}})],
            Ending.WHOLE,
            ("server", True, "the server answered with status 503: overloaded"),
        ),
        (
            [chunk({"content": "half"}), sse("{nonsense")],
            Ending.WHOLE,
            ("bad_answer", False, "the answer is a stream of something other than JSON"),
        ),
        (
            [chunk({"content": "half"}), b"data: \xff\xfe\n\n"],
            Ending.WHOLE,
            ("bad_answer", False, "the answer is a stream of something other than JSON"),
        ),
    ],
)
def test_a_stream_that_ends_early_is_a_failure_after_its_pieces(stream, ending, failure):
    pieces, found = _from_server(Planned(stream=stream, ending=ending))

    assert pieces == ["half"]
    assert isinstance(found, Failure)
    assert (found.kind, found.retryable, found.message) == failure


def test_a_connection_that_is_cut_is_a_failure_after_its_pieces():
    planned = Planned(stream=[chunk({"content": "half"})], ending=Ending.TRUNCATED)

    pieces, found = _from_server(planned)

    assert pieces == ["half"]
    assert isinstance(found, Failure)
    assert (found.kind, found.retryable) == ("connection", True)


def test_an_error_event_of_the_responses_api_is_its_message():
    stream = [sse({"type": "error", "code": "server_error", "message": "try again"}, "error")]

    _, found = _from_server(
        Planned(stream=stream), _request(provider_options={"openai": {"api": "responses"}})
    )

    assert isinstance(found, Failure)
    assert found.message == "the server answered with status 200: try again"


def test_a_stream_has_the_deadline_of_an_answer():
    planned = Planned(stream=[chunk({"content": "half"}), Event()])

    pieces, found = _from_server(planned, deadline_s=0.5)

    assert pieces == ["half"]
    assert isinstance(found, Failure)
    assert (found.kind, found.message) == ("timeout", "no answer within 0.5 s")


def test_a_server_that_does_not_stream_is_read_as_a_whole():
    body = {"model": "m-1", "choices": [{"message": {"content": "whole"}, "finish_reason": "stop"}]}

    found = _from_server(Planned(body=json.dumps(body).encode()))

    assert found == (["whole"], Reply(answer=Answer(text="whole", model="m-1")))


@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in ("silent", "drip")])
def test_every_fault_is_a_failure(fault):
    pieces, found = _from_server(FAULTS[fault])

    assert pieces == (["one", " two"] if fault == "truncated" else [])
    assert isinstance(found, Failure)
    assert KEY not in found.message


def test_apis_without_streams_pass_their_answer_on_at_the_end():
    request = _request(provider_options={"openai": {"api": "embeddings"}})

    pieces, reply = _from_server(Planned(), request)

    assert isinstance(reply, Reply)
    assert pieces == [reply.answer.text]


def test_echo_streams_its_words():
    profile = ModelProfile(name="echo", provider="echo", id="echo")

    pieces, reply = _streamed(provider_of(profile, {}), _request("one two"))

    assert isinstance(reply, Reply)
    assert (
        "".join(pieces)
        == reply.answer.text
        == ('{"messages":[{"content":"one two","role":"user"}]}')
    )
    assert len(pieces) == 2


class Pieces:
    """Streams pieces; its answer is all of them."""

    def __init__(self, pieces: Sequence[str], failure: Failure | None = None) -> None:
        self._pieces = pieces
        self._failure = failure

    async def ask(self, request: Request, deadline_s: float) -> Reply:
        return Reply(answer=Answer(text="".join(self._pieces)))

    async def stream(self, request: Request, deadline_s: float, on_text: Any) -> Reply:
        for piece in self._pieces:
            on_text(piece)
        if self._failure is not None:
            raise self._failure from ValueError(KEY)
        return await self.ask(request, deadline_s)

    async def close(self) -> None:
        pass


class Whole:
    """A provider that can't stream."""

    async def ask(self, request: Request, deadline_s: float) -> Reply:
        return Reply(answer=Answer(text="whole"))

    async def close(self) -> None:
        pass


def _guarded(provider: Provider, **said: Any) -> Provider:
    return guarded(provider, _profile(None, **said), KEY)


def test_a_guarded_provider_streams_and_one_without_streams_passes_on_its_text():
    assert isinstance(_guarded(Whole()), StreamingProvider)
    assert _streamed(_guarded(Whole()), _request()) == (
        ["whole"],
        Reply(answer=Answer(text="whole")),
    )


DISCARDED = "the answer is discarded because it contains the API key that was sent"


def _cuts(text: str) -> Iterator[list[str]]:
    yield list(text)
    yield [text]
    for at in range(1, len(text)):
        yield [text[:at], text[at:]]


@pytest.mark.parametrize("form", list(spellings(KEY)))
def test_no_part_of_the_key_is_passed_on_however_the_stream_is_cut(form):
    for cut in _cuts(form):
        pieces, found = _streamed(_guarded(Pieces(["it is ", *cut, " or so"])), _request())

        assert "".join(pieces) == "it is "
        assert isinstance(found, Failure)
        assert found.message == DISCARDED


def test_what_only_begins_like_the_key_is_passed_on():
    pieces, found = _streamed(_guarded(Pieces(["it is ", KEY[:7], "x ", KEY[:3]])), _request())

    assert "".join(pieces) == f"it is {KEY[:7]}x {KEY[:3]}"
    assert found == Reply(answer=Answer(text=f"it is {KEY[:7]}x {KEY[:3]}"))


def test_the_beginning_of_the_key_is_never_passed_on_before_a_failure():
    failure = Failure(message=f"cut at {KEY}", kind="connection", retryable=True)

    pieces, found = _streamed(_guarded(Pieces(["it is ", KEY[:9]], failure)), _request())

    assert pieces == ["it is "]
    assert isinstance(found, Failure)
    assert found.message == "cut at [hidden]"


def test_text_without_a_key_is_passed_on_at_once():
    pieces, _ = _streamed(_guarded(Pieces(["one", " two", " three"])), _request())

    assert pieces == ["one", " two", " three"]


def test_an_error_of_the_receiver_ends_the_call():
    def broken(_: str) -> None:
        raise UsageError("closed")

    async def run(profile: ModelProfile, environment: Mapping[str, str]) -> None:
        provider = provider_of(profile, environment)
        try:
            await streamed(provider, _request(), PATIENCE_S, broken)
        finally:
            await provider.close()

    with fault_server() as server, pytest.raises(UsageError, match="closed"):
        asyncio.run(run(_profile(server), {"THE_KEY": KEY}))
