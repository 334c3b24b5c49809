"""The `openai` provider and a real server: what it sends, what it reads, what it never shows."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Any

import pytest

from promptops.errors import UsageError
from promptops.evals.providers import Failure, RateLimits, Reply, Window
from promptops.model.answer import Answer, Usage
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from tests.evals.providers.approved import provider_of
from tests.evals.providers.called import PATIENCE_S, result_of
from tests.servers.answers import FAULTS
from tests.servers.answers import Answer as Planned
from tests.servers.fault_server import fault_server
from tests.servers.plans import always

KEY = "sk-canary-7f3a9b2c5d"


def _profile(base_url: str, **said: Any) -> ModelProfile:
    known = {"name": "fast", "provider": "local", "id": "m-1", "api_key_env": "THE_KEY"}
    return ModelProfile(**{**known, "base_url": base_url, **said})


def _request(text: str = "Say hello.", **said: Any) -> Request:
    messages = ({"role": "user", "content": text},)
    return Request(**{"messages": messages, "model": {"provider": "local", "id": "m-1"}, **said})


def _asked(profile: ModelProfile, request: Request) -> Reply | Failure:
    return result_of(profile, request, KEY)


def _answering(body: Any, request: Request, **planned: Any) -> Reply | Failure:
    """What is made of an answer of the server."""
    with fault_server(always(Planned(body=json.dumps(body).encode(), **planned))) as server:
        return _asked(_profile(server.base_url), request)


def _sent(request: Request, **profile: Any) -> Any:
    with fault_server() as server:
        _asked(_profile(server.base_url, **profile), request)
        (received,) = server.requests
    return received


def test_an_answer_has_its_text_its_usage_and_who_gave_it():
    headers = {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1s",
    }
    with fault_server(always(Planned(headers=headers))) as server:
        reply = _asked(_profile(server.base_url), _request("one two three"))

    assert reply == Reply(
        answer=Answer(
            text="one two three",
            model="m-1",
            fingerprint="fp_echo",
            usage=Usage(input=3, output=3),
        ),
        limits=RateLimits(requests=Window(limit=60, remaining=59, reset_s=1.0)),
    )


def test_only_what_the_prompt_says_is_sent():
    received = _sent(_request())

    assert received.json == {
        "model": "m-1",
        "messages": [{"role": "user", "content": "Say hello."}],
    }
    assert received.path == "/v1/chat/completions"


def test_parameters_and_what_only_a_provider_knows_are_sent_as_they_are():
    options = {"openai": {"top_k": 3, "extra_body": {"min_p": 0.1}}, "other": {"x": 1}}
    params = {"temperature": 0, "seed": 7, "max_output_tokens": 9}

    received = _sent(_request(params=params, provider_options=options))

    assert received.json == {
        "model": "m-1",
        "messages": [{"role": "user", "content": "Say hello."}],
        "temperature": 0,
        "seed": 7,
        "max_completion_tokens": 9,
        "top_k": 3,
        "min_p": 0.1,
    }


@pytest.mark.parametrize("options", [{"stream": True}, {"n": 2}, {"extra_body": {"n": 3}}])
def test_more_than_one_answer_is_not_asked_for(options):
    with fault_server() as server:
        failure = _asked(_profile(server.base_url), _request(provider_options={"openai": options}))

        assert server.requests == []
    assert failure.kind == "refused"


@pytest.mark.parametrize("api", ["chat", "responses", "embeddings", "moderations"])
@pytest.mark.parametrize("name", ["model", "messages", "input"])
@pytest.mark.parametrize("in_body", [False, True])
def test_an_option_does_not_ask_for_anything_else_than_the_request_does(api, name, in_body):
    options = {"extra_body": {name: "dearest"}} if in_body else {name: "dearest"}
    request = _request(provider_options={"openai": {"api": api, **options}})
    with fault_server() as server:
        failure = _asked(_profile(server.base_url), request)

        assert server.requests == []
    assert (failure.kind, failure.message) == (
        "refused",
        f"`{name}` in `provider_options.openai` contradicts the prompt",
    )


def test_who_refuses_a_connection_is_told_in_the_words_of_the_system():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # without `listen` nothing connects to it
        failure = _asked(_profile(f"http://127.0.0.1:{bound.getsockname()[1]}/v1"), _request())

    assert (failure.kind, failure.message) == (
        "connection",
        "connection refused: is the server running?",
    )


def test_the_responses_api_is_asked_where_the_prompt_says_so():
    tool = {"name": "find", "description": "", "parameters": {"type": "object"}, "strict": True}
    call = {"id": "c1", "name": "find", "arguments": {"q": "x"}}
    request = _request(
        messages=(
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "What is it?"}]},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "a router"},
            {"role": "assistant", "content": [{"type": "text", "text": "A router."}]},
            {
                "role": "user",
                "content": [
                    {"type": "image", "url": "https://example.com/a.png", "detail": "low"},
                    {"type": "document", "data": "AAAA", "title": "a.pdf"},
                ],
            },
        ),
        params={"max_output_tokens": 9, "reasoning_effort": "low"},
        tools=(tool,),
        tool_choice={"name": "find"},
        response_format={
            "format": "json",
            "schema": {"type": "object"},
            "name": "n",
            "strict": True,
        },
        provider_options={"openai": {"api": "responses"}},
    )

    received = _sent(request)

    assert received.path == "/v1/responses"
    assert received.json == {
        "store": False,
        "model": "m-1",
        "max_output_tokens": 9,
        "reasoning": {"effort": "low"},
        "tools": [
            {"type": "function", "name": "find", "parameters": {"type": "object"}, "strict": True}
        ],
        "tool_choice": {"type": "function", "name": "find"},
        "text": {
            "format": {
                "type": "json_schema",
                "name": "n",
                "schema": {"type": "object"},
                "strict": True,
            }
        },
        "input": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "input_text", "text": "What is it?"}]},
            {"type": "function_call", "call_id": "c1", "name": "find", "arguments": '{"q": "x"}'},
            {"type": "function_call_output", "call_id": "c1", "output": "a router"},
            {"role": "assistant", "content": [{"type": "output_text", "text": "A router."}]},
            {
                "role": "user",
                "content": [
                    {
                        "type": "input_image",
                        "image_url": "https://example.com/a.png",
                        "detail": "low",
                    },
                    {
                        "type": "input_file",
                        "filename": "a.pdf",
                        "file_data": "data:application/octet-stream;base64,AAAA",
                    },
                ],
            },
        ],
    }


def test_an_api_that_there_is_not_is_a_failure():
    failure = _asked(
        _profile("http://127.0.0.1:9/v1"), _request(provider_options={"openai": {"api": "fax"}})
    )

    assert (failure.kind, failure.message) == (
        "refused",
        "there is no API `fax`; expected one of chat, responses, embeddings, moderations",
    )


def _chat(message: dict[str, Any], **said: Any) -> dict[str, Any]:
    choice = {"message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return {"choices": [{**choice, **said}], "model": "m-1-0601"}


def _calls(*calls: tuple[Any, Any]) -> dict[str, Any]:
    functions = [{"name": name, "arguments": arguments} for name, arguments in calls]
    tool_calls = [{"id": "c", "type": "function", "function": each} for each in functions]
    return {"content": None, "tool_calls": tool_calls}


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (
            _chat(_calls(("find", '{"q": [1, null]}'), ("stop", "{")), finish_reason="tool_calls"),
            Answer(
                text="",
                tool_calls=(
                    {"name": "find", "arguments": {"q": [1, None]}},
                    {"name": "stop", "arguments": "{"},
                ),
                finish_reason="tool_calls",
                model="m-1-0601",
            ),
        ),
        (
            _chat(_calls(("a", "[NaN]"), ("b", "[" * 9999), ("c", None), ("d", {"x": 1}))),
            Answer(
                text="",
                tool_calls=(
                    {"name": "a", "arguments": "[NaN]"},
                    {"name": "b", "arguments": "[" * 9999},
                    {"name": "c", "arguments": {}},
                    {"name": "d", "arguments": {"x": 1}},
                ),
                model="m-1-0601",
            ),
        ),
        (
            _chat({"content": None, "refusal": "I can't."}),
            Answer(text="I can't.", model="m-1-0601"),
        ),
        (
            _chat({"content": "half"}, finish_reason="length"),
            Answer(text="half", finish_reason="length", model="m-1-0601"),
        ),
        (_chat({"content": "a\ud800b"}), Answer(text="a?b", model="m-1-0601")),
        (
            {
                "choices": [{"message": {"content": "x"}}, {"message": {"content": "y"}}],
                "usage": {
                    "prompt_tokens": 9,
                    "completion_tokens": -1,
                    "prompt_tokens_details": {"cached_tokens": 4},
                },
                "system_fingerprint": 7,
            },
            Answer(text="x", usage=Usage(input=9, output=0, cached=4)),
        ),
        (
            {"choices": [{"message": {"content": 1, "tool_calls": 2}}], "usage": [3], "model": {}},
            Answer(text=""),
        ),
    ],
)
def test_an_answer_is_read_whatever_it_holds(body, answer):
    assert _answering(body, _request()) == Reply(answer=answer)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (
            {
                "status": "completed",
                "model": "m-1-0601",
                "output": [
                    {"type": "reasoning", "summary": []},
                    {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]},
                    {"type": "message", "content": [{"type": "refusal", "refusal": " no"}]},
                    {"type": "function_call", "name": "find", "arguments": '{"q": 1}'},
                ],
                "usage": {
                    "input_tokens": 5,
                    "input_tokens_details": {"cached_tokens": 2},
                    "output_tokens": 3,
                },
            },
            Answer(
                text="Hello no",
                tool_calls=({"name": "find", "arguments": {"q": 1}},),
                finish_reason="tool_calls",
                model="m-1-0601",
                usage=Usage(input=5, output=3, cached=2),
            ),
        ),
        (
            {
                "status": "incomplete",
                "incomplete_details": {"reason": "max_output_tokens"},
                "output": [],
            },
            Answer(text="", finish_reason="length"),
        ),
    ],
)
def test_a_response_is_read_too(body, answer):
    request = _request(provider_options={"openai": {"api": "responses"}})

    assert _answering(body, request) == Reply(answer=answer)


def test_a_response_that_failed_is_a_failure():
    request = _request(provider_options={"openai": {"api": "responses"}})
    body = {"status": "failed", "error": {"code": "server_error", "message": "sorry"}, "output": []}

    assert _answering(body, request).message == "the server answered with status 200: sorry"


def test_what_a_refusal_tells_of_the_limits_is_kept():
    with fault_server(always(FAULTS["429 with a quota"])) as server:
        told = _asked(_profile(server.base_url), _request())
    with fault_server(always(FAULTS["429 with retry-after"])) as server:
        later = _asked(_profile(server.base_url), _request())

    assert told.limits.requests == Window(limit=60, remaining=0, reset_s=1.0)
    assert (later.retry_after_s, later.limits.known) == (1.0, False)


@pytest.mark.parametrize(
    ("status", "error", "kind", "retryable"),
    [
        (400, {"message": "too long"}, "refused", False),
        (401, {"message": "no"}, "refused", False),
        (404, {"message": "no such model"}, "refused", False),
        (408, {"message": "slow"}, "timeout", True),
        (409, {"message": "conflict"}, "refused", True),
        (400, {"message": "filtered", "code": "content_filter"}, "content_filter", False),
        (429, {"message": "pay first", "code": "insufficient_quota"}, "refused", False),
        (429, {"message": "pay first", "type": "insufficient_quota"}, "refused", False),
    ],
)
def test_a_refusal_is_told_in_the_words_of_the_server(status, error, kind, retryable):
    failure = _answering({"error": error}, _request(), status=status)

    assert failure.message == f"the server answered with status {status}: {error['message']}"
    assert (failure.kind, failure.retryable) == (kind, retryable)


@pytest.mark.parametrize(
    ("error", "details"),
    [
        ({"message": "Unsupported value.", "param": "seed"}, ": Unsupported value. (`seed`)"),
        ({"message": "'seed' is unsupported", "param": "seed"}, ": 'seed' is unsupported"),
        ({"param": "seed"}, " (`seed`)"),
        ({"message": "no", "param": ["seed"]}, ": no"),
    ],
)
def test_a_parameter_that_the_model_refuses_is_named(error, details):
    failure = _answering({"error": error}, _request(), status=400)

    assert failure.message == f"the server answered with status 400{details}"


def test_what_a_server_says_is_cut_and_has_nothing_invisible_in_it():
    said = "line\n\x1b[31mred\u202e " + "long " * 1000

    failure = _answering({"error": {"message": said}}, _request(), status=400)

    assert failure.message.startswith(
        "the server answered with status 400: line \\x1b[31mred\\u202e long"
    )
    assert len(failure.message) == 301
    assert failure.message.isprintable()


def test_a_huge_answer_is_left_unread_also_where_its_size_is_not_told():
    sent = []

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with suppress(ConnectionError):
            while len(sent) < 1000:
                writer.write(b" " * 2**20)
                await writer.drain()
                sent.append(2**20)
        writer.close()

    async def asked() -> str:
        async with await asyncio.start_server(pour, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            provider = provider_of(_profile(f"http://127.0.0.1:{port}/v1"), {"THE_KEY": KEY})
            with pytest.raises(Failure) as failed:
                await provider.ask(_request(), PATIENCE_S)
            await provider.close()
            return failed.value.message

    assert asyncio.run(asked()) == "the answer is larger than 8 MB"
    assert len(sent) < 100


@pytest.mark.parametrize("status", [400, 500])
def test_an_error_is_no_way_around_the_bound(status):
    with fault_server(always(Planned(status=status, padding=100 * 2**20))) as server:
        failure = _asked(_profile(server.base_url), _request())

    assert failure.message == "the answer is larger than 8 MB"


def test_nobody_there_is_a_failure_of_the_connection():
    failure = _asked(_profile("http://127.0.0.1:9/v1"), _request())

    assert (failure.kind, failure.retryable) == ("connection", True)


@pytest.mark.parametrize("address", ["http://[", "http://[::1", "http://127.0.0.1:port/v1"])
def test_what_is_no_address_is_said(address):
    with pytest.raises(UsageError) as refused:
        provider_of(_profile(address), {"THE_KEY": KEY})

    assert (refused.value.message, refused.value.where) == (
        "this is not a valid address",
        "models.fast.base_url",
    )


@pytest.mark.parametrize(
    "request_", [_request("a\ud800"), _request(params={"temperature": float("nan")})]
)
def test_what_can_not_be_sent_is_a_failure(request_):
    with fault_server() as server:
        failure = _asked(_profile(server.base_url), request_)

    assert (failure.kind, failure.retryable) == ("refused", False)


def test_a_header_that_can_not_be_sent_is_a_failure_without_it():
    failure = _asked(
        _profile("http://127.0.0.1:9/v1", headers={"X-Secret": "first-half\nsecond-half"}),
        _request(),
    )

    assert isinstance(failure, Failure)
    assert "first-half" not in repr(failure)


def test_the_key_and_the_headers_of_the_profile_are_sent():
    received = _sent(_request(), headers={"X-Team": "support"})

    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.headers["x-team"] == "support"


def test_the_user_of_an_address_is_sent_as_one_and_stands_in_no_address():
    with fault_server() as server:
        address = server.base_url.replace("://", "://ann:secret@")
        _asked(_profile(address), _request())
        (received,) = server.requests

    assert received.headers["authorization"] == "Basic YW5uOnNlY3JldA=="


def test_nothing_that_the_environment_holds_for_others_is_sent(monkeypatch):
    canary = "canary-of-the-environment"
    monkeypatch.setenv("OPENAI_API_KEY", canary)
    monkeypatch.setenv("OPENAI_ADMIN_KEY", canary)
    monkeypatch.setenv("OPENAI_ORG_ID", canary)
    monkeypatch.setenv("OPENAI_PROJECT_ID", canary)
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:9/{canary}")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"Authorization: {canary}\nX-Other: {canary}")

    received = _sent(_request(), api_key_env=None)

    assert canary not in repr(received)
    assert received.headers["authorization"] == "Bearer no-key"


def test_nothing_heavy_is_imported_until_a_model_is_asked():
    code = """
import sys
import promptops.evals.engine.run
from promptops.evals.providers.registry import built_in
heavy = ("anthropic", "google.genai", "httpx2", "openai")
print(sorted(built_in()), [name for name in heavy if name in sys.modules])
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "['anthropic', 'echo', 'gemini', 'openai'] []\n"
