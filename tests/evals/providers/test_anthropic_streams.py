"""Streams of the Messages API: each piece of text at once, at the end the same reply as `ask`."""

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

KEY = "sk-ant-canary-7f3a9b2c5d"
MODEL = "claude-opus-5"
PATIENCE_S = 60.0
SHORT_S = 0.5


def _provider(base_url: str) -> Provider:
    profile = ModelProfile(
        name="claude", provider="anthropic", id=MODEL, base_url=base_url, api_key_env="THE_KEY"
    )
    return provider_of(profile, {"THE_KEY": KEY})


def _request(text: str = "one two three") -> Request:
    return Request(
        messages=({"role": "user", "content": text},),
        model={"provider": "anthropic", "id": MODEL},
        params={"max_output_tokens": 9},
    )


def _streamed(planned: Planned, deadline_s: float = PATIENCE_S) -> tuple[list[str], Any]:
    """The pieces, and the reply or the failure."""
    pieces: list[str] = []

    async def result(base_url: str) -> Reply | Failure:
        provider = _provider(base_url)
        try:
            return await streamed(provider, _request(), deadline_s, pieces.append)
        except Failure as failure:
            return failure
        finally:
            await provider.close()

    with fault_server(always(planned)) as server:
        return pieces, asyncio.run(result(server.base_url))


def _events(*events: dict[str, Any]) -> tuple[bytes, ...]:
    return tuple(sse(event, event["type"]) for event in events)


def _start(**fields: Any) -> dict[str, Any]:
    usage = {"input_tokens": 5, "cache_read_input_tokens": 100, "output_tokens": 1}
    message = {"type": "message", "model": MODEL, "content": [], "usage": usage, **fields}
    return {"type": "message_start", "message": message}


def _block(index: int, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def _delta(index: int, kind: str, **delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **delta}}


def _end(stop_reason: str | None, output: int = 7, **delta: Any) -> tuple[dict[str, Any], ...]:
    return (
        {
            "type": "message_delta",
            "delta": {"stop_reason": stop_reason, **delta},
            "usage": {"output_tokens": output, "input_tokens": None},
        },
        {"type": "message_stop"},
    )


def test_the_pieces_are_the_answer_and_the_reply_is_that_of_ask():
    headers = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
    }

    async def asked(base_url: str) -> Reply:
        provider = _provider(base_url)
        try:
            return await provider.ask(_request(), PATIENCE_S)
        finally:
            await provider.close()

    with fault_server(always(Planned(headers=headers))) as server:
        whole = asyncio.run(asked(server.base_url))
    pieces, reply = _streamed(Planned(headers=headers))

    # The request has one field more, which the server of the tests counts.
    usage = Usage(input=whole.answer.usage.input + 2, output=3)
    assert pieces == ["one", " two", " three"]
    assert reply == Reply(
        answer=Answer(text="one two three", model=MODEL, usage=usage),
        limits=RateLimits(requests=Window(limit=50, remaining=49)),
    )


def test_thinking_is_no_text_and_tool_calls_arrive_in_parts():
    stream = _events(
        _start(),
        _block(0, type="thinking", thinking="", signature=""),
        _delta(0, "thinking_delta", thinking="Let me see."),
        _delta(0, "signature_delta", signature="s"),
        _block(1, type="text", text=""),
        _delta(1, "text_delta", text="I "),
        _delta(1, "text_delta", text="look."),
        _block(2, type="tool_use", id="c1", name="find", input={}),
        _delta(2, "input_json_delta", partial_json=""),
        _delta(2, "input_json_delta", partial_json='{"q": [1,'),
        _delta(2, "input_json_delta", partial_json=" null]}"),
        _block(3, type="tool_use", id="c2", name="stop", input={}),
        _delta(3, "input_json_delta", partial_json=""),
        *_end("tool_use"),
    )

    assert _streamed(Planned(stream=stream)) == (
        ["I ", "look."],
        Reply(
            answer=Answer(
                text="I look.",
                tool_calls=(
                    {"name": "find", "arguments": {"q": [1, None]}},
                    {"name": "stop", "arguments": {}},
                ),
                finish_reason="tool_calls",
                model=MODEL,
                usage=Usage(input=105, output=7, cached=100),
            )
        ),
    )


