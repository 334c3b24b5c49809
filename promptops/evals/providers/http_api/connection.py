"""Settings of connections."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module

import httpx2

# The HTTP library and asyncio import these during the first request. The event loop stops for as
# long, so that the latency of all first requests would be unknown.
for _name in ("anyio._backends._asyncio", "concurrent.futures.thread"):
    with suppress(ImportError):
        import_module(_name)

CONNECT_S = 10.0


def credentials_in(address: httpx2.URL) -> tuple[str, str] | None:
    """The user and password in an address."""
    return (address.username, address.password) if address.userinfo else None
