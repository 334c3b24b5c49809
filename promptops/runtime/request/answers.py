"""Check a model's answer against the output that the prompt declares."""

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

        `answer` is the chat completion or the response that the `openai` client returned, the same
        as a mapping, or a string. Raises AnswerError, and InputError for an object that is not a
        model's answer.
        """
        text, finished = _said(answer)
        if text is None:
            raise InputError(
                f"{type(answer).__name__} is not a model's answer",
                where=self._prompt,
                hint="pass `parse` the completion, the response, or its text",
            )
        return self.read(text, finished)

    def read(self, text: str, finish_reason: str) -> Any:
        """The text of an answer, or JSON data that matches the output schema.

        `finish_reason` is the provider's, or "" if it is unknown. Raises AnswerError.
        """
        if self._validator is None and self._output.format != "json":
            return text
        if finish_reason not in ("stop", "completed", "tool_calls", ""):
            hint = "increase `max_output_tokens`" if "length" in finish_reason else None
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


def _said(answer: Any) -> tuple[str | None, str]:
    """The text (None if there is none) and the finish reason."""
    if isinstance(answer, str):
        return answer, ""
    choices = _get(answer, "choices")
    if isinstance(choices, (list, tuple)) and choices:
        message = _get(choices[0], "message")
        if message is None:
            return None, ""
        text = _get(message, "content") or _get(message, "refusal") or ""
        return _joined(text), str(_get(choices[0], "finish_reason") or "")
    output = _get(answer, "output")
    if isinstance(output, (list, tuple)):
        messages = (item for item in output if _get(item, "type") == "message")
        text = "".join(_joined(_get(message, "content")) or "" for message in messages)
        reason = _get(_get(answer, "incomplete_details"), "reason")
        return text, str(reason or _get(answer, "status") or "")
    return None, ""


def _joined(content: Any) -> str | None:
    """A string, or the joined text parts; None for anything else that a server may send."""
    if isinstance(content, str):
        return content
    if not isinstance(content, (list, tuple)):
        return None
    return "".join(str(_get(part, "text") or _get(part, "refusal") or "") for part in content)


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
