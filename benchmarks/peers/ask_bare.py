"""The least that asks a model about every ticket: `openai`'s own client, 32 at once.

python3 ask_bare.py TICKETS.json, with OPENAI_BASE_URL and OPENAI_API_KEY, prints how many passed.
"""

import asyncio
import json
import sys
from pathlib import Path

from openai import AsyncOpenAI
from tickets import chat

AT_ONCE = 32


async def main():
    client, turns = AsyncOpenAI(), asyncio.Semaphore(AT_ONCE)

    async def ask(ticket):
        async with turns:
            completion = await client.chat.completions.create(**chat(ticket))
            return completion.choices[0].message.content

    asked = json.loads(Path(sys.argv[1]).read_text())
    answers = await asyncio.gather(*map(ask, asked))
    for said in answers:
        assert json.loads(said)
        assert "bug" in said
    print(f"{len(answers)} passed")


asyncio.run(main())
