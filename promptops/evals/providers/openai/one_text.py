"""Requests about one text, such as for its embedding."""

from __future__ import annotations

from typing import Any

from promptops.evals.providers import Failure
from promptops.evals.providers.apis import OWN
from promptops.model.request import Request


def arguments(request: Request) -> dict[str, Any]:
    """The body of a request; raises Failure where it is not one message of text."""
    texts = [message.get("content") for message in request.messages]
    if len(texts) != 1 or not isinstance(texts[0], str):
        raise Failure(message="this API accepts only one message of text", kind="refused")
    options = request.provider_options.get(OWN, {})
    return {"model": request.model.get("id"), "input": texts[0], **options}
