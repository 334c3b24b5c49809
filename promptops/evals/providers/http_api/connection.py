"""Settings of connections."""

from __future__ import annotations

import httpx2

CONNECT_S = 10.0


def credentials_in(address: httpx2.URL) -> tuple[str, str] | None:
    """The user and password in an address."""
    return (address.username, address.password) if address.userinfo else None
