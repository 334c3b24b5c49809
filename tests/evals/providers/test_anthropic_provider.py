"""The `anthropic` provider and a strict server: what it sends, parses, and never shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promptops.evals.providers import Failure, RateLimits, Reply, Window
from promptops.model.answer import Answer, Usage
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from tests.evals.providers.called import result_of
from tests.servers.answers import FAULTS
from tests.servers.answers import Answer as Planned
from tests.servers.fault_server import fault_server
from tests.servers.plans import always

KEY = "sk-ant-canary-7f3a9b2c5d"
MODEL = "claude-opus-5"


def _profile(base_url: str, **fields: Any) -> ModelProfile:
    known = {"name": "claude", "provider": "anthropic", "id": MODEL, "api_key_env": "THE_KEY"}
    return ModelProfile(**{**known, "base_url": base_url, **fields})


def _request(text: str = "Say hello.", **fields: Any) -> Request:
    known = {
        "messages": ({"role": "user", "content": text},),
        "model": {"provider": "anthropic", "id": MODEL},
        "params": {"max_output_tokens": 9},
    }
    return Request(**{**known, **fields})


def _with_options(**options: Any) -> Request:
    return _request(provider_options={"anthropic": options})


def _result(profile: ModelProfile, request: Request) -> Reply | Failure:
    return result_of(profile, request, KEY)


def _answered(body: Any, **planned: Any) -> Reply | Failure:
    """The result if the server answers with a body."""
    with fault_server(always(Planned(body=json.dumps(body).encode(), **planned))) as server:
        return _result(_profile(server.base_url), _request())


def _sent(request: Request, **fields: Any) -> Any:
    with fault_server() as server:
        assert isinstance(_result(_profile(server.base_url, **fields), request), Reply)
        (received,) = server.requests
    return received


def test_an_answer_has_its_text_usage_model_and_rate_limits():
    headers = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2020-01-01T00:00:00Z",
        "anthropic-ratelimit-input-tokens-limit": "30000",
        "anthropic-ratelimit-input-tokens-remaining": "29000",
        "anthropic-ratelimit-input-tokens-reset": "2020-01-01T00:00:00Z",
    }
    with fault_server(always(Planned(headers=headers))) as server:
        reply = _result(_profile(server.base_url), _request("one two three"))

    assert reply == Reply(
        answer=Answer(text="one two three", model=MODEL, usage=Usage(input=14, output=3)),
        limits=RateLimits(
            requests=Window(limit=50, remaining=49, reset_s=0.0),
            tokens=Window(limit=30000, remaining=29000, reset_s=0.0),
        ),
    )


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
def test_an_address_may_end_with_the_version_of_the_api(suffix):
    with fault_server() as server:
        address = server.base_url.removesuffix("/v1") + suffix
        _result(_profile(address), _request())
        (received,) = server.requests

    assert received.path == "/v1/messages"


def test_a_request_is_sent_in_the_form_of_the_messages_api():
    call = {"id": "c1", "name": "find", "arguments": {"q": "x"}}
    request = _request(
        messages=(
            {"role": "system", "content": "Be brief.", "cache": True},
            {"role": "user", "content": "Find x."},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "a router"},
        ),
        params={"max_output_tokens": 9, "stop": "END"},
        tools=({"name": "find", "description": "", "parameters": {"type": "object"}},),
        provider_options={
            "anthropic": {
                "extra_headers": {"anthropic-version": "2023-06-01"},
                "extra_body": {"service_tier": "auto"},
            },
            "openai": {"top_k": 3},
        },
    )

    received = _sent(request, headers={"X-Team": "support"})

    assert received.json == {
        "model": MODEL,
        "max_tokens": 9,
        "system": [
            {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}},
        ],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Find x."}]},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "c1", "name": "find", "input": {"q": "x"}}],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "c1",
                        "content": [{"type": "text", "text": "a router"}],
                    }
                ],
            },
        ],
        "stop_sequences": ["END"],
        "tools": [{"name": "find", "input_schema": {"type": "object"}}],
        "service_tier": "auto",
    }
    assert received.headers["anthropic-version"] == "2023-06-01"
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.headers["x-team"] == "support"
    assert received.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            _with_options(model="x"),
            "`model` in `provider_options.anthropic` contradicts the prompt",
        ),
        (
            _with_options(extra_body={"messages": []}),
            "`messages` in `provider_options.anthropic` contradicts the prompt",
        ),
        (
            _with_options(system="x"),
            "`system` in `provider_options.anthropic` contradicts the prompt",
        ),
        (_with_options(stream=True), "`stream` in `provider_options.anthropic` is not supported"),
        (
            _with_options(extra_query={"a": "b"}),
            "`extra_query` in `provider_options.anthropic` is not supported",
        ),
        (
            _with_options(extra_headers={"X-Api-Key": "x"}),
            "`X-Api-Key` in `provider_options.anthropic.extra_headers` is not supported; "
            "set `headers` in the profile",
        ),
        (_request(params={}), "`max_output_tokens` is missing: anthropic requires it, at /params"),
        (
            _request(params={"max_output_tokens": 9, "seed": 7}),
            "anthropic can't express `seed`, at /params/seed",
        ),
        (_request(messages=()), "anthropic requires a user message, at /messages"),
    ],
)
def test_what_the_api_can_not_express_is_not_sent(request_, message):
    with fault_server() as server:
        failure = _result(_profile(server.base_url), request_)

        assert server.requests == []
    assert (failure.kind, failure.retryable, failure.message) == ("refused", False, message)


def test_a_parameter_that_the_model_refuses_is_named():
    with fault_server() as server:
        failure = _result(_profile(server.base_url), _with_options(extra_body={"temperature": 1}))

    assert (failure.kind, failure.retryable) == ("refused", False)
    assert failure.message.startswith("the server answered with status 400: ")
    assert "temperature" in failure.message


def _message(*content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "message", "model": "claude-opus-5-0601", "content": list(content), **fields}


def _text(text: Any) -> dict[str, Any]:
    return {"type": "text", "text": text}


THINKING = {"type": "thinking", "thinking": "Let me see.", "signature": "s"}
USE = {"type": "tool_use", "id": "c1", "name": "find", "input": {"q": [1, None]}}


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (
            _message(
                THINKING,
                {"type": "redacted_thinking", "data": "x"},
                _text("Hello"),
                {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
                {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
                _text(" there"),
                stop_reason="end_turn",
                usage={
                    "input_tokens": 5,
                    "cache_read_input_tokens": 100,
                    "cache_creation_input_tokens": 20,
                    "output_tokens": 7,
                },
            ),
            Answer(
                text="Hello there",
                model="claude-opus-5-0601",
                usage=Usage(input=125, output=7, cached=100),
            ),
        ),
        (
            _message(_text("I look."), USE, stop_reason="tool_use"),
            Answer(
                text="I look.",
                tool_calls=({"name": "find", "arguments": {"q": [1, None]}},),
                finish_reason="tool_calls",
                model="claude-opus-5-0601",
            ),
        ),
        (
            _message(_text("half"), stop_reason="max_tokens"),
            Answer(text="half", finish_reason="length", model="claude-opus-5-0601"),
        ),
        (
            _message(_text("half"), stop_reason="model_context_window_exceeded"),
            Answer(text="half", finish_reason="length", model="claude-opus-5-0601"),
        ),
        (
            _message(_text("so far"), stop_reason="pause_turn"),
            Answer(text="so far", finish_reason="length", model="claude-opus-5-0601"),
        ),
        (
            _message(_text("1, 2"), stop_reason="stop_sequence", stop_sequence=","),
            Answer(text="1, 2", model="claude-opus-5-0601"),
        ),
        (
            _message(
                stop_reason="refusal",
                stop_details={"type": "refusal", "explanation": "This is harmful."},
            ),
            Answer(
                text="This is harmful.", finish_reason="content_filter", model="claude-opus-5-0601"
            ),
        ),
        (
            _message(_text("No."), stop_reason="refusal"),
            Answer(text="No.", finish_reason="content_filter", model="claude-opus-5-0601"),
        ),
        (
            _message(_text("a\ud800b"), {"type": "tool_use", "name": 7}, usage=[3], model={}),
            Answer(
                text="a?b",
                tool_calls=({"name": "", "arguments": {}},),
                finish_reason="tool_calls",
            ),
        ),
        ({"content": [_text(1), "x", None]}, Answer(text="")),
    ],
)
def test_an_answer_is_parsed_whatever_it_contains(body, answer):
    assert _answered(body) == Reply(answer=answer)


@pytest.mark.parametrize(
    ("status", "error", "kind", "retryable"),
    [
        (400, {"type": "invalid_request_error", "message": "too long"}, "refused", False),
        (401, {"type": "authentication_error", "message": "invalid"}, "refused", False),
        (402, {"type": "billing_error", "message": "pay first"}, "refused", False),
        (413, {"type": "request_too_large", "message": "too large"}, "refused", False),
        (429, {"type": "rate_limit_error", "message": "slower"}, "rate", True),
        (
            429,
            {
                "type": "rate_limit_error",
                "message": "limit of this month",
                "details": {"error_code": "enforced_spend_limit_reached"},
            },
            "refused",
            False,
        ),
        (529, {"type": "overloaded_error", "message": "overloaded"}, "server", True),
    ],
)
def test_an_error_is_reported_with_the_message_of_the_server(status, error, kind, retryable):
    failure = _answered({"type": "error", "error": error}, status=status)

    assert failure.message == f"the server answered with status {status}: {error['message']}"
    assert (failure.kind, failure.retryable) == (kind, retryable)


def test_the_wait_and_the_limits_of_an_error_are_kept():
    headers = {
        "retry-after": "7",
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "0",
    }

    failure = _answered({"type": "error", "error": {}}, status=429, headers=headers)

    assert failure.retry_after_s == 7.0
    assert failure.limits.requests == Window(limit=50, remaining=0)


def test_a_single_try_is_one_request():
    with fault_server(always(FAULTS["500"])) as server:
        _result(_profile(server.base_url), _request())

        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "request_", [_request("a\ud800"), _with_options(extra_body={"x": float("nan")})]
)
def test_a_request_that_can_not_be_encoded_is_a_failure(request_):
    with fault_server() as server:
        failure = _result(_profile(server.base_url), request_)

    assert (failure.kind, failure.retryable) == ("refused", False)


def test_no_value_of_the_environment_for_another_address_is_sent(monkeypatch):
    canary = "canary-of-the-environment"
    monkeypatch.setenv("ANTHROPIC_API_KEY", canary)
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", canary)
    monkeypatch.setenv("ANTHROPIC_PROFILE", canary)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:9/{canary}")
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", f"Authorization: {canary}\nX-Other: {canary}")

    received = _sent(_request(), api_key_env=None)

    assert canary not in repr(received)
    assert received.headers["authorization"] == "Bearer no-key"
