"""A model's answer, and its recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.records import field, record

RECORDING_FORMAT = 1


@record(frozen=True, slots=True, kw_only=True)
class Usage:
    """The number of tokens, as the provider counted them.

    Attributes:
        input: Those of the request.
        output: Those of the answer.
        cached: Those of the request that the provider had cached.
    """

    input: int = 0
    output: int = 0
    cached: int = 0


@record(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of a model.

    Attributes:
        text: "" if the model only called tools.
        tool_calls: Each `{"name", "arguments"}`, the arguments as JSON data, or as a string if they
            are not JSON.
        finish_reason: stop, length, tool_calls or content_filter.
        model: The model that answered, as the provider names it, or "".
        fingerprint: Of the provider's system, or None.
        usage: The number of tokens.
        latency_s: Of the successful request; None if it was not measured cleanly, or the answer
            comes from a recording next to its prompt.
    """

    text: str
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    finish_reason: str = "stop"
    model: str = ""
    fingerprint: str | None = None
    usage: Usage = field(default_factory=Usage)
    latency_s: float | None = None

    @property
    def answering_model(self) -> tuple[str, str | None]:
        """The model that answered, and the fingerprint of the provider's system."""
        return self.model, self.fingerprint


@record(frozen=True, slots=True, kw_only=True)
class Recording:
    """An answer stored in git.

    Attributes:
        request: Digest of the request.
        repeat: 0-based; an answer never replaces that of another repeat.
        case: Name of the test case; only for people and for the order of lines.
        judge: Id of the judge's prompt if a judge answered; else "".
    """

    request: str
    repeat: int
    case: str
    answer: Answer
    judge: str = ""
