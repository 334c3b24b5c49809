"""The API of a request: answers, or a service with its own address."""

from __future__ import annotations

from promptops.model.request import Request

OWN = "openai"
"""Where a request holds what only those know who speak OpenAI's API."""

COMPATIBLE = "openai"
"""The provider that calls an address for which no other provider is known."""

ADDRESS = "https://api.openai.com/v1"
"""Its address where a profile has none."""


def api_of(request: Request) -> str:
    """`chat`, `responses`, `embeddings` or `moderations`, if the prompt file is valid."""
    return str(request.provider_options.get(OWN, {}).get("api", "chat"))
