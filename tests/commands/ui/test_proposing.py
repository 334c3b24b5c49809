"""A search for a better wording: its progress and its result arrive as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from itertools import takewhile
from threading import Event
from typing import Any

import pytest

from promptops.commands.ui.server import HOST
from tests.commands.optimize.optimized import (
    ASK,
    BETTER,
    PROMPT,
    SYSTEM,
    configured,
    mostly_good,
    plan,
    proposal,
)
from tests.commands.ui.served import PATIENCE_S, Client, served, until
from tests.conftest import GitRepository
from tests.output_schemas import validate
from tests.servers.answers import Answer
from tests.servers.fault_server import FaultServer, fault_server

EDITED = f"Edited.\n{SYSTEM}"
AT = "/messages/0/content"
WANTED: dict[str, Any] = {"id": "ask", "proposer": "strong", "goal": "better", "max_cost": 5}
AT_A_TIME = 4
"""Requests under way at a server that did not answer yet."""
NO_LIVE = (403, "no model is called", "start it as `promptops ui --live`")


@pytest.fixture
def models() -> Iterator[FaultServer]:
    with fault_server(plan(mostly_good, [proposal(BETTER)])) as server:
        yield server


def lines(client: Client, **changed: Any) -> list[Any]:
    got = client.request("POST", "/api/optimize", json.dumps({**WANTED, **changed}))
    assert (got.status, got.headers["content-type"]) == (200, "application/x-ndjson")
    return [json.loads(line) for line in got.data.decode().splitlines()]


def test_the_rounds_of_a_search_arrive_and_then_its_decision(
    repo: GitRepository, models: FaultServer
) -> None:
    configured(repo, models)

    with served(repo.root, live=True) as client:
        *notes, last = lines(client)

    found = last["result"]
    (text,) = found["result"]["texts"]
    assert notes[0] == {"note": f"calling `served` at {models.base_url} with no API key"}
    assert all(each["note"].startswith("sending ") for each in notes[1:])
    assert len(notes) > 3
    assert found["summary"].startswith("proved better: +")
    assert found["facts"][0].startswith("search: ")
    assert (text["at"], text["before"], text["after"]) == (AT, SYSTEM, BETTER)
    assert found["result"]["search"]["proposals"][0]["reason"] == "it lacks a rule"
    assert repo.git("status", "--porcelain") == ""
    validate("ui-proposal", found)


def test_the_search_begins_with_the_text_as_it_is_edited(
    repo: GitRepository, models: FaultServer
) -> None:
    configured(repo, models)

    with served(repo.root, live=True) as client:
        client.edit(id="ask", at=AT, text=EDITED)
        found = lines(client)[-1]["result"]["result"]

    asked = [each.json for each in models.requests]
    first = takewhile(lambda request: request["model"] == "m", asked)
    assert {request["messages"][0]["content"] for request in first} == {EDITED.rstrip()}
    assert [text["before"] for text in found["texts"]] == [EDITED]
    assert (repo.root / ASK).read_text().startswith(PROMPT)


@pytest.mark.parametrize(
    ("changed", "status", "message"),
    [
        ({"max_cost": None}, 400, "`max_cost` must be a number above 0"),
        ({"max_cost": 0}, 400, "`max_cost` must be a number above 0"),
        ({"max_cost": True}, 400, "`max_cost` must be a number above 0"),
        ({"max_cost": "5"}, 400, "`max_cost` must be a number above 0"),
        ({"goal": "shorter"}, 400, "`goal` must be one of better, cheaper"),
        ({"proposer": None}, 400, "`proposer` must be a string"),
        ({"id": "other"}, 404, "there is no prompt 'other'"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    repo: GitRepository, models: FaultServer, changed: dict[str, Any], status: int, message: str
) -> None:
    configured(repo, models)

    with served(repo.root, live=True) as client:
        refused = client.refused("/api/optimize", **{**WANTED, **changed})

    assert refused[:2] == (status, message)
    assert models.requests == []


def test_an_unknown_profile_ends_the_search_before_a_model_is_called(
    repo: GitRepository, models: FaultServer
) -> None:
    configured(repo, models)

    with served(repo.root, live=True) as client:
        (found,) = lines(client, proposer="weak")

    assert "there is no profile `weak`" in found["error"]["errors"][0]["message"]
    assert models.requests == []


def test_an_endpoint_that_was_not_approved_is_not_called(
    repo: GitRepository, models: FaultServer
) -> None:
    repo.write({"README.md": "Prompts.\n"})
    repo.commit("start")
    repo.git("switch", "--quiet", "--create", "change")
    configured(repo, models)

    with served(repo.root, live=True) as client:
        (found,) = lines(client)

    assert "has no such endpoint" in found["error"]["errors"][0]["message"]
    assert "--trust-config" in found["error"]["errors"][0]["hint"]
    assert models.requests == []


def test_without_live_and_in_a_revision_no_search_begins(
    repo: GitRepository, models: FaultServer
) -> None:
    configured(repo, models)

    with served(repo.root) as client:
        without_live = client.refused("/api/optimize", **WANTED)
    with served(repo.root, live=True, revision="HEAD") as client:
        of_revision = client.refused("/api/optimize", **WANTED)

    assert without_live == NO_LIVE
    assert of_revision[:2] == (403, "a revision can't be edited")
    assert models.requests == []


def test_a_search_that_is_stopped_sends_no_more_requests(repo: GitRepository) -> None:
    go_on = Event()
    with fault_server(lambda _: Answer(until=go_on)) as server:
        configured(repo, server)
        with served(repo.root, live=True) as client:
            headers = {"Authorization": f"Bearer {client.token}"}
            headers["Content-Type"] = "application/json"
            with closing(HTTPConnection(HOST, client.port, timeout=PATIENCE_S)) as connection:
                connection.request("POST", "/api/optimize", json.dumps(WANTED), headers)
                until(lambda: server.answering == AT_A_TIME)
            for _ in range(2):  # answered after the end of the connection is known
                client.post("/api/preview", id="ask")
            go_on.set()
            until(lambda: server.answering == 0)

    assert len(server.requests) == AT_A_TIME
