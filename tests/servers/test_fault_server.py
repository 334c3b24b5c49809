"""The fault server answers as planned, counts rightly, and fails as real servers do."""

from __future__ import annotations

import asyncio
import json
import select
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.servers.answers import FAULTS, Answer
from tests.servers.fault_server import fault_server
from tests.servers.plans import always, for_each, in_order

ROOT = Path(__file__).parents[2]
DEADLINE_S = 60.0
HELLO = [{"role": "user", "content": "Say hello."}]


def _ask(client: Any, text: str = "Say hello.", **options: Any) -> Any:
    messages = [{"role": "user", "content": text}]
    return client.chat.completions.create(model="echo-1", messages=messages, **options)


def _posted(text: str) -> bytes:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]})
    head = f"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def _connected(base_url: str) -> socket.socket:
    port = int(base_url.removesuffix("/v1").rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)


def _fetched(address: str, body: bytes) -> bytes:
    with urlopen(Request(address, body), timeout=DEADLINE_S) as answer:
        return answer.read()


def test_a_chat_is_echoed_and_counted(client):
    with fault_server() as server:
        answer = _ask(client(server.base_url), "one two three")

    assert answer.to_dict() == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_767_225_600,
        "model": "echo-1",
        "system_fingerprint": "fp_echo",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "one two three"},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6},
    }


def test_the_responses_api_and_embeddings_are_there_too(client):
    with fault_server() as server:
        asked = client(server.base_url)
        response = asked.responses.create(model="echo-1", input="one two")
        of_items = asked.responses.create(
            model="echo-1",
            input=[{"role": "user", "content": [{"type": "input_text", "text": "x"}]}],
        )
        vectors = asked.embeddings.create(model="echo-1", input=["a", "b", "a"])

    assert (response.output_text, response.usage.total_tokens) == ("one two", 4)
    assert of_items.output_text == "x"
    first, second, third = (each.embedding for each in vectors.data)
    assert first == third != second
    assert vectors.usage.total_tokens == 3


def test_the_model_says_what_was_planned(client):
    with fault_server(always(Answer(says='{"kind": "bug"}'))) as server:
        answer = _ask(client(server.base_url), response_format={"type": "json_object"})

    assert answer.choices[0].message.content == '{"kind": "bug"}'


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/chat/completions", b"{not json", 400),
        ("/chat/completions", b"{}", 400),
        ("/chat/completions", b'{"model": "m", "messages": []}', 400),
        ("/chat/completions", b"[]", 400),
        ("/nothing", b"{}", 404),
    ],
)
def test_what_is_no_request_is_refused(path, body, status):
    with fault_server() as server, pytest.raises(HTTPError) as refused:
        urlopen(Request(server.base_url + path, body), timeout=DEADLINE_S)

    with refused.value as answer:
        error = json.load(answer)["error"]
    assert (answer.code, error["type"]) == (status, "invalid_request_error")
    assert server.statuses == Counter({status: 1})


@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        ("429", "RateLimitError", 429),
        ("429 with retry-after", "RateLimitError", 429),
        ("429 with a quota", "RateLimitError", 429),
        ("500", "InternalServerError", 500),
        ("502 of a proxy", "InternalServerError", 502),
        ("503", "InternalServerError", 503),
    ],
)
def test_a_refusal_has_its_status_and_its_headers(fault, error, status, client):
    import openai

    with (
        fault_server(always(FAULTS[fault])) as server,
        pytest.raises(getattr(openai, error)) as refused,
    ):
        _ask(client(server.base_url))

    headers = refused.value.response.headers
    assert refused.value.status_code == status
    assert FAULTS[fault].headers.items() <= dict(headers).items()
    assert fault != "429" or not [
        name for name in headers if "ratelimit" in name or "retry" in name
    ]


@pytest.mark.parametrize("fault", ["truncated", "reset", "silent"])
def test_a_broken_connection_is_an_error_of_the_connection(fault, client):
    import openai

    patience_s = 1.0 if fault == "silent" else DEADLINE_S

    with (
        fault_server(always(FAULTS[fault])) as server,
        pytest.raises(openai.APIConnectionError),
    ):
        _ask(client(server.base_url, timeout_s=patience_s))


def test_a_truncated_answer_ends_before_the_length_it_announced():
    with (
        fault_server(always(FAULTS["truncated"])) as server,
        _connected(server.base_url) as connection,
    ):
        connection.sendall(_posted("Say hello."))
        head, _, body = _read_to_the_end(connection).partition(b"\r\n\r\n")

    (length,) = [line for line in head.split(b"\r\n") if line.startswith(b"content-length")]
    assert len(body) == int(length.split()[1]) // 2
    assert body.startswith(b'{"id": "chatcmpl-1"')


def test_a_reset_is_a_reset():
    with (
        fault_server(always(FAULTS["reset"])) as server,
        _connected(server.base_url) as connection,
    ):
        connection.sendall(_posted("Say hello."))

        with pytest.raises(ConnectionResetError):
            connection.recv(1)

    assert (len(server.requests), server.statuses) == (1, Counter())


def test_a_silent_server_keeps_the_connection_and_says_nothing():
    with (
        fault_server(in_order(FAULTS["silent"])) as server,
        _connected(server.base_url) as waiting,
        _connected(server.base_url) as other,
    ):
        waiting.sendall(_posted("first"))
        _wait_for(server, 1)
        other.sendall(_posted("second"))

        assert other.recv(12) == b"HTTP/1.1 200"
        assert select.select([waiting], [], [], 0) == ([], [], [])


