"""Answers that a run needs, and what became of them."""

from __future__ import annotations

from typing import Literal

from promptops.jobs.testing.plan import Key
from promptops.model.answer import Answer
from promptops.model.config import ModelProfile
from promptops.model.prompt import Prompt
from promptops.model.request import Request
from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class WantedAnswer:
    """An answer that a run needs.

    Attributes:
        prompt: The prompt file whose recordings and budget are used.
        judge: The judge that sends the request, or "".
        profile: The model to call; None if the prompt has no model.
    """

    prompt: Prompt
    case: str
    repeat: int
    digest: str
    request: Request
    profile: ModelProfile | None
    judge: str = ""

    @property
    def path(self) -> str:
        """The path of the prompt file."""
        return self.prompt.path

    @property
    def key(self) -> Key:
        """What identifies the answer in a run: path, digest of the request, repeat, judge."""
        return self.path, self.digest, self.repeat, self.judge


@record(frozen=True, slots=True, kw_only=True)
class AnswerResult:
    """The answer to a need, or the reason why it is missing.

    Attributes:
        reason: Why there is no answer, or "".
        infrastructure: The request was sent, and the provider or the network failed.
        failed: A function of the repository was called, and failed.
    """

    answer: Answer | None = None
    source: Literal["recorded", "cached", "live", "none"] = "none"
    reason: str = ""
    infrastructure: bool = False
    failed: bool = False
