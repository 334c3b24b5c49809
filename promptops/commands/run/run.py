"""Render a prompt, call one or more models at the same time, and judge the answers of a case."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from promptops.commands.run.inputs import CaseInputs
from promptops.commands.run.requests import ModelRequest, model_requests
from promptops.commands.run.streaming import Streams
from promptops.errors import InputError, UsageError
from promptops.evals.engine.ask import Answered, Ask, Failed, Outcome, Settings
from promptops.evals.engine.ledger import INTERRUPTED
from promptops.evals.engine.worst_case import requested_output_tokens
from promptops.evals.providers.endpoint import refuse_untrusted
from promptops.model.prompt import Case, Prompt
from promptops.model.prompt_run import ModelAnswer, PromptRun
from promptops.model.request import Request
from promptops.records import field, record
from promptops.runtime.request.canonical import request_digest
from promptops.testing.model_calls import Event, ModelCalls, Watcher, within_budget
from promptops.workspace.approved_endpoints import Approvals
from promptops.workspace.workspace import Workspace

_HOOKS = ("GIT_INDEX_FILE", "GIT_QUARANTINE_PATH", "PRE_COMMIT")
"""Variables that git, or pre-commit, sets for hooks and for nothing else."""


class RunWatcher(Watcher, Protocol):
    """Receives the text of answers, besides the progress."""

    def text(self, number: int, piece: str) -> None:
        """The next piece of the answer of a model; `number` is 0-based."""

    def answered(self, number: int, answer: ModelAnswer) -> None:
        """The answer of a model is complete, or no more of it will arrive."""

    def saved(self, path: str) -> None:
        """The inputs are now a test case in this file."""


@record(frozen=True, slots=True, kw_only=True)
class PromptRunOptions:
    """How a prompt is run.

    Attributes:
        models: Names of profiles; empty for the prompt's own model.
        trusted: `--trust-config`: endpoints of the configuration are approved and remembered.
        save_as: The name of the test case that gets the inputs; None for none.
        event: The event whose budget limits the cost if `settings` don't.
    """

    watcher: RunWatcher
    models: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)
    trusted: bool = False
    save_as: str | None = None
    event: Event | None = None


def refuse_calls() -> None:
    """Raise UsageError in a git hook, and for an untrusted change."""
    refuse_untrusted()
    found = next((name for name in _HOOKS if os.environ.get(name)), None)
    if found is not None:
        raise UsageError(
            f"no API calls in a git hook: {found} is set",
            hint="replay recordings in a hook: promptops test",
        )


def run_prompt(
    workspace: Workspace, prompt: Prompt, given: CaseInputs, options: PromptRunOptions
) -> PromptRun:
    """Call each model with the rendered prompt; nothing is recorded.

    Raises UsageError for a prompt without a model, an unknown profile, an endpoint that is not
    approved, and a missing key; RenderError for inputs that do not fit; InputError for an input
    that can't be retrieved.
    """
    streams = Streams(options.watcher.text)
    calls = _calls(workspace, options, streams)
    given = _with_retrieved(workspace, prompt, given, calls)
    requests = model_requests(workspace, prompt, given.inputs, options.models, streams)
    saved_in = _save(workspace, prompt, given.inputs, requests[0].request, options)
    answers = _answers(workspace, requests, calls, options.watcher)
    if streams.error is not None:
        raise streams.error
    from promptops.commands.run.judging import judge_answers  # not before the first text is shown

    asked = list(zip(requests, answers, strict=True))
    judged = judge_answers(workspace, given.case, asked, calls)
    return PromptRun(
        prompt=prompt.id,
        path=prompt.path,
        revision=workspace.revision,
        case=given.case.name if given.case is not None else None,
        inputs=given.inputs,
        answers=judged.answers,
        cost_usd=calls.cost_usd,
        interrupted=calls.ledger.interrupted,
        infrastructure=judged.infrastructure,
        saved_in=saved_in,
    )


def _with_retrieved(
    workspace: Workspace, prompt: Prompt, given: CaseInputs, calls: ModelCalls
) -> CaseInputs:
    """The inputs with those that the retrievers of the prompt return for the case."""
    if given.case is None or not given.case.unrecorded:
        return given
    from promptops.testing.retrieving import MissingInputs

    case = MissingInputs(workspace.catalog, "live", calls).of_case(prompt, given.case)
    if not isinstance(case, Case):
        raise InputError(case.message, where=str(case.place))
    return CaseInputs(inputs=case.inputs, case=case)


def _save(
    workspace: Workspace,
    prompt: Prompt,
    inputs: Mapping[str, Any],
    request: Request,
    options: PromptRunOptions,
) -> str:
    """Save the inputs as a test case, if wanted; returns the path of the file, or "".

    At once: during the call the file may be edited.
    """
    if options.save_as is None:
        return ""
    from promptops.commands.run.saving import new_case

    saved = new_case(workspace, prompt, options.save_as, inputs, request)
    saved.write(workspace.repository.root)
    options.watcher.saved(saved.path)
    return saved.path


def _answers(
    workspace: Workspace, requests: Sequence[ModelRequest], calls: ModelCalls, watcher: RunWatcher
) -> list[ModelAnswer]:
    """The answers in the order of the requests; the watcher gets each one as it ends."""
    found: dict[int, ModelAnswer] = {}

    def came(outcome: Outcome) -> None:
        number = outcome.ask.repeat
        if number not in found:
            found[number] = _answer(requests[number], outcome)
            watcher.answered(number, found[number])

    asks = [_ask(each, calls) for each in requests]
    # A failure, and a request that was not sent, is only in the result.
    for outcome in calls.ask(asks, workspace.catalog, came):
        came(outcome)
    return [found[number] for number in range(len(requests))]


def _calls(workspace: Workspace, options: PromptRunOptions, streams: Streams) -> ModelCalls:
    watcher = options.watcher
    budget = workspace.config.test.budget
    calls = ModelCalls(
        settings=within_budget(options.settings, budget, options.event),
        watcher=watcher,
        approvals=Approvals(
            repository=workspace.repository,
            announce=watcher.calls,
            trusts_change=options.trusted,
        ),
        event=options.event,
        around=streams.around,
    )
    calls.ledger.on_end = partial(_ended, streams, watcher)
    return calls


def _ended(streams: Streams, watcher: Watcher, reason: str) -> None:
    """A user who interrupts a stream does not want to read the rest of it."""
    if reason == INTERRUPTED:
        streams.stop()
    else:
        watcher.closes(reason)


def _ask(each: ModelRequest, calls: ModelCalls) -> Ask:
    return Ask(
        digest=request_digest(each.request),
        # Each model is called, even if several get the same request.
        repeat=each.arriving.number,
        request=each.request,
        profile=each.profile,
        payer=calls.payer(each.prompt),
    )


def _answer(asked: ModelRequest, outcome: Outcome) -> ModelAnswer:
    arriving, profile = asked.arriving, asked.profile
    started_s, first_s, ended_s = arriving.started_s, arriving.first_s, arriving.ended_s
    answered = outcome if isinstance(outcome, Answered) else None
    return ModelAnswer(
        profile=profile.name,
        provider=profile.provider,
        model=profile.id,
        text=answered.answer.text if answered else "".join(arriving.pieces),
        answer=answered.answer if answered else None,
        problem=_problem(outcome, bool(arriving.pieces)),
        cost_usd=answered.cost_usd if answered else None,
        duration_s=None if started_s is None or ended_s is None else ended_s - started_s,
        first_text_s=None if started_s is None or first_s is None else first_s - started_s,
        limit=requested_output_tokens(outcome.ask) or None,
    )


def _problem(outcome: Outcome, has_text: bool) -> str:
    if isinstance(outcome, Answered):
        return ""
    if not isinstance(outcome, Failed):
        return outcome.reason
    from promptops.evals.providers.redaction import shown_profile

    message = outcome.failure.message
    if message == INTERRUPTED:
        return message
    tries = f" after {outcome.tries} tries" if outcome.tries > 1 else ""
    what = "the answer broke off" if has_text else f"no answer{tries}"
    return f"{shown_profile(outcome.ask.profile, os.environ)}: {what}: {message}"
