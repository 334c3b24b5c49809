"""What an editor can run on a prompt: its request, an answer to it, a new case, its cases.

The lines above a prompt and its cases (code lenses) offer some of it.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from lsprotocol import types

from promptops.catalog.catalog import Catalog
from promptops.commands.lsp.documents import OpenFile, RequestRefused, text_of, with_lf
from promptops.commands.lsp.edits import workspace_edit
from promptops.commands.lsp.symbols import readable_places
from promptops.commands.run.judging import recorded_run
from promptops.commands.run.preview import preview_prompt
from promptops.commands.run.report import problem_lines, usage_line
from promptops.commands.run.report import write_text as written_answers
from promptops.commands.run.run import refuse_calls
from promptops.commands.run.saving import NewCaseFields
from promptops.commands.run.tried import LiveCall, Tried, case_of_inputs, live_answers, tried_inputs
from promptops.errors import InputError, PromptopsError, UsageError
from promptops.evals.case_assertions import assertions_of
from promptops.evals.engine.ask import Interrupt
from promptops.model.finding import Edit, Severity
from promptops.model.internal_error import CaughtBug
from promptops.model.line_shift import common_start
from promptops.model.place import Place
from promptops.model.preview import Preview, PreviewError
from promptops.model.prompt import Case, Prompt, Request
from promptops.model.prompt_run import ModelAnswer, PromptRun
from promptops.model.test_run import TestRun
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.report.data_text import record_json
from promptops.report.test.report import write_text
from promptops.report.visible import visible, visible_line
from promptops.runtime.request.render import Renderer, RenderError
from promptops.testing.model_calls import Unwatched
from promptops.testing.options import RunOptions
from promptops.testing.plan import PlannedCase, no_such_case, plan_cases
from promptops.testing.recordings.store import Store
from promptops.testing.runner import CaseRunner
from promptops.workspace.selection import Selected

if TYPE_CHECKING:
    from promptops.commands.lsp.server import PromptopsServer


PREVIEW_COMMAND = "promptops.preview"
RECORDED_COMMAND = "promptops.recorded"
ANSWER_COMMAND = "promptops.answer"
STOP_COMMAND = "promptops.stopAnswer"
KEEP_COMMAND = "promptops.keepCase"
RUN_COMMAND = "promptops.runCases"
PROFILES_COMMAND = "promptops.profiles"
PREVIEW_CHANGED = "promptops/previewChanged"
"""The notification that a preview, `{}`, may differ now."""
ANSWER_TEXT = "promptops/answerText"
"""The notification of the next piece of the live answer, `{uri, text}`."""


@record(frozen=True, slots=True, kw_only=True)
class Argument:
    """The only argument of a command, an object.

    Attributes:
        uri: Of a prompt file, open or not, or of a file that prompts use.
        case, inputs: See `Tried`.
        profile: The model profile to call; None for the prompt's own model.
        name: Of a new case.
        contains: Texts that the answer to the new case must contain.
        cases: Names of the cases to run; None for all.
    """

    uri: str
    case: str | None = None
    inputs: Mapping[str, Any] | None = None
    profile: str | None = None
    name: str = ""
    contains: tuple[str, ...] = ()
    cases: tuple[str, ...] | None = None


def argument_of(arguments: tuple[Any, ...]) -> Argument:
    """The argument of a command; raises UsageError for one of another shape."""
    given = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], dict) else {}
    known = {key: given[key] for key in _KINDS if given.get(key) is not None}
    if "uri" not in known:
        raise UsageError("the command needs one argument, an object with `uri`")
    for key, value in known.items():
        kind, shown = _KINDS[key]
        if not isinstance(value, kind) or (kind is list and not _all_strings(value)):
            raise UsageError(f"`{key}` of the argument must be {shown}")
    found: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in known.items()}
    return Argument(**found)


_STRING = (str, "a string")
_STRINGS = (list, "a list of strings")
_KINDS: Mapping[str, tuple[type, str]] = {
    "uri": _STRING,
    "case": _STRING,
    "inputs": (dict, "an object"),
    "profile": _STRING,
    "name": _STRING,
    "contains": _STRINGS,
    "cases": _STRINGS,
}
"""The keys of the argument, each with its type."""


def _all_strings(values: Any) -> bool:
    return all(isinstance(each, str) for each in values)


def register_commands(server: PromptopsServer) -> None:
    """Offer the commands to the editor."""
    for name, run in _COMMANDS.items():
        server.command(name)(_handler(server, run))
    server.command(STOP_COMMAND)(lambda *_: server.stop_answer())


_Run = Callable[["PromptopsServer", Argument], Any]


def _handler(server: PromptopsServer, run: _Run) -> Callable[..., Any]:
    """What answers a command; an error is refused with its reason."""
    if inspect.iscoroutinefunction(run):

        async def waiting(*arguments: Any) -> Any:
            with _refusing():
                return await run(server, argument_of(arguments))

        return waiting

    def handle(*arguments: Any) -> Any:
        with _refusing():
            return run(server, argument_of(arguments))

    return handle


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        with CaughtBug() as bug:
            yield
    except PromptopsError as error:
        raise RequestRefused(str(error)) from None
    if bug.error is not None:
        raise RequestRefused(str(bug.error))


def _file(server: PromptopsServer, uri: str) -> OpenFile:
    """The prompt file of an address, as it is open or on disk.

    For a file that prompts use it is the first of these prompts.
    """
    file = server.any_file(uri)
    if file is None:
        raise UsageError(f"not in a repository, or its text is unknown: {uri}")
    if file.path in file.live.catalog.ids:
        return file
    user = next(iter(_users(file)), None)
    if user is None:
        raise UsageError("this is not a prompt, and no prompt uses it", where=file.path)
    found = server.any_file(file.uri_of(user))
    assert found is not None
    return found


def _tried(argument: Argument) -> Tried:
    return Tried(case=argument.case, inputs=argument.inputs)


def _preview(server: PromptopsServer, argument: Argument) -> Any:
    server.is_previewing = True
    found = preview_of(_file(server, argument.uri), _tried(argument))
    server.show_result(lambda: preview_text(found))
    return record_json(found)


def _recorded(server: PromptopsServer, argument: Argument) -> Any:
    file = _file(server, argument.uri)
    found = recorded_answer(file, _tried(argument))
    server.show_result(lambda: answer_text(found))
    return _run_json(file, found)


def _run_json(file: OpenFile, run: PromptRun | None) -> Any:
    return None if run is None else record_json(answer_in_editor(file, run))


async def _answer(server: PromptopsServer, argument: Argument) -> Any:
    """One answer at a time: the one under way ends."""
    server.stop_answer()
    server.answering = interrupt = Interrupt()

    def on_text(piece: str) -> None:
        server.protocol.notify(ANSWER_TEXT, {"uri": argument.uri, "text": piece})

    file = _file(server, argument.uri)
    unsaved = file.live.unsaved().items()
    call = LiveCall(
        path=file.path,
        tried=_tried(argument),
        models=(argument.profile,) if argument.profile is not None else (),
        contents={path: text.encode("utf-8", "surrogatepass") for path, text in unsaved},
    )
    found = await live_answer(file, call, on_text, interrupt)
    server.show_result(lambda: answer_text(found))
    return _run_json(file, found)


def _keep(server: PromptopsServer, argument: Argument) -> types.WorkspaceEdit:
    fields = NewCaseFields(
        name=argument.name, inputs=argument.inputs or {}, contains=argument.contains
    )
    return new_case_edit(_file(server, argument.uri), fields)


def _run(server: PromptopsServer, argument: Argument) -> Any:
    found = replayed_cases(_file(server, argument.uri), argument.cases)
    server.show_result(lambda: write_text(found).rstrip("\n"))
    return record_json(found)


def _profiles(server: PromptopsServer, argument: Argument) -> Any:
    models = _file(server, argument.uri).live.workspace.config.models.values()
    return [{"name": each.name, "provider": each.provider, "model": each.id} for each in models]


_COMMANDS: Mapping[str, _Run] = {
    PREVIEW_COMMAND: _preview,
    RECORDED_COMMAND: _recorded,
    ANSWER_COMMAND: _answer,
    KEEP_COMMAND: _keep,
    RUN_COMMAND: _run,
    PROFILES_COMMAND: _profiles,
}


# What the commands do.

_UNREADABLE = "the prompt can't be read: fix the errors in the file"
_NEEDS_TRUST = "cases run in trusted workspaces only: they may run code"


def preview_of(file: OpenFile, tried: Tried) -> Preview:
    """The request as far as it can be rendered, with the findings in the prompt file.

    While the prompt can't be read, it is that of its last readable text, with the first error.
    """
    findings = file.live.findings_now(file.path)
    wrong = next((each for each in findings if each.severity is Severity.ERROR), None)
    unreadable = PreviewError(
        message=_UNREADABLE if wrong is None else f"the prompt can't be read: {wrong.message}",
        hint=wrong.hint if wrong is not None else None,
        place=wrong.place if wrong is not None else None,
    )
    loaded = file.live.readable(file.path)
    if loaded is None or loaded.prompt is None:
        identity = file.live.catalog.ids[file.path]
        return Preview(
            prompt=identity,
            path=file.path,
            inputs=tried.inputs or {},
            errors=(unreadable,),
            findings=findings,
        )
    catalog, prompt = file.live.catalog, loaded.prompt
    given = tried_inputs(catalog, prompt, tried)
    value = preview_prompt(catalog, prompt, given, readable_places(file))
    is_old = catalog.loaded(file.path).prompt is None
    errors = (unreadable, *value.errors) if is_old else value.errors
    return replace(value, errors=errors, findings=findings)


def recorded_answer(file: OpenFile, tried: Tried) -> PromptRun | None:
    """The recorded answer to the request, judged; None without a recording.

    Raises UsageError for an untrusted workspace, because assertions may run code, and InputError
    for inputs that can't be rendered.
    """
    prompt = _prompt_of(file)
    if not file.trusted:
        raise UsageError(_NEEDS_TRUST)
    catalog = file.live.catalog
    given = tried_inputs(catalog, prompt, tried)
    preview = preview_prompt(catalog, prompt, given)
    if preview.digest is None:
        raise InputError(_first_error(preview), where=file.path)
    return recorded_run(file.live.workspace, prompt, given, preview.digest)


def _prompt_of(file: OpenFile) -> Prompt:
    prompt = file.live.catalog.loaded(file.path).prompt
    if prompt is None:
        raise InputError(_UNREADABLE, where=file.path)
    return prompt


def _first_error(preview: Preview) -> str:
    errors = (*preview.errors, *(each.error for each in preview.messages))
    return next((error.message for error in errors if error is not None), _UNREADABLE)


def new_case_edit(file: OpenFile, fields: NewCaseFields) -> types.WorkspaceEdit:
    """The edit that adds a test case beside the other cases of the prompt.

    Raises UsageError and InputError; see `case_of_inputs`.
    """
    new = case_of_inputs(file.live.workspace, _prompt_of(file), fields)
    before = text_of(file.live.catalog, new.path)
    after = new.data.decode("utf-8").removeprefix("\ufeff")
    return workspace_edit(file, [_edit(new.path, before, after)])


def _edit(path: str, before: str, after: str) -> Edit:
    """The only difference of two texts, without the equal characters around it."""
    old, new = with_lf(before), with_lf(after)
    head = common_start(old, new)
    tail = common_start(old[head:][::-1], new[head:][::-1])
    start, end = old[:head], old[: len(old) - tail]
    place = Place(path, *_after(start), *_after(end))
    text = new[head : len(new) - tail]
    return Edit(place, text.replace("\n", "\r\n") if "\r\n" in before else text)


def _after(text: str) -> tuple[int, int]:
    """Line and column after a text, 1-based."""
    return text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1


def replayed_cases(file: OpenFile, names: tuple[str, ...] | None) -> TestRun:
    """What `promptops test` finds for some cases, or all, with recorded answers; calls no model.

    Raises UsageError for an untrusted workspace, because a case may run code of the repository,
    and for a case that does not exist.
    """
    if not file.trusted:
        raise UsageError(_NEEDS_TRUST)
    workspace, path = file.live.workspace, file.path
    plan = list(plan_cases(workspace.catalog, [workspace.catalog.loaded(path)]))
    known = list(dict.fromkeys(each.case.name for each in plan))
    for name in names or ():
        if name not in known:
            raise no_such_case(name, known)
    chosen = [each for each in plan if names is None or each.case.name in names]
    return CaseRunner(workspace, Selected({path: "it is open"}), RunOptions(), chosen).run()


def answer_in_editor(file: OpenFile, run: PromptRun) -> PromptRun:
    """The answer with the places of its assertions in the text as it is now."""
    current = readable_places(file)
    return replace(run, answers=tuple(_placed(each, current) for each in run.answers))


def _placed(answer: ModelAnswer, current: Callable[[Place], Place | None]) -> ModelAnswer:
    placed = ((result, current(result.place)) for result in answer.assertions)
    assertions = (replace(r, place=place or Place(r.place.path)) for r, place in placed)
    return replace(answer, assertions=tuple(assertions))


# A live answer: the model is called in a thread of its own, with a repository of its own, because
# the editor goes on.

OnText = Callable[[str], None]
"""Gets the next piece of the answer."""


async def live_answer(
    file: OpenFile, call: LiveCall, on_text: OnText, interrupt: Interrupt
) -> PromptRun:
    """Call a model with the request, and judge the answer; nothing is recorded.

    Only endpoints of the default branch, and those approved on the command line, are called.

    Args:
        on_text: Called in this thread.
        interrupt: Ends the answer; the run has what arrived of it.

    Raises UsageError for an untrusted workspace, and as `run_prompt` does.
    """
    if not file.trusted:
        raise UsageError("models are called in trusted workspaces only")
    refuse_calls()
    loop = asyncio.get_running_loop()
    watcher = _Streamed(lambda piece: loop.call_soon_threadsafe(on_text, piece))
    run = live_answers(file.live.workspace, call)
    try:
        return await asyncio.to_thread(run, watcher, interrupt)
    except asyncio.CancelledError:
        interrupt.press_from_thread()
        raise


class _Streamed(Unwatched):
    """Passes the text of the only answer on."""

    def __init__(self, on_text: Callable[[str], object]) -> None:
        self._on_text = on_text

    def text(self, number: int, piece: str) -> None:
        self._on_text(piece)

    def answered(self, number: int, answer: ModelAnswer) -> None: ...

    def saved(self, path: str) -> None: ...


# For an editor that can only show a message.

_MOST_LINES = 200


def preview_text(value: Preview) -> str:
    """A preview as text: each message or its error, the size, the errors."""
    messages = [
        f"{each.role}:\n{''.join(piece.text for piece in each.pieces)}{_message_error(each.error)}"
        for each in value.messages
    ]
    size = [] if value.tokens is None else [f"{value.tokens:,} tokens"]
    return _shown("\n\n".join([*messages, *size, *map(_error_text, value.errors)]))


def _message_error(error: PreviewError | None) -> str:
    return "" if error is None else f"error: {_error_text(error)}"


def _error_text(error: PreviewError) -> str:
    place = f"{error.place}: " if error.place is not None else ""
    hint = f"\n  tip: {error.hint}" if error.hint else ""
    return f"{place}{error.message}{hint}"


def answer_text(run: PromptRun | None) -> str:
    """An answer as text, with the result of each assertion."""
    if run is None:
        return "not recorded: run `promptops test --record`"
    return _shown("\n".join([written_answers(run).rstrip("\n"), *_answer_lines(run)]))


def _answer_lines(run: PromptRun) -> Iterator[str]:
    for answer in run.answers:
        yield ""
        yield from problem_lines(answer)
        for each in answer.assertions:
            yield f"{each.status}: {each.type}: {visible_line(each.reason)}"
        yield usage_line(answer)


def _shown(text: str) -> str:
    lines = text.split("\n")
    more = ["…"] if lines[_MOST_LINES:] else []
    return "\n".join([*map(visible, lines[:_MOST_LINES]), *more])


# Code lenses: what uses a file, which cases are stale, and commands on cases.

CODE_LENS_OPTIONS = types.CodeLensOptions(resolve_provider=False)
_MOST_USERS = 3
"""Of the prompts that use a partial, so many have a preview above it."""


def code_lenses(file: OpenFile, _params: types.CodeLensParams) -> list[types.CodeLens]:
    """On the first line what the file is to others; on each case what can be done with it.

    No case is rendered for an editor that requests the lenses again after the next check.
    """
    loaded = file.live.readable(file.path)
    prompt = loaded.prompt if loaded is not None else None
    if prompt is None:
        return list(_users_lenses(file))
    states = list(case_states(file, prompt))
    stale = sum(state == "stale" for _, state in states)
    title = counted(len(states), "case") + (f", {stale} stale" if stale else "")
    arguments = [{"uri": file.uri}]
    summary = [_first_line(file, types.Command(title=title, command=""))]
    if not states:
        preview = types.Command(title="preview", command=PREVIEW_COMMAND, arguments=arguments)
        summary.append(_first_line(file, preview))
    return [*summary, *_users_lenses(file), *_case_lenses(file, states)]


def _users(file: OpenFile) -> list[str]:
    """The prompt files that use a file."""
    return sorted(file.live.catalog.dependent_prompts(file.path))


def _users_lenses(file: OpenFile) -> Iterator[types.CodeLens]:
    catalog = file.live.catalog
    if not file.live.manages(file.path) or file.path == catalog.config.path:
        return
    users = _users(file)
    if not users:
        return
    title = f"used by {counted(len(users), 'prompt')}"
    yield _first_line(file, types.Command(title=title, command=""))
    if file.path not in catalog.ids:
        for user in users[:_MOST_USERS]:
            arguments = [{"uri": file.uri_of(user)}]
            title = f"preview in {catalog.ids[user]}"
            yield _first_line(file, types.Command(title, PREVIEW_COMMAND, arguments=arguments))


CaseState = Literal["recorded", "stale", "no answer"]
"""Whether the answer that a case needs is recorded."""


def case_states(file: OpenFile, prompt: Prompt) -> Iterator[tuple[Case, CaseState]]:
    """Each case with its state, as of the last check of the prompt; runs none."""
    if not file.refreshes_lenses:
        file.live.own_findings(file.path)
    store, digests = Store(file.live.catalog), file.live.case_digests(file.path)
    repeats = range(prompt.evaluation.get("repeats") or 1)
    for case in prompt.cases:
        digest = digests.get(case.name)
        if not digest or not any(True for _ in assertions_of(case, prompt)):
            yield case, "no answer"
            continue
        planned = PlannedCase(
            prompt=prompt,
            case=case,
            place=case.locate(case.at, False),
            request=_request(file.live.catalog, prompt, case) if case.turns else None,
            digest=digest,
        )
        missing = (store.answer_to(planned, each) is None for each in repeats)
        yield case, "stale" if any(missing) else "recorded"


def _request(catalog: Catalog, prompt: Prompt, case: Case) -> Request | None:
    try:
        return Renderer(prompt, catalog.load, catalog.files.data).request(case.inputs)
    except RenderError:
        return None


def _case_lenses(
    file: OpenFile, states: Iterable[tuple[Case, CaseState]]
) -> Iterator[types.CodeLens]:
    current = readable_places(file)
    for case, state in states:
        place = current(case.locate(case.at, False))
        if place is not None and place.path == file.path:
            of_case = [{"uri": file.uri, "case": case.name}]
            yield _lens(file, place, types.Command("render", PREVIEW_COMMAND, arguments=of_case))
            if state == "recorded" and file.trusted:
                run = types.Command("run (recorded)", RECORDED_COMMAND, arguments=of_case)
                yield _lens(file, place, run)
            elif state == "stale":
                yield _lens(file, place, types.Command("not recorded", ""))
            elif state == "no answer" and file.trusted:
                of_names = [{"uri": file.uri, "cases": [case.name]}]
                yield _lens(file, place, types.Command("run", RUN_COMMAND, arguments=of_names))


def _first_line(file: OpenFile, command: types.Command) -> types.CodeLens:
    return _lens(file, Place(file.path), command)


def _lens(file: OpenFile, place: Place, command: types.Command) -> types.CodeLens:
    start = file.range_of(place).start
    return types.CodeLens(range=types.Range(start=start, end=start), command=command)
