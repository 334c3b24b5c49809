"""A model's answer: its text, why it ended, and whether it follows the output schema."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from promptops.errors import InputError
from promptops.json_pointer import pointer_to
from promptops.model.prompt import Output
from promptops.runtime.request.schema_check import Error, message_of, shortened, validator


class AnswerError(InputError):
    """An answer that does not match the output of its prompt.

    Attributes:
        text: The text of the model's answer.
    """

    def __init__(self, message: str, *, text: str, where: str, hint: str | None = None) -> None:
        super().__init__(message, where=where, hint=hint)
        self.text = text


class Answers:
    """Parses the answers to one prompt."""

    def __init__(self, prompt: str, output: Output) -> None:
        """`prompt` is the id that errors show."""
        self._prompt = prompt
        self._output = output
        self._validator = validator(output.schema) if output.schema is not None else None

    def parse(self, answer: Any) -> Any:
        """A string, or JSON data that matches the output schema.

        `answer` is what the client of OpenAI (chat completion or response), Anthropic or Gemini
        returned, the same as a mapping, or a string. Raises AnswerError, and InputError for an
        object that is not a model's answer.
        """
        text, finished = answer_text(answer)
        if text is None:
            raise InputError(
                f"{type(answer).__name__} is not a model's answer",
                where=self._prompt,
                hint="pass `parse` what the client returned, or its text",
            )
        return self.read(text, finished)

    def read(self, text: str, finish_reason: str) -> Any:
        """The text of an answer, or JSON data that matches the output schema.

        `finish_reason` is the provider's, or "" if it is unknown. Raises AnswerError.
        """
        if self._validator is None and self._output.format != "json":
            return text
        if finish_reason not in FINISHED:
            hint = "increase `max_output_tokens`" if finish_reason in CUT_OFF else None
            message = f"the answer is incomplete: it ended with {finish_reason!r}"
            raise AnswerError(message, text=text, where=self._prompt, hint=hint)
        return self._checked(text)

    def _checked(self, text: str) -> Any:
        try:
            value = json.loads(text, parse_float=_finite, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            message = f"the answer is not JSON: {error}"
            raise AnswerError(message, text=text, where=self._prompt) from None
        if self._validator is None:
            return value
        try:
            wrong = next(iter(self._validator.errors(value)), None)
        except ValueError as error:
            raise AnswerError(str(error), text=text, where=self._prompt) from None
        if wrong is not None:
            raise AnswerError(_misfit(wrong), text=text, where=self._prompt)
        return value


def _misfit(error: Error) -> str:
    at = pointer_to(error.instance_path)
    message = f"the answer does not fit the output schema: {shortened(message_of(error), 1_000)}"
    return f"{message}, at {shortened(at, 500)}" if at else message


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number that is too large")
    return number


def _no_constant(name: str) -> Any:
    raise ValueError(f"`{name}` is not a JSON number")


# The text of a model's answer, and the reason why it ended, for each API.

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
