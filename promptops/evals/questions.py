"""What some assertions have to ask before they can judge, and what they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from promptops.records import field, record

Lack = Literal["recording", "connection"]
"""Of what there is not: `recording` of an answer that may be asked for, `connection` of one that
was asked for in vain."""

BUILT_IN = "built-in "
"""Begins the name of a judge of ours; no id of a prompt holds a space."""


@record(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about one answer.

    Attributes:
        kind: `judge` asks a model by a prompt; the others have an endpoint of their own.
        judge: Of a judge: the id of its prompt in the catalog, or `built-in NAME`.
        model: Of a judge: who is asked, `{profile}` or `{provider, id}`; empty where the prompt
            itself says so.
        inputs: Of a judge: those that its prompt may declare; else `text`.
    """

    kind: Literal["judge", "embedding", "moderation"]
    judge: str = ""
    model: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The same for the same question, whoever asks it."""
        from hashlib import sha256

        from promptops.runtime.request.canonical import canonical_json

        asked = [self.kind, self.judge, dict(self.model), dict(self.inputs)]
        return sha256(canonical_json(asked).encode()).hexdigest()


@record(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a judge says: a verdict of those it was asked for, or a score from 0 to 1."""

    reason: str
    verdict: str | None = None
    score: float | None = None


@record(frozen=True, slots=True, kw_only=True)
class Embedding:
    """Where a text stands; texts of one meaning stand in one direction."""

    vector: Sequence[float]


@record(frozen=True, slots=True, kw_only=True)
class ModerationReply:
    """The categories under which a text was flagged; none for a harmless one."""

    flagged: tuple[str, ...]


@record(frozen=True, slots=True, kw_only=True)
class NoReply:
    """A question that nobody answered, or not so that it can be read, and why.

    Attributes:
        lack: Of what, where that is all; None where somebody has to mend something.
    """

    reason: str
    lack: Lack | None = None


Reply = Opinion | Embedding | ModerationReply | NoReply
