"""What is asked for: an answer, or a service that has an address of its own."""

from __future__ import annotations

from promptops.model.request import Request

OWN = "openai"
"""Where a request holds what only those know who speak OpenAI's API."""

COMPATIBLE = "openai"
"""The provider that calls an address for which no other provider is known."""

ADDRESS = "https://api.openai.com/v1"
"""Its address where a profile has none."""


def api_of(request: Request) -> str:
    """`chat`, `responses`, `embeddings` or `moderations`, as far as a prompt file is right."""
    return str(request.provider_options.get(OWN, {}).get("api", "chat"))
