"""A model's answer, and its recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.model.prompt import Request
from promptops.records import field, record
from promptops.records.outputs import hidden

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
        turns: For the answer to a case with turns: all turns that were answered. The text and the
            tool calls are those of the last one, usage and latency are sums.
        ended: Why the conversation ended before the last turn of the case, or "".
    """

    text: str
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    finish_reason: str = "stop"
    model: str = ""
    fingerprint: str | None = None
    usage: Usage = field(default_factory=Usage)
    latency_s: float | None = None
    turns: tuple[AnsweredTurn, ...] = hidden(default=())
    ended: str = hidden(default="")

    @property
    def answering_model(self) -> tuple[str, str | None]:
        """The model that answered, and the fingerprint of the provider's system."""
        return self.model, self.fingerprint


@record(frozen=True, slots=True, kw_only=True)
class AnsweredTurn:
    """One turn of a conversation, and its answer.

    Attributes:
        number: 1-based.
        at: JSON pointer of the turn in the file of its case.
        request: The request with all that was said before it.
        digest: Of the request.
        said: How many messages at the end of the request are new in this turn.
        source: recorded, cached or live.
    """

    number: int
    at: str
    request: Request
    digest: str
    said: int
    answer: Answer
    source: str = "recorded"


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
