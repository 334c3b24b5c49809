"""Streams of `generateContent`: each piece of text at once, at the end the same reply as `ask`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from promptops.evals.providers import Failure, Provider, RateLimits, Reply, Window, streamed
from promptops.model.answer import Answer, Usage
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from tests.evals.providers.approved import provider_of
from tests.servers.answers import FAULTS, Ending
from tests.servers.answers import Answer as Planned
from tests.servers.fault_server import fault_server
from tests.servers.plans import always
from tests.servers.streams import sse

KEY = "AIzaCanary7f3a9b2c5d1e4a6b8c0d"
MODEL = "gemini-3.5-flash"
PATIENCE_S = 60.0
SHORT_S = 0.5
REQUEST = Request(
    messages=({"role": "user", "content": "one two three"},),
    model={"provider": "gemini", "id": MODEL},
)


def _provider(base_url: str) -> Provider:
    profile = ModelProfile(
        name="flash", provider="gemini", id=MODEL, base_url=base_url, api_key_env="THE_KEY"
    )
    return provider_of(profile, {"THE_KEY": KEY})


def _streamed(planned: Planned, deadline_s: float = PATIENCE_S) -> tuple[list[str], Any]:
    """The pieces, and the reply or the failure."""
    pieces: list[str] = []

    async def result(base_url: str) -> Reply | Failure:
        provider = _provider(base_url)
        try:
            return await streamed(provider, REQUEST, deadline_s, pieces.append)
        except Failure as failure:
            return failure
        finally:
            await provider.close()

    with fault_server(always(planned)) as server:
        return pieces, asyncio.run(result(server.base_url))


def _chunk(*parts: dict[str, Any], finish: str | None = None, **fields: Any) -> bytes:
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": list(parts)}}
    if finish is not None:
        candidate["finishReason"] = finish
    return sse({"candidates": [candidate], "modelVersion": MODEL, **fields})


def test_the_pieces_are_the_answer_and_the_reply_is_that_of_ask():
    headers = {"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "59"}

    async def asked(base_url: str) -> Reply:
        provider = _provider(base_url)
        try:
            return await provider.ask(REQUEST, PATIENCE_S)
        finally:
            await provider.close()

    with fault_server(always(Planned(headers=headers))) as server:
        whole = asyncio.run(asked(server.base_url))

    assert _streamed(Planned(headers=headers)) == (["one", " two", " three"], whole)
    assert whole.limits == RateLimits(requests=Window(limit=60, remaining=59))


def test_thinking_is_no_text_and_the_last_counts_of_tokens_are_kept():
    stream = (
        _chunk({"text": "Let me see.", "thought": True}, usageMetadata={"promptTokenCount": 9}),
        _chunk({"text": "I "}),
        _chunk({"text": "look.", "thoughtSignature": "c2lnbmVk"}),
        _chunk(
            {"functionCall": {"name": "find", "args": {"q": [1, None]}}},
            finish="STOP",
            usageMetadata={
                "promptTokenCount": 9,
                "cachedContentTokenCount": 4,
                "candidatesTokenCount": 3,
                "thoughtsTokenCount": 2,
            },
        ),
    )

    assert _streamed(Planned(stream=stream)) == (
        ["I ", "look."],
        Reply(
            answer=Answer(
                text="I look.",
                tool_calls=({"name": "find", "arguments": {"q": [1, None]}},),
                finish_reason="tool_calls",
                model=MODEL,
                usage=Usage(input=9, output=5, cached=4),
            )
        ),
    )


@pytest.mark.parametrize(
    ("last", "text", "finish_reason"),
    [
        (_chunk(finish="MAX_TOKENS"), "half", "length"),
        (_chunk(finish="SAFETY"), "half", "content_filter"),
        (_chunk(finish="OF_THE_FUTURE"), "half", "of_the_future"),
    ],
)
def test_an_answer_that_was_cut_has_its_finish_reason(last, text, finish_reason, capfd):
    pieces, reply = _streamed(Planned(stream=(_chunk({"text": "half"}), last)))

    assert pieces == ["half"]
    assert (reply.answer.text, reply.answer.finish_reason) == (text, finish_reason)
    assert capfd.readouterr() == ("", "")


def test_a_blocked_prompt_passes_its_reason_on():
    feedback = {"blockReason": "OTHER", "blockReasonMessage": "Not allowed."}

    assert _streamed(Planned(stream=(sse({"promptFeedback": feedback}),))) == (
        ["Not allowed."],
        Reply(answer=Answer(text="Not allowed.", finish_reason="content_filter")),
    )


BEGUN = (_chunk({"text": "half"}),)


@pytest.mark.parametrize(
    ("stream", "ending", "kind", "retryable", "message"),
    [
        (
            BEGUN,
            Ending.WHOLE,
            "connection",
            True,
            "the stream ended before the answer was complete",
        ),
        (
            BEGUN,
            Ending.TRUNCATED,
            "connection",
            True,
            "the server closed the connection",
        ),
        (
            (*BEGUN, sse({"error": {"code": 503, "message": "overloaded"}})),
            Ending.WHOLE,
            "server",
            True,
            "the server answered with status 503: overloaded",
        ),
        (
            (*BEGUN, sse({"error": {"message": "without a code"}})),
            Ending.WHOLE,
            "bad_answer",
            False,
            "the answer is a stream of something other than responses",
        ),
        (
            (*BEGUN, sse("no JSON")),
            Ending.WHOLE,
            "bad_answer",
            False,
            "the answer is a stream of something other than responses",
        ),
        (
            (*BEGUN, sse({"candidates": "none"})),
            Ending.WHOLE,
            "connection",
            True,
            "the stream ended before the answer was complete",
        ),
        (
            (*BEGUN, sse("[" * 99_999)),
            Ending.WHOLE,
            "bad_answer",
            False,
            "the answer is a stream of something other than responses",
        ),
    ],
    ids=["ended", "cut", "error", "error without code", "not JSON", "another shape", "too deep"],
)
def test_a_stream_that_breaks_off_is_a_failure_after_its_pieces(
    stream, ending, kind, retryable, message
):
    pieces, failure = _streamed(Planned(stream=stream, ending=ending))

    assert pieces == ["half"]
    assert (failure.kind, failure.retryable, failure.message) == (kind, retryable, message)


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "drip"])
def test_every_fault_is_a_failure(fault):
    _, failure = _streamed(FAULTS[fault], SHORT_S if fault == "silent" else PATIENCE_S)

    assert isinstance(failure, Failure)
    assert failure.message.isprintable()


def test_a_stream_with_the_key_is_discarded_before_the_key_is_passed_on():
    pieces = [{"text": piece} for piece in ("My key is ", KEY[:9], KEY[9:])]
    stream = (*map(_chunk, pieces), _chunk(finish="STOP"))

    passed, failure = _streamed(Planned(stream=stream))

    assert passed == ["My key is "]
    assert failure.message == (
        "the answer is discarded because it contains the API key that was sent"
    )
