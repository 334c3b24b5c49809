"""The least that asks a model about every ticket: `openai`'s own client, 32 at once.

python3 bare.py TICKETS.json, with OPENAI_BASE_URL and OPENAI_API_KEY
"""

import asyncio
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from cases import chat
from openai import AsyncOpenAI

AT_ONCE = 32


async def main() -> None:
    client, turns = AsyncOpenAI(), asyncio.Semaphore(AT_ONCE)

    async def ask(ticket: str) -> str:
        async with turns:
            completion = await client.chat.completions.create(**chat(ticket))
            return completion.choices[0].message.content

    asked = json.loads(Path(sys.argv[1]).read_text())
    for said in await asyncio.gather(*map(ask, asked)):
        assert json.loads(said)
        assert "bug" in said


asyncio.run(main())
