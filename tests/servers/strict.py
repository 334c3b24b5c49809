"""The APIs of Anthropic and Google by the path of a request."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.servers import generate_content_api, messages_api

Shape = Callable[[dict[str, Any], "str | None", int], dict[str, Any]]

_GENERATE = re.compile(
    r"/v1(?:beta)?/models/([^/:]+):(?:generateContent|streamGenerateContent\?alt=sse)"
)


def shape_of(path: str) -> Shape | None:
    """What answers a path; None for a path of neither API."""
    if path == "/v1/messages":
        return messages_api.message
    match = _GENERATE.fullmatch(path)
    if match is None:
        return None
    model = match[1]
    return lambda request, says, number: generate_content_api.content(model, request, says, number)
