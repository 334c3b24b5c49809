"""What the server answers to requests that it can't answer, and what it records."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import anthropic
import openai
import pytest
from google import genai

from promptops.errors import UsageError
from promptops.evals.engine.ask import Settings
from promptops.replay.known import differences
from promptops.replay.recordings import DEFAULT
from promptops.replay.requests import ApiRequest, read_request
from promptops.replay.server import ReplayServer
from tests.replay.conftest import KEY, TRIAGE, WAY_OUT, config
from tests.servers.fault_server import fault_server

JSON = {"content-type": "application/json"}


def _posted(
    server: ReplayServer, path: str, body: bytes, headers: Mapping[str, str] = JSON
) -> tuple[int, Any]:
    request = urllib.request.Request(f"{server.address}{path}", data=body, headers=dict(headers))
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.fixture
def triage(repo: Any) -> Any:
    repo.write({"promptops.toml": config("http://127.0.0.1:9/v1"), "prompts/a.prompt.yaml": TRIAGE})
    repo.commit("a prompt")
    return repo


@pytest.mark.parametrize(
    ("path", "body", "headers", "message"),
    [
        ("/v1/chat/completions", b"{", JSON, "the body of the request to /v1/chat/completions is"),
        ("/v1/responses", b"[]", JSON, "the body of the request to /v1/responses is not a JSON"),
        ("/v1/embeddings", b"{}", JSON, "there is no recorded API at /v1/embeddings; there are /"),
        ("/v1/responses", b"{}", {"content-type": "text/plain"}, "the content type of the request"),
        ("/v1/responses", b"{}", {**JSON, "host": "evil.example"}, "the host 'evil.example' is n"),
    ],
    ids=["no-json", "no-object", "path", "page", "host"],
)
def test_what_is_no_request_is_refused_and_a_problem(
    path: str, body: bytes, headers: Any, message: str, triage: Any, served: Any
) -> None:
    server = served(triage.root)

    status, answer = _posted(server, path, body, headers)

    assert status == 400
    assert answer["error"]["message"].startswith(f"promptops replay: {message}")
    assert server.replay.problems == [answer["error"]["message"]]
    assert [each.status for each in server.replay.requests] == [400]


def test_a_page_gets_an_error(triage: Any, served: Any) -> None:
    server = served(triage.root)

    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{server.address}/v1/models")

    with error.value as answer:
        message = json.load(answer)["error"]["message"]
    assert answer.code == 404
    assert message.startswith("promptops replay: there is nothing at /v1/models; there are /")


def test_a_port_in_use_is_an_error(triage: Any, served: Any) -> None:
    port = int(served(triage.root).address.rpartition(":")[2])

    with pytest.raises(UsageError) as error:
        served(triage.root, port=port)

    assert (error.value.message, error.value.hint) == (
        f"port {port} can't be used: address already in use",
        "choose another one, or leave out --port for any free one",
    )


def test_no_official_client_tries_again(triage: Any, served: Any) -> None:
    server = served(triage.root)
    turn = [{"role": "user", "content": "Hello"}]

    chat = openai.OpenAI(api_key="no", base_url=f"{server.address}/v1").chat
    messages = anthropic.Anthropic(api_key="no", base_url=server.address).messages
    gemini = genai.Client(api_key="no", http_options={"base_url": server.address})

    with pytest.raises(openai.BadRequestError) as by_chat:
        chat.completions.create(model="m", messages=turn)
    with pytest.raises(anthropic.BadRequestError) as by_messages:
        messages.create(model="m", max_tokens=5, messages=turn)
    with pytest.raises(genai.errors.ClientError) as by_gemini:
        gemini.models.generate_content(model="m", contents="Hello")

    assert len(server.replay.requests) == 3
    nearest = "no recording of this request to `m`; nearest is the case `a dead hub` of `a`: "
    assert nearest in str(by_chat.value)
    assert "nor a case has any request for the Messages API" in str(by_messages.value)
    assert "nor a case has any request for generateContent" in str(by_gemini.value)
    assert all(WAY_OUT in str(each.value) for each in (by_chat, by_messages, by_gemini))


def test_a_case_without_a_recording_is_named(triage: Any, served: Any) -> None:
    server = served(triage.root)
    (known,) = server._known._cases.of("chat").values()

    _, answer = _posted(server, "/chat/completions", json.dumps(known.request.body).encode())

    assert answer["error"]["message"] == (
        "promptops replay: the case `a dead hub` of `a` has no recorded answer: "
        "promptops test a --record"
    )


def test_a_broken_recording_of_the_case_is_named_with_its_line(triage: Any, served: Any) -> None:
    triage.write({"prompts/a.recordings.jsonl": "{\n"})
    server = served(triage.root)
    (known,) = server._known._cases.of("chat").values()

    _, answer = _posted(server, "/chat/completions", json.dumps(known.request.body).encode())

    assert answer["error"]["message"].startswith("promptops replay: prompts/a.recordings.jsonl:1:")


BASE = {
    "model": "m-1",
    "temperature": 0,
    "messages": [
        {"role": "system", "content": "One.\nThe router blinks.\nThree."},
        {"role": "user", "content": "Why?"},
    ],
}


def _chat(**changed: Any) -> ApiRequest:
    return read_request("chat", "", "", {**BASE, **changed}, {})


def _turns(*contents: str) -> list[dict[str, str]]:
    roles = ("system", "user", "assistant", "user")
    return [{"role": role, "content": each} for role, each in zip(roles, contents, strict=False)]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"user": "u-1", "stream": True, "stream_options": {}, "metadata": {"a": "b"}}, []),
        ({"top_p": None}, []),
        (
            {"messages": _turns("One.\nThe old hub blinks.\nThree.", "Why?")},
            ['system message, line 2: "old hub" instead of "router"'],
        ),
        (
            {"messages": _turns("One.\nThe router blinks.", "Why? Oh")},
            [
                'system message, line 3: "Three." is missing',
                'user message, line 1: "Why? Oh" instead of "Why?"',
            ],
        ),
        (
            {"messages": _turns("One.\nThe router blinks.\nThree.", "Why?", "So.", "Oh?")},
            ["message 3 (assistant) is not recorded", "message 4 (user) is not recorded"],
        ),
        ({"messages": BASE["messages"][:1]}, ["message 2 (user) is missing"]),
        ({"model": "m-2"}, ['`model` is "m-2" instead of "m-1"']),
        (
            {"temperature": None, "top_p": 0.5},
            [
                '`top_p` is set to "0.5", and is not set there',
                '`temperature` is not set, and is "0" there',
            ],
        ),
    ],
)
def test_the_difference_is_shown_by_role_and_line(changed: Any, expected: list[str]) -> None:
    assert differences(_chat(**changed), _chat()) == expected


def test_many_differences_are_counted() -> None:
    changed = _chat(model="m-2", temperature=1, top_p=1, seed=3, n=2)

    assert differences(changed, _chat())[3:] == ["and 2 more"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(max_requests=1), "the budget of 1 request is spent; raise it: `test.budget`"),
        (Settings(max_cost_usd=0.00001), "the budget of $0.00001 is spent: $0 so far, and the"),
    ],
    ids=["requests", "cost"],
)
def test_the_budget_ends_recording(
    settings: Settings, message: str, repo: Any, served: Any
) -> None:
    with fault_server() as provider:
        repo.write({"promptops.toml": config(provider.base_url)})
        server = served(repo.root, record=True, settings=settings)
        turn = [{"role": "user", "content": "Hello"}]
        bodies = [{"model": "small-1", "messages": turn, "max_tokens": 9 + n} for n in range(3)]
        answers = [
            _posted(server, "/v1/chat/completions", json.dumps(each).encode()) for each in bodies
        ]
        received = len(provider.requests)

    statuses = [status for status, _ in answers]
    assert statuses == [200 if settings.max_requests else 400, 400, 400]
    assert received == statuses.count(200)
    assert message in answers[-1][1]["error"]["message"]


def test_a_missing_key_and_an_unreachable_provider_are_named(repo: Any, served: Any) -> None:
    repo.write({"promptops.toml": config("http://127.0.0.1:9/v1")})
    body = json.dumps({**BASE, "model": "small-1"}).encode()

    _, no_key = _posted(served(repo.root, record=True, environment={}), "/chat/completions", body)
    _, nowhere = _posted(served(repo.root, record=True), "/chat/completions", body)

    assert no_key["error"]["message"] == (
        "promptops replay: SMALL_KEY: the API key of `small` is not set; export SMALL_KEY=…"
    )
    assert nowhere["error"]["message"] == (
        "promptops replay: `small` gave no answer: connection refused; is the server running, "
        "and the address right?"
    )


def test_headers_that_select_a_version_are_passed_on_and_no_others(repo: Any, served: Any) -> None:
    with fault_server() as provider:
        repo.write({"promptops.toml": config(provider.base_url.removesuffix("/v1"), "anthropic")})
        address = served(repo.root, record=True).address
        with anthropic.Anthropic(api_key="of-the-application", base_url=address) as client:
            client.messages.create(
                model="small-1",
                max_tokens=5,
                messages=[{"role": "user", "content": "Hello"}],
                extra_headers={"anthropic-beta": "files-2025", "x-tenant": "secret"},
            )
        (received,) = provider.requests

    assert received.headers["x-api-key"] == KEY
    assert received.headers["anthropic-beta"] == "files-2025"
    assert "x-tenant" not in received.headers
    assert "of-the-application" not in str(received.headers)


def test_a_server_that_would_record_itself_does_not_start(repo: Any, served: Any) -> None:
    repo.write({"promptops.toml": config("http://127.0.0.1:9/v1")})
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(UsageError) as error:
        served(
            repo.root,
            record=True,
            port=port,
            environment={"OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1"},
        )

    assert (error.value.where, error.value.message, error.value.hint) == (
        "OPENAI_BASE_URL",
        "the address of the provider is that of this server",
        "unset OPENAI_BASE_URL",
    )


def test_a_recorded_response_that_is_none_can_not_be_streamed(repo: Any, served: Any) -> None:
    request = {
        "model": "m",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}],
    }
    line = {"format": 1, "api": "chat", "request": request, "model": "m", "tests": []}
    repo.write({DEFAULT: json.dumps({**line, "response": {"choices": [3]}})})
    server = served(repo.root)

    whole = _posted(server, "/chat/completions", json.dumps(request).encode())
    body = json.dumps({**request, "stream": True}).encode()
    status, streamed = _posted(server, "/chat/completions", body)

    assert whole == (200, {"choices": [3]})
    assert (status, streamed["error"]["message"]) == (
        400,
        f"promptops replay: the recording at {DEFAULT}:1 has no response of this API that can be "
        "streamed",
    )
