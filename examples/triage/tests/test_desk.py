"""The desk answers a ticket: with recorded answers of the model, so without a key.

python -m pytest
"""

from __future__ import annotations

import json

import openai
import pytest
from desk import Desk

TICKET = {
    "id": "T-1",
    "product": "router",
    "ticket": "The light blinks red and nobody here is online.",
}


@pytest.fixture
def desk(promptops_replay):
    """With the prompts of the last commit, before they are released."""
    return Desk(client=openai.OpenAI(max_retries=1), release="git:HEAD", source=".")


def test_a_ticket_is_sorted_and_gets_a_reply(desk, promptops_replay):
    found = desk.handle(json.dumps(TICKET).encode())

    assert (found["id"], found["queue"], found["category"]) == ("T-1", "router", "billing")
    assert found["reply"]
    assert [each.prompt for each in promptops_replay.requests] == ["desk/triage", "desk/reply"]


def test_a_busy_model_is_asked_again(desk, promptops_replay):
    promptops_replay.fail(status=429, times=1)

    found = desk.handle(json.dumps(TICKET).encode())

    assert found["queue"] == "router"
    assert [each.status for each in promptops_replay.requests] == [429, 200, 200]


def test_without_the_model_the_ticket_goes_to_people(desk, promptops_replay):
    promptops_replay.fail(status=503, times=2)

    found = desk.handle(json.dumps(TICKET).encode())

    assert found["queue"] == "people"
    assert "the model did not answer" in found["reason"]
