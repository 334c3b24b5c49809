"""Answers of models arrive as they are written; limits and approvals are those of `run`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from threading import Event
from typing import Any

import pytest

from promptops.commands.ui.server import HOST, MAX_CALLS
from tests.commands.asked import profile
from tests.commands.ui.served import PATIENCE_S, Client, served, until
from tests.output_schemas import validate
from tests.servers.answers import Answer, Ending
from tests.servers.fault_server import FaultServer, fault_server

USER = "/messages/1/content"
ANY = '{"id": "ask", "models": []}'


@pytest.fixture
def models() -> Iterator[FaultServer]:
    with fault_server() as server:
        yield server


def configured(project: Any, server: FaultServer, more: str = "") -> None:
    """On the default branch, so that the endpoints are approved."""
    names = profile("fast", "fast-1", server.base_url) + profile("good", "good-1", server.base_url)
    project.write({"promptops.toml": names + more})
    project.commit("models")


def lines(client: Client, **body: Any) -> list[Any]:
    got = client.request("POST", "/api/answers", json.dumps(body))
    assert (got.status, got.headers["content-type"]) == (200, "application/x-ndjson")
    return [json.loads(line) for line in got.data.decode().splitlines()]


def test_the_answers_of_two_models_arrive_in_pieces_and_then_with_their_results(
    project: Any, models: FaultServer
) -> None:
    configured(project, models)

    with served(project.root, live=True) as client:
        client.edit(id="ask", at=USER, text="{{ question }} Edited.")
        found = lines(client, id="ask", case="why", models=["fast", "good"])

    notes = [each["note"] for each in found if "note" in each]
    texts = {0: "", 1: ""}
    for each in found:
        if "text" in each:
            texts[each["text"]["number"]] += each["text"]["piece"]
    run = found[-1]["result"]
    assert notes == [f"calling `fast` at {models.base_url} with no API key"]
    assert [each["profile"] for each in run["answers"]] == ["fast", "good"]
    assert [each["text"] for each in run["answers"]] == list(texts.values())
    assert (run["prompt"], run["case"], run["saved_in"]) == ("ask", "why", None)
    assert all(b"Why? Edited." in each.body for each in models.requests)
    validate("run", run)


def test_given_inputs_are_sent_and_nothing_is_recorded(project: Any, models: FaultServer) -> None:
    configured(project, models)

    with served(project.root, live=True) as client:
        found = lines(client, id="ask", inputs={"question": "How?"}, models=[])

    assert (found[-1]["result"]["case"], found[-1]["result"]["inputs"]) == (
        None,
        {"question": "How?"},
    )
    assert b"How?" in models.requests[0].body
    assert project.git("status", "--porcelain") == ""


def test_the_models_answer_to_another_revision(project: Any, models: FaultServer) -> None:
    configured(project, models)

    with served(project.root, live=True) as client:
        client.edit(id="ask", at=USER, text="{{ question }} Edited.")
        found = lines(client, id="ask", at="HEAD", models=["good"])

    assert found[-1]["result"]["revision"] == project.git("rev-parse", "HEAD")
    assert b"Edited" not in models.requests[0].body


def test_an_endpoint_that_was_not_approved_is_not_called(project: Any, models: FaultServer) -> None:
    project.git("switch", "--quiet", "--create", "change")
    configured(project, models)

    with served(project.root, live=True) as client:
        (found,) = lines(client, id="ask", models=["fast"])

    assert (
        "the default branch, `main`, has no such endpoint" in found["error"]["errors"][0]["message"]
    )
    assert "--trust-config" in found["error"]["errors"][0]["hint"]
    validate("error", found["error"])
    assert models.requests == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"id": "ask", "models": ["slow"]}, "there is no profile `slow`"),
        ({"id": "ask", "inputs": {"x": 1}, "models": ["fast"]}, "`question` is missing"),
    ],
)
def test_a_request_that_can_not_be_made_ends_with_its_error(
    project: Any, models: FaultServer, body: dict[str, Any], message: str
) -> None:
    configured(project, models)

    with served(project.root, live=True) as client:
        found = lines(client, **body)

    assert message in found[-1]["error"]["errors"][0]["message"]
    assert models.requests == []


def test_in_a_hook_no_model_is_called(
    project: Any, models: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(project, models)

    with served(project.root, live=True) as client:
        monkeypatch.setenv("PRE_COMMIT", "1")
        (found,) = lines(client, id="ask", models=["fast"])

    assert found["error"]["errors"][0]["message"] == "no API calls in a git hook: PRE_COMMIT is set"


def test_the_budget_of_the_event_holds(
    project: Any, models: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    price = "price = {input = 9.0, output = 9.0}\nmax_output_tokens = 1000\n"
    fast = profile("fast", "fast-1", models.base_url).replace(
        "price = {input = 0.0, output = 0.0}\n", price
    )
    project.write({"promptops.toml": f"{fast}[test.budget]\npull_request = 0.000001\n"})
    project.commit("models")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")

    with served(project.root, live=True) as client:
        found = lines(client, id="ask", models=["fast"])

    (answer,) = found[-1]["result"]["answers"]
    assert answer["problem"].startswith("the budget of $0.000001 is spent: $0 so far")
    assert models.requests == []


def connected(client: Client) -> HTTPConnection:
    """A request for an answer, which is not waited for."""
    connection = HTTPConnection(HOST, client.port, timeout=PATIENCE_S)
    headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"}
    connection.request("POST", "/api/answers", ANY, headers)
    return connection


def test_previews_are_answered_while_a_model_is_writing(project: Any) -> None:
    asked, go_on = Event(), Event()

    def plan(_: Any) -> Answer:
        asked.set()
        return Answer(until=go_on)

    with fault_server(plan) as server:
        configured(project, server)
        with served(project.root, live=True) as client, closing(connected(client)) as waiting:
            assert asked.wait(PATIENCE_S)
            preview = client.post("/api/preview", id="ask")
            go_on.set()
            answer = waiting.getresponse().read()

    assert preview["case"] == "why"
    assert b'"result"' in answer.splitlines()[-1]


def test_a_few_answers_are_requested_at_a_time_and_one_that_is_not_read_ends(
    project: Any,
) -> None:
    with fault_server(lambda _: Answer(ending=Ending.NEVER)) as server, ExitStack() as opened:
        configured(project, server)
        with served(project.root, live=True) as client:

            def status() -> int:
                return opened.enter_context(closing(connected(client))).getresponse().status

            sent = [opened.enter_context(closing(connected(client))) for _ in range(MAX_CALLS + 2)]
            statuses = [each.getresponse().status for each in sent]
            until(lambda: server.answering == MAX_CALLS)
            refused = client.refused("/api/answers", id="ask", models=[])

            sent[statuses.index(200)].close()  # before the first text
            until(lambda: server.answering == MAX_CALLS - 1)
            until(lambda: status() == 200)
            until(lambda: server.answering == MAX_CALLS)
            assert status() == 403
            opened.close()
            until(lambda: server.answering == 0)

    assert sorted(statuses) == [200] * MAX_CALLS + [403] * 2
    assert refused == (403, "other answers are under way", "wait until they have arrived")
