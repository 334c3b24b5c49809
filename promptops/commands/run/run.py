"""Render a prompt, call one or more models at the same time, and judge the answers of a case."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from promptops.errors import InputError, UsageError
from promptops.evals.engine.ask import Answered, Ask, Failed, Interrupt, Outcome, Settings
from promptops.evals.engine.budget import INTERRUPTED, requested_output_tokens
from promptops.evals.providers import Failure, Provider, Reply, streamed
from promptops.evals.providers.endpoint import refuse_untrusted
from promptops.json_pointer import escaped
from promptops.model.config import ModelProfile
from promptops.model.prompt import Case, Prompt, Request
from promptops.model.prompt_run import ModelAnswer, PromptRun
from promptops.patterns import lazy_pattern
from promptops.plurals import series
from promptops.records import field, record
from promptops.runtime.request.canonical import request_digest
from promptops.runtime.request.inputs import Inputs
from promptops.runtime.request.render import Renderer
from promptops.testing.model_calls import Event, ModelCalls, Watcher, within_budget
from promptops.workspace.approved_endpoints import Approvals
from promptops.workspace.given_inputs import (
    media_inputs,
    parse_input_object,
    parse_inputs,
    read_input_object,
)
from promptops.workspace.profiles import model_profile, with_profile
from promptops.workspace.render import listed_case
from promptops.workspace.workspace import Workspace

_HOOK_VARIABLES = ("GIT_INDEX_FILE", "GIT_QUARANTINE_PATH", "PRE_COMMIT")
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
        interrupt: Ends the run when it is pressed, as Ctrl-C does; None for Ctrl-C only.
    """

    watcher: RunWatcher
    models: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)
    trusted: bool = False
    save_as: str | None = None
    event: Event | None = None
    interrupt: Interrupt | None = None


