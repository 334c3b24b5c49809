"""The text of a model's answer, and the reason why it ended, for each API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FINISHED = frozenset(
    ("", "stop", "completed", "tool_calls", "end_turn", "stop_sequence", "tool_use", "STOP")
)
"""Finish reasons of complete answers; "" if the reason is not known."""

CUT_OFF = frozenset(("length", "max_output_tokens", "max_tokens", "MAX_TOKENS"))
"""Finish reasons of answers that are longer than the limit of the request."""


def answer_text(answer: Any) -> tuple[str | None, str]:
    """The text of an answer and the provider's finish reason; None if it is not an answer.

    An answer is a string, an object of the client of OpenAI, Anthropic or Gemini, or the same as a
    mapping. A refusal counts as text; a model's thoughts do not.
    """
    if isinstance(answer, str):
        return answer, ""
    for read in (_completion, _response, _message, _content):
        found = read(answer)
        if found is not None:
            return found
    return None, ""


def _completion(answer: Any) -> tuple[str | None, str] | None:
    """OpenAI's chat completion."""
    choices = member(answer, "choices")
    if not isinstance(choices, (list, tuple)) or not choices:
        return None
    message = member(choices[0], "message")
    if message is None:
        return None
    text = member(message, "content") or member(message, "refusal") or ""
    return _joined(text), str(member(choices[0], "finish_reason") or "")


def _response(answer: Any) -> tuple[str | None, str] | None:
    """OpenAI's response."""
    output = member(answer, "output")
    if not isinstance(output, (list, tuple)):
        return None
    messages = (item for item in output if member(item, "type") == "message")
    text = "".join(_joined(member(message, "content")) or "" for message in messages)
    reason = member(member(answer, "incomplete_details"), "reason")
    return text, str(reason or member(answer, "status") or "")


def _message(answer: Any) -> tuple[str | None, str] | None:
    """Anthropic's message."""
    blocks = member(answer, "content")
    if not isinstance(blocks, (list, tuple)) or member(answer, "role") != "assistant":
        return None
    said = [block for block in blocks if member(block, "type") == "text"]
    return _joined(said), str(member(answer, "stop_reason") or "")


def _content(answer: Any) -> tuple[str | None, str] | None:
    """Gemini's content; a blocked request has no candidate."""
    candidates = member(answer, "candidates")
    if isinstance(candidates, (list, tuple)) and candidates:
        parts = member(member(candidates[0], "content"), "parts")
        said = [part for part in parts or () if not member(part, "thought")]
        return _joined(said), reason_word(either(candidates[0], "finish_reason", "finishReason"))
    feedback = either(answer, "prompt_feedback", "promptFeedback")
    blocked = either(feedback, "block_reason", "blockReason")
    return ("", reason_word(blocked)) if blocked else None


def reason_word(reason: Any) -> str:
    """A reason, which may be an enumeration, as the API writes it."""
    return str(getattr(reason, "value", reason) or "")


def _joined(content: Any) -> str | None:
    """A string, or the joined text parts; None for anything else that a server may send."""
    if isinstance(content, str):
        return content
    if not isinstance(content, (list, tuple)):
        return None
    return "".join(str(member(part, "text") or member(part, "refusal") or "") for part in content)


def either(value: Any, name: str, other: str) -> Any:
    """An attribute by its name in Python, or in JSON."""
    found = member(value, name)
    return found if found is not None else member(value, other)


def member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
