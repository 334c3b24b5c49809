"""What is never written to the application's file, and what a test is told instead."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from promptops.errors import InputError
from promptops.replay import recordings
from promptops.replay.recordings import DEFAULT
from promptops.replay.server import ReplayServer
from tests.replay.conftest import KEY, TRIAGE, config
from tests.servers.fault_server import fault_server


def asked(server: ReplayServer, body: bytes, method: str = "POST") -> tuple[int, str]:
    """The status and the message of a request."""
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(
        f"{server.address}/v1/chat/completions", body, headers, method=method
    )
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)["error"]["message"]


def says(content: Any, **more: Any) -> bytes:
    body = {"model": "small-1", "messages": [{"role": "user", "content": content}], **more}
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (says(f"my key is {KEY}"), "it contains the API key of `small`"),
        (says("a", metadata2={KEY: 1}), "it contains the API key of `small`"),
        (says("a", more={f"sk-proj-{'Ab3' * 14}": 1}), "the request is not recorded: "),
    ],
    ids=["text", "name", "another key as a name"],
)
def test_a_request_with_a_key_is_not_sent_and_not_recorded(
    body: bytes, reason: str, repo: Any, served: Any
) -> None:
    with fault_server() as model:
        repo.write({"promptops.toml": config(model.base_url), "prompts/a.prompt.yaml": TRIAGE})
        repo.commit("a prompt")
        server = served(repo.root, record=True)
        status, message = asked(server, body)

    assert (status, model.requests) == (400, [])
    assert reason in message
    assert KEY not in message
    assert not (repo.root / DEFAULT).exists()


def test_a_file_that_would_be_too_large_stays_as_it_was(
    repo: Any, served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fault_server() as model:
        repo.write({"promptops.toml": config(model.base_url), "prompts/a.prompt.yaml": TRIAGE})
        repo.commit("a prompt")
        server = served(repo.root, record=True)
        assert asked(server, says("short"))[0] == 200
        before = (repo.root / DEFAULT).read_bytes()
        monkeypatch.setattr(recordings, "MAX_BYTES", len(before) + 100)
        status, message = asked(server, says("long " * 100))

    assert (status, (repo.root / DEFAULT).read_bytes()) == (400, before)
    assert "not recorded: the file would be over" in message


@pytest.mark.parametrize(
    "body",
    [
        b'{"model": "m", "messages": [{"role": "user", "content": NaN}]}',
        b'{"model": "m", "messages": [{"role": "user", "content": 1e400}]}',
        b'{"model": "m", "messages": [{"role": "user", "content": "\\ud800"}]}',
    ],
    ids=["nan", "infinity", "surrogate"],
)
def test_a_body_without_a_canonical_form_gets_an_answer(
    body: bytes, repo: Any, served: Any
) -> None:
    server = served(repo.root)

    status, message = asked(server, body)

    assert (status, len(server.replay.requests)) == (400, 1)
    assert "is not JSON" in message


def test_any_other_method_is_noted(repo: Any, served: Any) -> None:
    server = served(repo.root)

    status, _ = asked(server, b"", "DELETE")

    assert (status, [each.status for each in server.replay.requests]) == (404, [404])


def test_a_fault_that_is_not_played_is_a_problem(repo: Any, served: Any) -> None:
    server = served(repo.root)
    replay = server.begin("test", server._known.file)
    replay.fail(status=500, times=3)
    asked(server, says("a"))

    server.end(complete=True)

    assert replay.problems == [
        "promptops replay: fail(status=500) was not played, 2 of its times:"
        " the test sent too few requests"
    ]


def test_a_broken_file_is_no_reason_to_lose_it(repo: Any, served: Any) -> None:
    repo.write({DEFAULT: "{\n"})

    with pytest.raises(InputError):
        served(repo.root)

    assert (repo.root / DEFAULT).read_text() == "{\n"
