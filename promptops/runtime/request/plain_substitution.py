"""The fast path for prompts with fixed messages whose texts contain only plain substitutions.

It renders only what it fully supports, and leaves the rest to `messages`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from promptops.model.prompt import Message, TextPart, Turn
from promptops.runtime.request.messages import MAX_TURNS, message_data
from promptops.runtime.template.limits import MAX_OUTPUT_CHARS
from promptops.runtime.template.text_rendering import Parts, filled, is_template, parts_of

Messages = tuple[dict[str, Any], ...]
FastPath = Callable[[dict[str, Any]], Messages | None]
"""From the inputs to the messages; None if `messages` must render them."""


def fast_path(turns: Iterable[Turn]) -> FastPath | None:
    """The function that renders these messages; None if they need the full renderer."""
    steps: list[tuple[dict[str, Any], Parts]] = []
    for turn in turns:
        parts = _parts(turn) if isinstance(turn, Message) else None
        if not isinstance(turn, Message) or parts is None or len(steps) >= MAX_TURNS:
            return None
        steps.append((message_data(turn, ""), parts))

    def messages(names: dict[str, Any]) -> Messages | None:
        rendered, chars = [], 0
        for fixed, parts in steps:
            text = filled(parts, names)
            if text is None:
                return None
            chars += len(text)
            if chars > MAX_OUTPUT_CHARS:  # `messages` enforces the limits
                return None
            message = fixed.copy()
            message["content"] = text.rstrip("\n")
            rendered.append(message)
        return tuple(rendered)

    return messages


def _parts(message: Message) -> Parts | None:
    """The parts of the only text of a message that is always present."""
    part = message.parts[0] if len(message.parts) == 1 else None
    if not isinstance(part, TextPart) or part.when is not None or message.when is not None:
        return None
    if not message.plain or message.tool_calls:  # the list would be shared between requests
        return None
    return parts_of(part.text.value) if is_template(part.text.value) else (part.text.value,)
