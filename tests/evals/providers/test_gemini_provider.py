"""The `gemini` provider and a strict server: what it sends, parses, and never shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promptops.evals.providers import Failure, RateLimits, Reply, Window
from promptops.model.answer import Answer, Usage
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from tests.evals.providers.approved import provider_of
from tests.evals.providers.called import result_of
from tests.servers.answers import FAULTS
from tests.servers.answers import Answer as Planned
from tests.servers.fault_server import fault_server
from tests.servers.plans import always

KEY = "AIzaCanary7f3a9b2c5d1e4a6b8c0d"
MODEL = "gemini-3.5-flash"


def _profile(base_url: str, **fields: Any) -> ModelProfile:
    known = {"name": "flash", "provider": "gemini", "id": MODEL, "api_key_env": "THE_KEY"}
    return ModelProfile(**{**known, "base_url": base_url, **fields})


def _request(text: str = "Say hello.", **fields: Any) -> Request:
    known = {
        "messages": ({"role": "user", "content": text},),
        "model": {"provider": "gemini", "id": MODEL},
    }
    return Request(**{**known, **fields})


def _with_options(**options: Any) -> Request:
    return _request(provider_options={"gemini": options})


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


def test_an_answer_has_its_text_usage_and_model():
    with fault_server() as server:
        reply = _result(_profile(server.base_url), _request("one two three"))

    assert reply == Reply(
        answer=Answer(text="one two three", model=MODEL, usage=Usage(input=10, output=3))
    )


@pytest.mark.parametrize(
    ("suffix", "version"),
    [("", "v1"), ("/", "v1"), ("/v1", "v1"), ("/v1beta", "v1beta"), ("/v1beta/", "v1beta")],
)
def test_an_address_may_end_with_the_version_of_the_api(suffix, version):
    with fault_server() as server:
        _result(_profile(server.base_url.removesuffix("/v1") + suffix), _request())
        (received,) = server.requests

    assert received.path == f"/{version}/models/{MODEL}:generateContent"


def test_a_request_is_sent_in_the_form_of_the_api():
    call = {"id": "c1", "name": "find", "arguments": {"q": "x"}}
    request = _request(
        messages=(
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Find x."},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": '{"device": "router"}'},
        ),
        params={"max_output_tokens": 9, "temperature": 0, "stop": "END"},
        tools=({"name": "find", "description": "Finds.", "parameters": {"type": "object"}},),
        response_format={"format": "json", "schema": {"type": "object"}, "name": "n"},
        provider_options={
            "gemini": {
                "cached_content": "cachedContents/1",
                "safety_settings": [
                    {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}
                ],
            },
            "openai": {"top_k": 3},
        },
    )

    received = _sent(request, headers={"X-Team": "support"})

    assert received.json == {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "Find x."}]},
            {
                "role": "model",
                "parts": [{"functionCall": {"id": "c1", "name": "find", "args": {"q": "x"}}}],
            },
            {
                "role": "user",
                "parts": [
                    {
                        "functionResponse": {
                            "id": "c1",
                            "name": "find",
                            "response": {"device": "router"},
                        }
                    }
                ],
            },
        ],
        "generationConfig": {
            "temperature": 0.0,
            "maxOutputTokens": 9,
            "stopSequences": ["END"],
            "responseMimeType": "application/json",
            "responseJsonSchema": {"type": "object"},
        },
        "tools": [
            {
                "functionDeclarations": [
                    {
                        "name": "find",
                        "description": "Finds.",
                        "parameters_json_schema": {"type": "object"},
                    }
                ]
            }
        ],
        "cachedContent": "cachedContents/1",
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
    }
    assert received.headers["x-goog-api-key"] == KEY
    assert received.headers["x-team"] == "support"
    assert received.headers["accept-encoding"] == "identity"
    assert "authorization" not in received.headers


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            _with_options(http_options={"base_url": "http://127.0.0.1:9"}),
            "`http_options` in `provider_options.gemini` is not supported",
        ),
        (
            _with_options(httpOptions={"headers": {"x": "y"}}),
            "`http_options` in `provider_options.gemini` is not supported",
        ),
        (
            _request(provider_options={"vertexai": {"http_options": {}}}),
            "`http_options` in `provider_options.vertexai` is not supported",
        ),
        (
            _with_options(systemInstruction="x"),
            "`system_instruction` in `provider_options.gemini` contradicts the prompt",
        ),
        (
            _with_options(automatic_continuation=True),
            "`automatic_continuation` in `provider_options.gemini` is not supported",
        ),
        (
            _with_options(candidateCount=2),
            "`candidate_count` in `provider_options.gemini` requests more than one answer",
        ),
        (
            _with_options(top_kk=3),
            "`top_kk` in `provider_options.gemini` is invalid: extra inputs are not permitted",
        ),
        (
            _request(params={"parallel_tool_calls": False}),
            "gemini can't express `parallel_tool_calls: false`, at /params/parallel_tool_calls",
        ),
        (_request(messages=()), "gemini requires a user message, at /messages"),
        (
            _request(provider_options={"openai": {"api": "embeddings"}}),
            "the provider `gemini` has no embeddings",
        ),
    ],
)
def test_what_the_api_can_not_express_is_not_sent(request_, message):
    with fault_server() as server:
        failure = _result(_profile(server.base_url), request_)

        assert server.requests == []
    assert (failure.kind, failure.retryable, failure.message) == ("refused", False, message)


@pytest.mark.parametrize("model", ["../../v1/files", "m?key=x", "m&x=y"])
def test_a_model_id_can_not_change_the_path(model):
    with fault_server() as server:
        failure = _result(_profile(server.base_url), _request(model={"id": model}))

        assert server.requests == []
    assert failure.kind == "refused"


def test_a_parameter_that_the_model_refuses_is_named():
    error = {
        "code": 400,
        "message": "Request contains an invalid argument.",
        "status": "INVALID_ARGUMENT",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [
                    {"field": "generation_config.thinking_config", "description": "Unsupported."}
                ],
            }
        ],
    }

    failure = _answered({"error": error}, status=400)

    assert (failure.kind, failure.retryable, failure.message) == (
        "refused",
        False,
        "the server answered with status 400: Request contains an invalid argument. "
        "(`generation_config.thinking_config`)",
    )


def _candidate(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"content": {"role": "model", "parts": list(parts)}, **fields}


def _body(*candidates: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"candidates": list(candidates), "modelVersion": "gemini-3.5-flash-001", **fields}


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (
            _body(
                _candidate(
                    {"text": "Let me see.", "thought": True},
                    {"text": "Hello", "thoughtSignature": "c2lnbmVk"},
                    {"executableCode": {"code": "print()"}},
                    {"text": " there"},
                    finishReason="STOP",
                ),
                _candidate({"text": "another"}),
                usageMetadata={
                    "promptTokenCount": 120,
                    "cachedContentTokenCount": 100,
                    "toolUsePromptTokenCount": 5,
                    "candidatesTokenCount": 2,
                    "thoughtsTokenCount": 7,
                },
            ),
            Answer(
                text="Hello there",
                model="gemini-3.5-flash-001",
                usage=Usage(input=125, output=9, cached=100),
            ),
        ),
        (
            _body(
                _candidate(
                    {"functionCall": {"id": "c1", "name": "find", "args": {"q": [1, None]}}},
                    {"functionCall": {"name": "stop"}},
                    finishReason="STOP",
                )
            ),
            Answer(
                text="",
                tool_calls=(
                    {"name": "find", "arguments": {"q": [1, None]}},
                    {"name": "stop", "arguments": {}},
                ),
                finish_reason="tool_calls",
                model="gemini-3.5-flash-001",
            ),
        ),
        (
            _body(_candidate({"text": "half"}, finishReason="MAX_TOKENS")),
            Answer(text="half", finish_reason="length", model="gemini-3.5-flash-001"),
        ),
        (
            _body({"finishReason": "SAFETY", "finishMessage": "Blocked."}),
            Answer(text="Blocked.", finish_reason="content_filter", model="gemini-3.5-flash-001"),
        ),
        (
            _body(_candidate({"text": "half"}, finishReason="RECITATION")),
            Answer(text="half", finish_reason="content_filter", model="gemini-3.5-flash-001"),
        ),
        (
            _body(_candidate(finishReason="MALFORMED_FUNCTION_CALL")),
            Answer(text="", finish_reason="malformed_function_call", model="gemini-3.5-flash-001"),
        ),
        (
            {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4}},
            Answer(text="", finish_reason="content_filter", usage=Usage(input=4)),
        ),
        (
            {"promptFeedback": {"blockReason": "OTHER", "blockReasonMessage": "Not allowed."}},
            Answer(text="Not allowed.", finish_reason="content_filter"),
        ),
        (
            _body(_candidate({"text": "a\ud800b"}, {"text": 7}, {"functionCall": 3})),
            Answer(
                text="a?b",
                tool_calls=({"name": "", "arguments": {}},),
                finish_reason="tool_calls",
                model="gemini-3.5-flash-001",
            ),
        ),
        ({"candidates": [{"content": []}], "usageMetadata": "many"}, Answer(text="")),
    ],
)
def test_an_answer_is_parsed_whatever_it_contains(body, answer):
    assert _answered(body) == Reply(answer=answer)


def _error(code: int, message: str, status: str, *details: dict[str, Any]) -> dict[str, Any]:
    return {"code": code, "message": message, "status": status, "details": list(details)}


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}


def _quota(id_: str) -> dict[str, Any]:
    violations = [{"quotaId": id_, "quotaValue": "50"}]
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": violations}


@pytest.mark.parametrize(
    ("error", "kind", "retryable", "retry_after_s"),
    [
        (_error(400, "API key not valid.", "INVALID_ARGUMENT"), "refused", False, None),
        (_error(403, "no access", "PERMISSION_DENIED"), "refused", False, None),
        (_error(404, "no such model", "NOT_FOUND"), "refused", False, None),
        (
            _error(429, "slower", "RESOURCE_EXHAUSTED", _quota("RequestsPerMinute"), RETRY),
            "rate",
            True,
            34.5,
        ),
        (
            _error(429, "tomorrow", "RESOURCE_EXHAUSTED", _quota("RequestsPerDay-Free"), RETRY),
            "refused",
            False,
            34.5,
        ),
        (_error(500, "sorry", "INTERNAL"), "server", True, None),
        (_error(503, "overloaded", "UNAVAILABLE"), "server", True, None),
        (_error(504, "too slow", "DEADLINE_EXCEEDED"), "server", True, None),
    ],
)
@pytest.mark.parametrize("as_list", [False, True])
def test_an_error_is_reported_with_the_message_of_the_server(
    error, kind, retryable, retry_after_s, as_list
):
    body = {"error": error}
    failure = _answered([body] if as_list else body, status=error["code"])

    assert failure.message == (
        f"the server answered with status {error['code']}: {error['message']}"
    )
    assert (failure.kind, failure.retryable) == (kind, retryable)
    assert failure.retry_after_s == retry_after_s


def test_a_header_with_the_wait_counts_more_than_the_error():
    body = {"error": _error(429, "slower", "RESOURCE_EXHAUSTED", RETRY)}

    failure = _answered(body, status=429, headers={"retry-after": "7"})

    assert failure.retry_after_s == 7.0


def test_rate_limits_of_a_gateway_are_kept():
    headers = {"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "59"}
    with fault_server(always(Planned(headers=headers))) as server:
        reply = _result(_profile(server.base_url), _request())

    assert reply.limits == RateLimits(requests=Window(limit=60, remaining=59))


@pytest.mark.parametrize("fault", ["429", "500", "reset"])
def test_a_single_try_is_one_request(fault):
    with fault_server(always(FAULTS[fault])) as server:
        _result(_profile(server.base_url), _request())

        assert len(server.requests) == 1


def test_an_unfinished_answer_is_not_continued():
    body = _body(_candidate({"text": "half"}, finishReason="CONTINUATION"), continuationToken="x")
    with fault_server(always(Planned(body=json.dumps(body).encode()))) as server:
        reply = _result(_profile(server.base_url), _request())

        assert len(server.requests) == 1
    assert reply.answer.finish_reason == "length"


@pytest.mark.parametrize("address", ["http://[", "http://[::1", "http://127.0.0.1:port/v1"])
def test_an_invalid_address_is_wrong_usage(address):
    from promptops.errors import UsageError

    with pytest.raises(UsageError) as refused:
        provider_of(_profile(address), {"THE_KEY": KEY})

    assert (refused.value.message, refused.value.where) == (
        "this is not a valid address",
        "models.flash.base_url",
    )


def test_the_user_of_an_address_is_sent_as_one_and_is_in_no_address():
    with fault_server() as server:
        address = server.base_url.replace("://", "://ann:secret@")
        _result(_profile(address), _request())
        (received,) = server.requests

    assert received.headers["authorization"] == "Basic YW5uOnNlY3JldA=="


def test_no_value_of_the_environment_for_another_address_is_sent(monkeypatch, caplog, capfd):
    canary = "canary-of-the-environment"
    monkeypatch.setenv("GOOGLE_API_KEY", canary)
    monkeypatch.setenv("GEMINI_API_KEY", canary)
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_GENAI_USE_ENTERPRISE", "false")
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", canary)
    monkeypatch.setenv("GOOGLE_GENAI_CLIENT_MODE", "replay")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", canary)
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", f"http://127.0.0.1:9/{canary}")
    monkeypatch.setenv("GOOGLE_VERTEX_BASE_URL", f"http://127.0.0.1:9/{canary}")

    received = _sent(_request(), api_key_env=None)

    assert canary not in repr(received)
    assert received.headers["x-goog-api-key"] == "no-key"
    assert capfd.readouterr() == ("", "")
