"""Questions to judges and other services that an assertion needs answered, and the replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from promptops.records import field, record

Lack = Literal["recording", "connection"]
"""What is missing: `recording` if no answer is recorded, `connection` if a request failed."""

BUILT_IN = "built-in "
"""The prefix of the names of built-in judges; ids of prompts contain no space."""


def judge_name(judge: str) -> str:
    """A judge in a sentence, by `Question.judge`."""
    return f"the {judge} judge" if judge.startswith(BUILT_IN) else f"the judge `{judge}`"


@record(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about one answer.

    Attributes:
        kind: `judge` calls a model with a prompt; the others have an endpoint of their own.
        judge: For a judge: the id of its prompt in the catalog, or `built-in NAME`.
        model: For a judge: the model, `{profile}` or `{provider, id}`; empty if the prompt names
            it.
        inputs: For a judge: the inputs that its prompt may declare; otherwise `text`.
    """

    kind: Literal["judge", "embedding", "moderation"]
    judge: str = ""
    model: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Equal for equal questions of any assertion."""
        from hashlib import sha256

        from promptops.runtime.request.canonical import canonical_json

        parts = [self.kind, self.judge, dict(self.model), dict(self.inputs)]
        return sha256(canonical_json(parts).encode()).hexdigest()


@record(frozen=True, slots=True, kw_only=True)
class Opinion:
    """The reply of a judge: one of the requested verdicts, or a score from 0 to 1.

    Attributes:
        model: The model that replied, as its provider names it; "" if unknown.
    """

    reason: str
    verdict: str | None = None
    score: float | None = None
    model: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Embedding:
    """The vector of a text; texts of similar meaning have similar directions."""

    vector: Sequence[float]


@record(frozen=True, slots=True, kw_only=True)
class ModerationReply:
    """The categories under which a text was flagged; none for a harmless one."""

    flagged: tuple[str, ...]


@record(frozen=True, slots=True, kw_only=True)
class NoReply:
    """A question without a usable reply, and why.

    Attributes:
        lack: What is missing, if that is the only reason; None for an error to fix.
    """

    reason: str
    lack: Lack | None = None


Reply = Opinion | Embedding | ModerationReply | NoReply
