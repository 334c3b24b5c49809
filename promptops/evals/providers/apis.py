"""What is asked for: an answer, or a service that has an address of its own."""

from __future__ import annotations

from promptops.model.request import Request

OWN = "openai"
"""Where a request holds what only those know who speak OpenAI's API."""


def api_of(request: Request) -> str:
    """`chat`, `responses`, `embeddings` or `moderations`, as far as a prompt file is right."""
    return str(request.provider_options.get(OWN, {}).get("api", "chat"))
