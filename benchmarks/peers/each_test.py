"""Test functions as most people write them: each asks, then asserts."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from cases import chat
from openai import OpenAI

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
