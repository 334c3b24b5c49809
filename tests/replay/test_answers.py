"""An answer that was recorded for a case is the same after any API sent it, streamed or not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promptops.evals.providers import anthropic, gemini, openai
from promptops.model.answer import Answer, Usage
from promptops.records import replace
from promptops.replay.answers import body_of, error_body, stream_of, usage_of
from promptops.replay.requests import APIS, Api, ApiRequest

CALL = {"name": "lookup_order", "arguments": {"id": "1182", "why": "late  é"}}
USAGE = Usage(input=10, output=4, cached=3)
ANSWERS = {
    "text": Answer(text=" Two\n\nlines, ä. ", model="m-1", usage=USAGE),
    "empty": Answer(text="", model="m-1"),
    "cut": Answer(text="Two", finish_reason="length", model="m-1", usage=USAGE),
    "calls": Answer(text="", tool_calls=(CALL, CALL), finish_reason="tool_calls", model="m-1"),
    "both": Answer(text="I look.", tool_calls=(CALL,), finish_reason="tool_calls", model="m-1"),
    "filtered": Answer(text="No.", finish_reason="content_filter", model="m-1", usage=USAGE),
}
READERS: dict[Api, Any] = {
    "chat": openai.APIS["chat"].answer,
    "responses": openai.APIS["responses"].answer,
    "messages": anthropic.answer_of,
    "gemini": gemini.answer_of,
}
STREAMS: dict[Api, Any] = {
    "chat": openai.APIS["chat"].streamed,
    "responses": openai.APIS["responses"].streamed,
    "messages": anthropic.StreamedMessage,
    "gemini": gemini.StreamedContent,
}


def _request(api: Api) -> ApiRequest:
    return ApiRequest(api=api, body={"model": "m-1"}, streamed=True, with_usage=True)


def _events(stream: list[bytes]) -> list[Any]:
    lines = b"".join(stream).decode().split("\n")
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    return [json.loads(each) for each in data if each != "[DONE]"]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_read_from_its_body_and_from_its_stream(api: Api, name: str) -> None:
    answer = ANSWERS[name]
    request, pieces = _request(api), []
    streamed = STREAMS[api](pieces.append)

    body = body_of(request, answer)
    for event in _events(list(stream_of(request, body))):
        streamed.add(event)

    assert READERS[api](body) == answer
    assert READERS[api](streamed.whole()) == answer
    assert "".join(pieces) == answer.text
    assert replace(usage_of(api, body), cached=answer.usage.cached) == answer.usage


@pytest.mark.parametrize("api", APIS)
def test_an_answer_has_the_same_body_each_time(api: Api) -> None:
    answer = ANSWERS["both"]

    assert body_of(_request(api), answer) == body_of(_request(api), answer)


@pytest.mark.parametrize(
    ("api", "status", "expected"),
    [
        (
            "chat",
            429,
            {
                "error": {
                    "message": "why",
                    "type": "rate_limit_error",
                    "param": None,
                    "code": None,
                }
            },
        ),
        (
            "messages",
            400,
            {"type": "error", "error": {"type": "invalid_request_error", "message": "why"}},
        ),
        (
            "gemini",
            503,
            {"error": {"code": 503, "message": "why", "status": "UNAVAILABLE"}},
        ),
    ],
)
def test_an_error_has_the_shape_of_its_provider(api: Api, status: int, expected: Any) -> None:
    assert error_body(api, status, "why") == expected