@pytest.mark.parametrize(
    ("end", "pieces", "text", "finish_reason"),
    [
        (_end("max_tokens"), ["half"], "half", "length"),
        (_end("refusal"), ["half"], "half", "content_filter"),
    ],
)
def test_an_answer_that_was_cut_has_its_finish_reason(end, pieces, text, finish_reason):
    stream = _events(
        _start(), _block(0, type="text", text=""), _delta(0, "text_delta", text="half")
    )

    found, reply = _streamed(Planned(stream=(*stream, *_events(*end))))

    assert found == pieces
    assert (reply.answer.text, reply.answer.finish_reason) == (text, finish_reason)


def test_a_refusal_without_text_passes_its_explanation_on():
    details = {"type": "refusal", "explanation": "This is harmful."}

    pieces, reply = _streamed(
        Planned(stream=_events(_start(), *_end("refusal", stop_details=details)))
    )

    assert pieces == ["This is harmful."]
    assert (reply.answer.text, reply.answer.finish_reason) == (
        "This is harmful.",
        "content_filter",
    )


BEGUN = _events(_start(), _block(0, type="text", text=""), _delta(0, "text_delta", text="half"))


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
            (
                *BEGUN,
                sse(
                    {"type": "error", "error": {"type": "overloaded_error", "message": "x"}},
                    "error",
                ),
            ),
            Ending.WHOLE,
            "server",
            True,
            "the server answered with status 529: x",
        ),
        (
            (
                *BEGUN,
                sse(
                    {"type": "error", "error": {"type": "rate_limit_error", "message": "x"}},
                    "error",
                ),
            ),
            Ending.WHOLE,
            "rate",
            True,
            "the server answered with status 429: x",
        ),
        (
            (*BEGUN, sse("no JSON", "content_block_delta")),
            Ending.WHOLE,
            "bad_answer",
            False,
            "the answer is a stream of something other than JSON",
        ),
        (
            (*BEGUN, sse("[" * 99_999, "content_block_delta")),
            Ending.WHOLE,
            "bad_answer",
            False,
            "the answer is a stream of something other than JSON",
        ),
    ],
    ids=["ended", "cut", "overloaded", "rate", "not JSON", "too deep"],
)
def test_a_stream_that_breaks_off_is_a_failure_after_its_pieces(
    stream, ending, kind, retryable, message
):
    pieces, failure = _streamed(Planned(stream=stream, ending=ending))

    assert pieces == ["half"]
    assert (failure.kind, failure.retryable, failure.message) == (kind, retryable, message)


def test_values_of_other_types_are_ignored():
    stream = _events(
        {"type": "message_start", "message": [1]},
        {"type": "content_block_start", "index": {}, "content_block": 1},
        {"type": "content_block_delta", "index": 7, "delta": {"type": "text_delta", "text": "x"}},
        {"type": "content_block_delta", "index": {}, "delta": [2]},
        _block(1, type="text", text="a"),
        _delta(1, "text_delta", text=3),
        {"type": "message_delta", "delta": None, "usage": "many"},
        {"type": "of the future"},
        {"type": "message_stop"},
    )

    assert _streamed(Planned(stream=stream)) == (["a"], Reply(answer=Answer(text="a")))


def test_a_server_that_does_not_stream_is_parsed_as_a_whole():
    body = b'{"content": [{"type": "text", "text": "whole"}], "stop_reason": "end_turn"}'

    assert _streamed(Planned(body=body)) == (["whole"], Reply(answer=Answer(text="whole")))


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "drip"])
def test_every_fault_is_a_failure(fault):
    _, failure = _streamed(FAULTS[fault], SHORT_S if fault == "silent" else PATIENCE_S)

    assert isinstance(failure, Failure)
    assert failure.message.isprintable()


def test_a_stream_with_the_key_is_discarded_before_the_key_is_passed_on():
    stream = (
        *_events(_start(), _block(0, type="text", text="")),
        *_events(
            *(_delta(0, "text_delta", text=each) for each in ("My key is ", KEY[:9], KEY[9:]))
        ),
        *_events(*_end("end_turn")),
    )

    pieces, failure = _streamed(Planned(stream=stream))

    assert pieces == ["My key is "]
    assert failure.message == (
        "the answer is discarded because it contains the API key that was sent"
    )
