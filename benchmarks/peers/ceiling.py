"""How many requests a second the mock server answers, asked by the least there is: a bare socket.

python3 ceiling.py ADDRESS prints the number.
"""

from __future__ import annotations

import asyncio
import sys
import time
from urllib.parse import urlsplit

CONNECTIONS = 256
ROUNDS = 20
_BODY = b"{}" * 200  # as long as a request of the benchmarks
_REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: mock\r\ncontent-length: %d\r\n\r\n" % len(_BODY)
) + _BODY


async def main(address: str) -> None:
    """Measure and print."""
    port = urlsplit(address).port
    pairs = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
    start = time.perf_counter()
    await asyncio.gather(*(_ask(reader, writer) for reader, writer in pairs))
    print(round(CONNECTIONS * ROUNDS / (time.perf_counter() - start)))
    for _, writer in pairs:
        writer.close()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for _ in range(ROUNDS):
        writer.write(_REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.rpartition(b"content-length: ")[2]))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
