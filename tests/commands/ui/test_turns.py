"""A case with turns in the workbench: judged turn by turn, and its recordings stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.commands.asked import profile
from tests.commands.ui.served import Client, served
from tests.conversation import ANSWERS, CASE, PATH, PROMPT, RECORDINGS, converse, said
from tests.servers.fault_server import fault_server

SYSTEM = "/messages/0/content"


@pytest.fixture
def live(repo: Any) -> Iterator[Client]:
    """A workbench with a recorded conversation, which may save and call models."""
    with fault_server() as models:
        repo.write({"promptops.toml": profile("main", "main-1", models.base_url), PATH: PROMPT})
        converse(repo)
        repo.commit("a conversation")
        with served(repo.root, live=True, write=True) as client:
            yield client


def recorded(data: str) -> list[tuple[str, str]]:
    lines = map(json.loads, data.splitlines())
    return [(each["case"], each["request"]) for each in lines]


def failing(client: Client) -> list[tuple[Any, ...]]:
    found = client.get("/api/change?failing=1")["failing"]
    return [
        tuple(each[key] for key in ("case", "status", "reason", "answerable")) for each in found
    ]


def ask(client: Client, **tried: Any) -> list[Any]:
    """The events of an answer."""
    got = client.request(
        "POST", "/api/answers", json.dumps({"id": "refund", "models": [], **tried})
    )
    return [json.loads(line) for line in got.data.decode().splitlines()]


def test_an_answer_for_another_case_keeps_the_recorded_conversation(
    live: Client, repo: Any
) -> None:
    before = recorded((repo.root / RECORDINGS).read_text())
    ask(live, inputs={"product": "lamp"})
    live.post(
        "/api/keep", id="refund", name="a lamp", inputs={"product": "lamp"}, contains=["lamp"]
    )

    live.save()

    after = recorded((repo.root / RECORDINGS).read_text())
    assert [each for each in after if each[0] == CASE] == before
    assert [case for case, _ in after if case != CASE] == ["a lamp"]
    assert failing(live) == []


def test_a_turn_without_a_recording_is_named_with_the_command(live: Client) -> None:
    live.edit(id="refund", at=SYSTEM, text="You help users of the {{ product }}.")

    assert failing(live) == [
        (
            CASE,
            "stale",
            "turn 1: its request has no recording, run promptops test --record",
            False,
        )
    ]


def test_a_violated_contract_names_its_turn(live: Client, repo: Any) -> None:
    converse(repo, (ANSWERS[0], said("It was delivered. Refund it?"), ANSWERS[2]))
    repo.commit("another answer")
    live.edit(id="refund", at=SYSTEM, text="You support users of the {{product}}.")

    assert failing(live) == [
        (
            CASE,
            "failed",
            "turn 2: expected `14 days` in the answer, got `It was delivered. Refund it?`",
            False,
        )
    ]


def test_one_answer_to_a_conversation_is_refused_with_the_command(live: Client) -> None:
    (refused,) = ask(live, case=CASE)

    assert refused["error"]["errors"][0] == {
        **refused["error"]["errors"][0],
        "message": f"the case {CASE!r} is a conversation, and `run` gets one answer",
        "hint": f"promptops test refund --case {CASE!r} --live",
    }
