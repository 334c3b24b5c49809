"""A prompt that was run or resolved: the results of `run` and of `render --resolved`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.model.answer import Answer
from promptops.model.test_run import AssertionResult, CaseStatus
from promptops.records import record
from promptops.records.outputs import empty_text, hidden, output, shown


@record(frozen=True, slots=True, kw_only=True)
class ModelAnswer:
    """What one model answered.

    Attributes:
        profile: The name of the profile, or `provider/id` without one.
        provider: As configured.
        model: The id that is configured. `answer.model` is the name of the model that answered.
        text: All of the answer, as in `answer`, or the part that arrived.
        answer: None if it is incomplete.
        problem: Why it is incomplete, or "".
        cost_usd: None if the price or the usage is unknown, as it is for an incomplete answer.
        duration_s: From sending until the end of the answer; None if nothing was sent.
        first_text_s: From sending until the first text; None without text.
        limit: The most output tokens that the request allows; None if it sets no limit.
        status: Of the test case with this answer, or of the output contract; None if there is
            nothing to judge.
        reason: Why the status is `error`, or "".
        assertions: The results of the test case.
        internal: A bug in promptops prevented a check.
        digest: Of the request.
    """

    profile: str
    provider: str
    model: str
    text: str = empty_text()
    answer: Answer | None = None
    problem: str = ""
    cost_usd: float | None = None
    duration_s: float | None = None
    first_text_s: float | None = None
    limit: int | None = None
    status: CaseStatus | None = None
    reason: str = ""
    assertions: tuple[AssertionResult, ...] = ()
    internal: bool = False
    digest: str = hidden(default="")

    @shown
    def was_cut(self) -> bool:
        """Whether the model stopped at a limit: at `limit`, or at its own."""
        return self.answer is not None and self.answer.finish_reason == "length"


@output("run")
@record(frozen=True, slots=True, kw_only=True)
class PromptRun:
    """The result of `promptops run`.

    Attributes:
        prompt: The id of the prompt.
        path: Of the prompt file.
        revision: `worktree`, `index`, or the revision of `--at`.
        case: The test case whose inputs were used; None for given inputs.
        inputs: As given, without defaults.
        answers: In the order of the requested profiles.
        cost_usd: Of all answers with a known price, including those of judges.
        interrupted: The user interrupted it.
        infrastructure: A judge could not be called.
        saved_in: The file with the new test case, or "".
    """

    prompt: str
    path: str
    revision: str
    case: str | None
    inputs: Mapping[str, Any]
    answers: tuple[ModelAnswer, ...]
    cost_usd: float = 0.0
    interrupted: bool = False
    infrastructure: bool = False
    saved_in: str = ""

    @property
    def failed(self) -> bool:
        """Whether a contract does not hold, or could not be checked."""
        return any(answer.status not in (None, "passed") for answer in self.answers)

    @property
    def incomplete(self) -> bool:
        """Whether an answer is missing or incomplete."""
        return any(answer.answer is None for answer in self.answers)


# A prompt with everything that it refers to, as `promptops render --resolved` prints it.


@record(frozen=True, slots=True, kw_only=True)
class CalledModel:
    """The model to call, whichever file names it.

    Attributes:
        profile: Its name in the configuration.
        provider: The provider.
        id: As the provider names it.
    """

    profile: str | None
    provider: str | None
    id: str | None


@output("resolved")
@record(frozen=True, slots=True, kw_only=True)
class ResolvedPrompt:
    """The result of `promptops render --resolved`.

    Attributes:
        revision: A commit id, or the name of the work tree or the index.
        id: Path below the prompt root without its ending.
        path: Relative to the repository root, forward slashes.
        extends: Path of the prompt that it is a variant of; they are already merged.
        model: The model that is called.
        prompt: The content of a prompt file without `extends` that needs no other file except
            media, as `prompt.schema.json` describes it.
    """

    revision: str
    id: str
    path: str
    extends: str | None
    model: CalledModel
    prompt: Any
