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
    choices = _get(answer, "choices")
    if not isinstance(choices, (list, tuple)) or not choices:
        return None
    message = _get(choices[0], "message")
    if message is None:
        return None
    text = _get(message, "content") or _get(message, "refusal") or ""
    return _joined(text), str(_get(choices[0], "finish_reason") or "")


def _response(answer: Any) -> tuple[str | None, str] | None:
    """OpenAI's response."""
    output = _get(answer, "output")
    if not isinstance(output, (list, tuple)):
        return None
    messages = (item for item in output if _get(item, "type") == "message")
    text = "".join(_joined(_get(message, "content")) or "" for message in messages)
    reason = _get(_get(answer, "incomplete_details"), "reason")
    return text, str(reason or _get(answer, "status") or "")


def _message(answer: Any) -> tuple[str | None, str] | None:
    """Anthropic's message."""
    blocks = _get(answer, "content")
    if not isinstance(blocks, (list, tuple)) or _get(answer, "role") != "assistant":
        return None
    said = [block for block in blocks if _get(block, "type") == "text"]
    return _joined(said), str(_get(answer, "stop_reason") or "")


def _content(answer: Any) -> tuple[str | None, str] | None:
    """Gemini's content; a blocked request has no candidate."""
    candidates = _get(answer, "candidates")
    if isinstance(candidates, (list, tuple)) and candidates:
        parts = _get(_get(candidates[0], "content"), "parts")
        said = [part for part in parts or () if not _get(part, "thought")]
        return _joined(said), _word(_either(candidates[0], "finish_reason", "finishReason"))
    feedback = _either(answer, "prompt_feedback", "promptFeedback")
    blocked = _either(feedback, "block_reason", "blockReason")
    return ("", _word(blocked)) if blocked else None


def _word(reason: Any) -> str:
    """A reason, which may be an enumeration, as the API writes it."""
    return str(getattr(reason, "value", reason) or "")


def _joined(content: Any) -> str | None:
    """A string, or the joined text parts; None for anything else that a server may send."""
    if isinstance(content, str):
        return content
    if not isinstance(content, (list, tuple)):
        return None
    return "".join(str(_get(part, "text") or _get(part, "refusal") or "") for part in content)


def _either(value: Any, name: str, other: str) -> Any:
    """An attribute by its name in Python, or in JSON."""
    found = _get(value, name)
    return found if found is not None else _get(value, other)


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
