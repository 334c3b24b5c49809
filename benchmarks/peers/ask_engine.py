"""Seconds that requests take, 64 at once: the engine, a bare client of `openai`, in turns.

python3 ask_engine.py ADDRESS REQUESTS TURNS prints medians as a JSON object. All is imported before
it begins, and a first turn warms up.
"""

import asyncio
import json
import statistics
import sys
import time

from openai import AsyncOpenAI
from tickets import MODEL, chat, tickets

from promptops.evals.engine.ask import Answered, Ask, Settings
from promptops.evals.engine.run import ask
from promptops.evals.providers.endpoint import approve, endpoint_of
from promptops.evals.providers.registry import provider_of
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request

ADDRESS, REQUESTS, TURNS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
AT_ONCE = 64


def main():
    ways = {"engine": engine, "bare": lambda: asyncio.run(bare())}
    turns = [{name: timed(way) for name, way in ways.items()} for _ in range(TURNS + 1)]
    print(json.dumps({name: medians([turn[name] for turn in turns[1:]]) for name in ways}))


def engine():
    """Through the engine and its provider."""
    profile = ModelProfile(name="mock", provider="openai", id=MODEL, base_url=ADDRESS)
    asks = [
        Ask(digest=str(number), repeat=0, request=request(ticket), profile=profile)
        for number, ticket in enumerate(tickets(REQUESTS))
    ]
    outcomes = ask(asks, provider, Settings(concurrency=AT_ONCE), lambda _: None)
    assert len(outcomes) == REQUESTS
    assert all(isinstance(each, Answered) for each in outcomes)


def provider(profile):
    """Its address is that of the benchmark's own server."""
    return provider_of(approve(profile, {endpoint_of(profile)}), {})


async def bare():
    """Through a client and a semaphore, with nothing that could go wrong thought of."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(ticket):
        async with turns:
            assert (await client.chat.completions.create(**chat(ticket))).choices

    async with AsyncOpenAI(base_url=ADDRESS, api_key="none") as client:
        await asyncio.gather(*map(one, tickets(REQUESTS)))


def request(ticket):
    arguments = chat(ticket)
    params = {"temperature": 0, "max_output_tokens": arguments["max_completion_tokens"]}
    model = {"provider": "openai", "id": MODEL}
    return Request(messages=tuple(arguments["messages"]), model=model, params=params)


def timed(way):
    """Wall and CPU seconds of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    way()
    return {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def medians(turns):
    return {unit: statistics.median(turn[unit] for turn in turns) for unit in turns[0]}


main()