def refuse_calls() -> None:
    """Raise UsageError in a git hook, and for an untrusted change."""
    refuse_untrusted()
    found = next((name for name in _HOOK_VARIABLES if os.environ.get(name)), None)
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
    approved, a missing key, and a case with turns; RenderError for inputs that do not fit;
    InputError for an input that can't be retrieved.
    """
    if given.case is not None and given.case.turns:
        raise _conversation_refused(prompt, given.case)
    streams = Streams(options.watcher.text)
    calls = _calls(workspace, options, streams)
    given = _with_retrieved(workspace, prompt, given, calls)
    requests = model_requests(workspace, prompt, given.inputs, options.models, streams)
    saved_in = _saved_case(workspace, prompt, given.inputs, requests[0].request, options)
    answers = _answers(workspace, requests, calls, options.watcher)
    if streams.error is not None:
        raise streams.error
    from promptops.commands.run.judging import judge_answers  # not before the first text is shown

    answered = list(zip(requests, answers, strict=True))
    judged = judge_answers(workspace, given.case, answered, calls)
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


def _conversation_refused(prompt: Prompt, case: Case) -> UsageError:
    return UsageError(
        f"the case {case.name!r} is a conversation, and `run` gets one answer",
        where=str(case.locate(case.at, False)),
        hint=f"promptops test {prompt.id} --case {shlex.quote(case.name)} --live",
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


def _saved_case(
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
    from promptops.commands.run.saving import NewCaseFields, new_case

    fields = NewCaseFields(name=options.save_as, inputs=inputs)
    saved = new_case(workspace, prompt, fields, request)
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
            found[number] = _model_answer(requests[number], outcome)
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
        interrupt=options.interrupt,
    )
    calls.ledger.on_end = partial(_on_end, streams, watcher)
    return calls


def _on_end(streams: Streams, watcher: Watcher, reason: str) -> None:
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


def _model_answer(request: ModelRequest, outcome: Outcome) -> ModelAnswer:
    arriving, profile = request.arriving, request.profile
    started_s, first_s, ended_s = arriving.started_s, arriving.first_s, arriving.ended_s
    answered = outcome if isinstance(outcome, Answered) else None
    return ModelAnswer(
        digest=outcome.ask.digest,
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


# The request to each model of a run.


@record(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """The request to one model, and its answer as far as it has arrived."""

    prompt: Prompt
    profile: ModelProfile
    request: Request
    arriving: ArrivingAnswer


def model_requests(
    workspace: Workspace,
    prompt: Prompt,
    inputs: Mapping[str, Any],
    models: Sequence[str],
    streams: Streams,
) -> list[ModelRequest]:
    """The requests to models: profiles by their names, or without any the prompt's own model.

    Raises UsageError for an unknown profile and a prompt without a model, RenderError for inputs
    that do not fit.
    """
    catalog = workspace.catalog
    variants = [with_profile(workspace, prompt, name) for name in dict.fromkeys(models)]
    requests = []
    for number, variant in enumerate(variants or [prompt]):
        profile = model_profile(catalog, variant.model)
        if profile is None:
            raise _no_model(workspace, prompt)
        request = Renderer(variant, catalog.load, catalog.files.data).request(inputs)
        arriving = streams.expect(number, request)
        requests.append(
            ModelRequest(prompt=variant, profile=profile, request=request, arriving=arriving)
        )
    return requests


def _no_model(workspace: Workspace, prompt: Prompt) -> UsageError:
    names = ", ".join(workspace.config.models)
    choice = f"name a profile: --model {names.partition(',')[0]}" if names else ""
    return UsageError(
        f"{prompt.id} names no model",
        where=prompt.path,
        hint=choice or "add a model to the prompt: model: {provider: openai, id: …}",
    )


# Answers that are passed on while they arrive: a provider whose `ask` streams.

OnPiece = Callable[[int, str], None]
"""Gets the number of an answer and its next piece of text."""

_ABOUT_STREAMING = lazy_pattern(r"(?i)\bstream")


@record(slots=True, kw_only=True)
class ArrivingAnswer:
    """An answer, as far as it has arrived; times are those of `perf_counter`.

    Attributes:
        number: 0-based.
        started_s: When the latest try was sent; None before the first one.
        first_s: When its first text arrived.
        ended_s: When the latest try ended, successfully or not.
        whole: The server refuses to stream, so that the whole answer is requested.
    """

    number: int
    request: Request
    pieces: list[str] = field(default_factory=list)
    started_s: float | None = None
    first_s: float | None = None
    ended_s: float | None = None
    whole: bool = False


class Streams:
    """The answers of one run that are passed on.

    Attributes:
        error: An error of the receiver of text, which ended the run.
    """

    def __init__(self, on_piece: OnPiece) -> None:
        self._on_piece = on_piece
        self._answers: dict[int, ArrivingAnswer] = {}
        self._under_way: set[asyncio.Future[Reply]] = set()
        self._stopped = False
        self.error: Exception | None = None

    def expect(self, number: int, request: Request) -> ArrivingAnswer:
        """The answer to a request; `number` is 0-based."""
        arriving = ArrivingAnswer(number=number, request=request)
        # By identity: two models may get equal requests, and requests are not hashable.
        self._answers[id(request)] = arriving
        return arriving

    def around(self, provider: Provider) -> Provider:
        """The provider, which passes on the answers to expected requests."""
        return _Streaming(provider, self)

    def stop(self) -> None:
        """End the answers that are under way; what has arrived of them stays."""
        self._stopped = True
        for answering in self._under_way:
            answering.cancel()

    async def answer(self, provider: Provider, request: Request, deadline_s: float) -> Reply:
        """Raises Failure; only an answer without any text so far may be requested again."""
        arriving = self._answers.get(id(request))
        if arriving is None:  # of a judge
            return await self._stoppable(provider.ask(request, deadline_s))
        arriving.started_s, arriving.first_s = perf_counter(), None
        try:
            return await self._stoppable(self._arrive(arriving, provider, deadline_s))
        except Failure as failure:
            if arriving.pieces or self.error is not None:
                failure.retryable = False
            elif failure.kind == "refused" and _ABOUT_STREAMING.search(failure.message):
                failure.retryable = not arriving.whole
                arriving.whole = True
            raise
        finally:
            arriving.ended_s = perf_counter()

    async def _arrive(
        self, arriving: ArrivingAnswer, provider: Provider, deadline_s: float
    ) -> Reply:
        if arriving.whole:
            reply = await provider.ask(arriving.request, deadline_s)
            self._pass_on(arriving, reply.answer.text)
            return reply
        return await streamed(
            provider, arriving.request, deadline_s, lambda text: self._pass_on(arriving, text)
        )

    def _pass_on(self, arriving: ArrivingAnswer, text: str) -> None:
        if not text or self.error is not None:
            return
        if arriving.first_s is None:
            arriving.first_s = perf_counter()
        arriving.pieces.append(text)
        try:
            self._on_piece(arriving.number, text)
        except Exception as error:  # noqa: BLE001  # raised at the end; a provider would hide it
            self.error = error
            self.stop()

    async def _stoppable(self, answering: Awaitable[Reply]) -> Reply:
        task = asyncio.ensure_future(answering)
        self._under_way.add(task)
        try:
            if self._stopped:
                task.cancel()
            return await task
        except asyncio.CancelledError:
            if not self._stopped:
                raise
            message = INTERRUPTED
        finally:
            self._under_way.discard(task)
        raise Failure(message=message, kind="connection")


class _Streaming:
    def __init__(self, provider: Provider, streams: Streams) -> None:
        self._provider = provider
        self._streams = streams

    async def ask(self, request: Request, deadline_s: float) -> Reply:
        return await self._streams.answer(self._provider, request, deadline_s)

    async def close(self) -> None:
        await self._provider.close()


# The inputs of a run: those of a test case, or given ones.

STDIN = "-"
_SHOWN = 5


class ReadableInput(Protocol):
    """Standard input, as bytes."""

    def isatty(self) -> bool: ...

    def read(self) -> bytes: ...


@record(frozen=True, slots=True, kw_only=True)
class CaseInputs:
    """Inputs by name, and the test case that they come from, if any.

    Inputs that `evaluation.retrieve` has to return may be missing.
    """

    inputs: Mapping[str, Any]
    case: Case | None = None


@record(frozen=True, slots=True, kw_only=True)
class GivenInputs:
    """Inputs as a command line has them.

    Attributes:
        case: The name of a test case.
        written: `NAME=VALUE`; see `parse_inputs`.
        file: A JSON file, or `-` for standard input.
        directory: What paths of files are relative to.
        stdin: Read if `file` says so, and if a required input is given nowhere else.
    """

    case: str | None
    written: tuple[str, ...]
    file: str | None
    directory: Path
    stdin: ReadableInput

    def of(self, prompt: Prompt) -> CaseInputs:
        """The inputs for a prompt.

        An input that the prompt does not have is left to the renderer. Raises UsageError for an
        unknown case, InputError for a missing input, and for a file or a standard input that is not
        a JSON object.
        """
        if self.case is not None:
            if self.written or self.file is not None:
                raise UsageError(
                    "--case and inputs exclude each other", hint="leave out --case, or the inputs"
                )
            case = listed_case(prompt, self.case)
            return CaseInputs(inputs=case.inputs, case=case)
        given = self._from_file(self.file) if self.file is not None else {}
        given |= parse_inputs(prompt.inputs, self.written, self.directory, media_inputs(prompt))
        missing = missing_inputs(prompt, given)
        if missing and not self.written and self.file is None and not self.stdin.isatty():
            given = self._from_stdin()
            missing = missing_inputs(prompt, given)
        if missing and not unknown_inputs(prompt, given):
            raise _missing(prompt, missing)
        return CaseInputs(inputs=given)

    def _from_file(self, file: str) -> dict[str, Any]:
        return self._from_stdin() if file == STDIN else read_input_object(file, self.directory)

    def _from_stdin(self) -> dict[str, Any]:
        try:
            text = self.stdin.read().decode("utf-8")
        except UnicodeDecodeError:
            raise InputError("not UTF-8", where="standard input") from None
        return parse_input_object(text, "standard input") if text.strip() else {}


def missing_inputs(prompt: Prompt, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of required inputs without a value and without a default."""
    accepted, _ = Inputs(prompt.inputs).accept(given)
    required = prompt.inputs.get("required") or ()
    return tuple(name for name in required if name not in accepted)


def unknown_inputs(prompt: Prompt, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Names that the prompt does not have; one of them may be a missing one, misspelt."""
    _, problems = Inputs(prompt.inputs).accept(given)
    found = {problem.pointer for problem in problems if problem.key}
    return tuple(name for name in given if f"/{escaped(name)}" in found)


def _missing(prompt: Prompt, names: Sequence[str]) -> InputError:
    listed = series([f"`{name}`" for name in names], "and", _SHOWN)
    verb = "is" if len(names) == 1 else "are"
    options = " ".join(f"-i {name}=…" for name in names[:_SHOWN])
    case = f", or a test case: --case {shlex.quote(prompt.cases[0].name)}" if prompt.cases else ""
    return InputError(
        f"{prompt.id}: {listed} {verb} missing",
        hint=f"pass {options}, or a JSON object: --inputs FILE{case}",
    )