def test_a_drip_comes_byte_by_byte():
    with fault_server(always(Answer(body=b"0123456789", byte_every_s=0.02))) as server:
        started = time.monotonic()
        with urlopen(Request(server.base_url, b"{}"), timeout=DEADLINE_S) as answer:
            first, rest = answer.read1(1), answer.read()

    assert (first, rest) == (b"0", b"123456789")
    assert time.monotonic() - started >= 0.2


def test_a_huge_answer_is_good_json_of_that_size():
    with fault_server(always(Answer(padding=3 * 2**20 + 1))) as server:
        body = _fetched(f"{server.base_url}/embeddings", b'{"model": "m", "input": "a"}')

    assert len(body) - len(body.lstrip()) == 3 * 2**20 + 1
    assert json.loads(body)["object"] == "list"


@pytest.mark.parametrize("fault", ["malformed", "not UTF-8", "empty"])
def test_a_body_that_is_no_json_comes_whole(fault):
    with fault_server(always(FAULTS[fault])) as server:
        body = _fetched(server.base_url, b"{}")

    assert body == FAULTS[fault].body
    with pytest.raises(ValueError, match=r"\w"):
        json.loads(body)


def test_answers_come_in_the_order_of_the_plan_and_then_all_is_well(client):
    with fault_server(in_order(Answer(says="a"), Answer(says="b"))) as server:
        asked = client(server.base_url)
        said = [_ask(asked, text).choices[0].message.content for text in ("1", "2", "3")]

    assert said == ["a", "b", "3"]


def test_every_request_has_an_order_of_its_own(client):
    import openai

    with fault_server(for_each(Answer(status=500))) as server:
        asked = client(server.base_url)
        for text in ("x", "y"):
            with pytest.raises(openai.InternalServerError):
                _ask(asked, text)
        said = [_ask(asked, text).choices[0].message.content for text in ("x", "y")]

    assert said == ["x", "y"]
    assert server.statuses == Counter({500: 2, 200: 2})


def test_it_keeps_what_it_received(client):
    with fault_server() as server:
        _ask(client(server.base_url, key="sk-canary"), extra_headers={"X-Team": "desk"})

    (received,) = server.requests
    assert (received.method, received.path) == ("POST", "/v1/chat/completions")
    assert received.headers["authorization"] == "Bearer sk-canary"
    assert received.headers["x-team"] == "desk"
    assert received.json == {"model": "echo-1", "messages": HELLO}


def test_a_client_that_asks_again_uses_its_connection_again(client):
    with fault_server() as server:
        asked = client(server.base_url)
        for _ in range(3):
            _ask(asked)

    assert (len(server.requests), server.connections, server.peak) == (3, 1, 1)


def test_the_peak_is_how_many_were_answered_at_once():
    with fault_server(always(FAULTS["silent"])) as server:
        connections = [_connected(server.base_url) for _ in range(5)]
        for connection in connections:
            connection.sendall(_posted("wait"))
        _wait_for(server, 5)
        for connection in connections:
            connection.close()

    assert server.peak == 5


def test_hundreds_at_once_are_all_answered():
    async def ask_four_times(base_url: str) -> None:
        port = base_url.removesuffix("/v1").rpartition(":")[2]
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
        for _ in range(4):
            writer.write(_posted("Say hello."))
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.split(b"content-length: ")[1].split()[0]))
        writer.close()
        await writer.wait_closed()

    async def ask_all(base_url: str) -> None:
        await asyncio.gather(*(ask_four_times(base_url) for _ in range(200)))

    with fault_server(always(Answer(after_s=0.01))) as server:
        asyncio.run(ask_all(server.base_url))

    assert (server.statuses, server.connections) == (Counter({200: 800}), 200)


def test_what_is_no_http_is_hung_up_on():
    with fault_server() as server, _connected(server.base_url) as connection:
        connection.sendall(b"hello\r\n\r\n")

        assert _read_to_the_end(connection) == b""

    assert server.requests == []


def test_the_end_cuts_those_that_still_wait():
    drip = Answer(byte_every_s=1000.0)
    late = Answer(after_s=1000.0)
    huge = Answer(padding=2**30)
    with fault_server(in_order(FAULTS["silent"], drip, late, huge)) as server:
        waiting = [_connected(server.base_url) for _ in range(4)]
        for count, connection in enumerate(waiting, start=1):
            connection.sendall(_posted("wait"))
            _wait_for(server, count)

    for connection in waiting:
        with connection:
            _read_to_the_end(connection)


def _wait_for(server: Any, count: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while len(server.requests) < count:
        assert time.monotonic() < deadline, "the requests never came"


def _read_to_the_end(connection: socket.socket) -> bytes:
    """All that comes until the server closes, or cuts."""
    pieces = []
    try:
        while piece := connection.recv(2**16):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def test_the_server_can_stand_alone():
    options = ("--after-ms", "0", "--per-minute", "1")

    with subprocess.Popen(
        [sys.executable, "-m", "tests.servers.fault_server", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            address = process.stdout.readline().strip() + "/embeddings"
            asked = Request(address, b'{"model": "m", "input": "a"}')
            with urlopen(asked, timeout=DEADLINE_S) as first:
                headers = dict(first.headers)
            with pytest.raises(HTTPError) as second:
                urlopen(asked, timeout=DEADLINE_S)
            second.value.close()
        finally:
            process.kill()

    assert headers["x-ratelimit-remaining-requests"] == "0"
    assert second.value.code == 429
