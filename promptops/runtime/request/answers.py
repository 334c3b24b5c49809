"""Check a model's answer against the output that the prompt declares."""

from __future__ import annotations

import json
import math
from typing import Any

from promptops.errors import InputError
from promptops.json_pointer import pointer_to
from promptops.model.prompt import Output
from promptops.runtime.request.answer_text import CUT_OFF, FINISHED, answer_text
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
