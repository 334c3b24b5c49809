"""Test functions as most people write them: each asks, then asserts."""

import json
from pathlib import Path

import pytest
from openai import OpenAI
from tickets import chat

TICKETS = json.loads(Path("tickets.json").read_text())


@pytest.fixture(scope="session")
def client():
    return OpenAI()


@pytest.mark.parametrize("ticket", TICKETS)
def test_a_red_light_is_a_bug(client, ticket):
    completion = client.chat.completions.create(**chat(ticket))

    said = completion.choices[0].message.content
    assert json.loads(said)
    assert "bug" in said
