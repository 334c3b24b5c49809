"""Seconds that 1,000 requests take, 64 at once: the engine, a bare client of `openai`, in turns.

python3 engine.py ADDRESS prints a JSON object of medians. All is imported before it begins.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable

from cases import MODEL, chat, tickets
from openai import AsyncOpenAI

from promptops.evals.engine.ask import Answered, Ask, Settings
from promptops.evals.engine.run import ask
from promptops.evals.providers.registry import provider_of
from promptops.model.config import ModelProfile
from promptops.model.request import Request

REQUESTS = 1_000
AT_ONCE = 64
TURNS = 5


def main(address: str) -> None:
    """Measure and print."""
    ways = {"engine": lambda: engine(address), "bare": lambda: asyncio.run(bare(address))}
    rows = [
        {
            f"{name} {unit}": seconds
            for name, way in ways.items()
            for unit, seconds in zip(("wall_s", "cpu_s"), _timed(way), strict=True)
        }
        for _ in range(TURNS + 1)
    ]
    warm = rows[1:]
    print(json.dumps({name: statistics.median(row[name] for row in warm) for name in warm[0]}))


def engine(address: str) -> None:
    """Through the engine and its provider."""
    profile = ModelProfile(name="mock", provider="openai", id=MODEL, base_url=address)
    asks = [
        Ask(digest=str(number), repeat=0, request=_request(ticket), profile=profile)
        for number, ticket in enumerate(tickets(REQUESTS))
    ]
    outcomes = ask(
        asks, lambda each: provider_of(each, {}), Settings(concurrency=AT_ONCE), lambda _: None
    )
    assert all(isinstance(each, Answered) for each in outcomes)


async def bare(address: str) -> None:
    """Through a client and a semaphore, with nothing that could go wrong thought of."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(ticket: str) -> None:
        async with turns:
            assert (await client.chat.completions.create(**chat(ticket))).choices

    async with AsyncOpenAI(base_url=address, api_key="none") as client:
        await asyncio.gather(*map(one, tickets(REQUESTS)))


def _request(ticket: str) -> Request:
    arguments = chat(ticket)
    params = {"temperature": 0, "max_output_tokens": arguments["max_completion_tokens"]}
    model = {"provider": "openai", "id": MODEL}
    return Request(messages=tuple(arguments["messages"]), model=model, params=params)


def _timed(way: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    way()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main(sys.argv[1])
