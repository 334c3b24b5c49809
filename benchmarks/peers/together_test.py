"""Test functions of someone in a hurry: a fixture asks 32 at once, each function asserts."""

import asyncio
import json
from pathlib import Path

import pytest
from openai import AsyncOpenAI
from tickets import chat

TICKETS = json.loads(Path("tickets.json").read_text())
AT_ONCE = 32


@pytest.fixture(scope="session")
def answers():
    return asyncio.run(_asked())


@pytest.mark.parametrize("number", range(len(TICKETS)))
def test_a_red_light_is_a_bug(answers, number):
    said = answers[number]

    assert json.loads(said)
    assert "bug" in said


async def _asked():
    turns = asyncio.Semaphore(AT_ONCE)

    async def ask(ticket):
        async with turns:
            completion = await client.chat.completions.create(**chat(ticket))
            return completion.choices[0].message.content

    async with AsyncOpenAI() as client:
        return await asyncio.gather(*map(ask, TICKETS))
