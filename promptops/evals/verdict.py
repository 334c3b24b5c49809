"""What an assertion yields: a verdict, or why there is no verdict; and its questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from promptops.model.place import Offsets
from promptops.records import field, record, replace

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


# The verdict of an assertion, and the errors in place of one.

Span = tuple[int, int]
"""Characters of a text: the offset of the first one and that after the last one, 0-based."""


@record(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether an assertion holds, and why.

    Attributes:
        expected: Worded to follow "expected": "`refund`", "at most 80 characters".
        opposite: The same for the assertion with `not-`: "no `refund`".
        where: "in the system message", "at /messages/1/content".
        got: Worded to follow "got".
        degree: The degree to which it holds, 0 to 1; None for a plain yes or no.
        compared: The complete expected and actual values, if it does not hold and `got` is too
            short to show how they differ; else None.
    """

    passed: bool
    expected: str
    opposite: str
    where: str
    got: str
    degree: float | None = None
    compared: tuple[str, str] | None = None

    @property
    def share(self) -> float:
        """Its contribution to a score, 0 to 1."""
        return float(self.passed) if self.degree is None else self.degree

    @property
    def reason(self) -> str:
        """Expected, where, got; also if it holds."""
        return f"expected {self.expected} {self.where}, got {self.got}"

    def negated(self) -> Verdict:
        """The verdict of the same assertion with `not-` before its name."""
        return replace(
            self,
            passed=not self.passed,
            expected=self.opposite,
            opposite=self.expected,
            degree=None if self.degree is None else 1 - self.degree,
            compared=None,  # a difference is what `not-` requires
        )


class Unjudgeable(Exception):
    """An assertion can neither pass nor fail, even with `not-`: the checked value does not exist.

    Attributes:
        at: JSON pointer, in the assertion, of what to change; "" for all of it.
        within: The characters, of the string there, that can't be evaluated.
    """

    def __init__(self, message: str, at: str = "", within: Offsets | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.within = within


class Undecided(Unjudgeable):
    """Not the fault of the answer: no reply of a judge, code that may not run here, no labels.

    An error like any other, but no score counts it against the answer.
    """


class Unheard(Undecided):
    """A required reply is missing; see `questions.Lack`."""

    def __init__(self, message: str, lack: Lack | None, at: str = "") -> None:
        super().__init__(message, at)
        self.lack = lack


class Skipped(Undecided):
    """Not applicable to this case, or only to a fresh answer: neither an error nor a pass."""


class Refused(ValueError):
    """An argument that makes no sense: the assertion would always hold, or never could.

    Attributes:
        at: JSON pointer of the argument in the assertion.
    """

    def __init__(self, message: str, *, hint: str | None = None, at: str = "/value") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.at = at


@record(frozen=True, slots=True)
class NamedPart:
    """A part of the prompt that an assertion names.

    Attributes:
        at: JSON pointer into the assertion.
        within: The characters of the string at that pointer.
        tool: The tool of an argument; the pointer is that of its key.
    """

    kind: Literal["tool", "input", "argument", "function"]
    name: str
    at: str
    within: Offsets | None = None
    tool: str = ""
