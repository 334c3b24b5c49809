"""What an editor can run on a prompt: a preview, and its cases with their recorded answers.

The lines above a prompt and its cases (code lenses) offer both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from promptops.catalog.catalog import Catalog
from promptops.catalog.retrieved_inputs import unrecorded_reason
from promptops.commands.lsp.documents import OpenFile, RequestRefused
from promptops.commands.lsp.names import readable_places
from promptops.errors import PromptopsError, UsageError
from promptops.evals.case_assertions import assertions_of
from promptops.lint.prompt_model import prompt_model
from promptops.lint.request_tokens import cost_usd, request_tokens
from promptops.model.internal_error import CaughtBug
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt
from promptops.model.test_run import TestRun
from promptops.plurals import counted
from promptops.records import record
from promptops.report.parts.visible import visible
from promptops.report.test.text import write
from promptops.runtime.request.render import Renderer, RenderError, TracedRequest
from promptops.runtime.template.scope import Piece
from promptops.testing.options import RunOptions
from promptops.testing.plan import plan_cases
from promptops.testing.recordings.store import Store
from promptops.testing.runner import CaseRunner
from promptops.workspace.edits import case_requests
from promptops.workspace.selection import Selected
from promptops.workspace.workspace import Workspace

if TYPE_CHECKING:
    from promptops.commands.lsp.server import PromptopsServer


PREVIEW_COMMAND = "promptops.preview"
RUN_COMMAND = "promptops.runCase"
PREVIEW_CHANGED = "promptops/previewChanged"
"""The notification that a preview of a file, `{uri}`, may differ now."""


def register_commands(server: PromptopsServer) -> None:
    """Offer the commands to the editor."""
    server.command(PREVIEW_COMMAND)(_command(server, _show_preview))
    server.command(RUN_COMMAND)(_command(server, _show_run))


def preview_changed(server: PromptopsServer) -> None:
    """Notify the editor that a preview may differ now, once after each preview."""
    if server.is_previewing:
        server.is_previewing = False
        server.protocol.notify(PREVIEW_CHANGED, {})


def _show_preview(server: PromptopsServer, file: OpenFile, case: str | None) -> Any:
    server.is_previewing = True
    found = preview_of(file, case)
    if not server.shows_previews:
        _show(server, preview_as_text(found))
    return found


def _show_run(server: PromptopsServer, file: OpenFile, case: str | None) -> str:
    text = run_recorded(file, case or "")
    _show(server, text)
    return text


def _show(server: PromptopsServer, text: str) -> None:
    shown = types.ShowMessageParams(type=types.MessageType.Info, message=text)
    server.window_show_message(shown)


_Run = Callable[["PromptopsServer", OpenFile, str | None], Any]


def _command(server: PromptopsServer, run: _Run) -> Callable[..., Any]:
    def handle(*arguments: Any) -> Any:
        try:
            with CaughtBug() as bug:
                return run(server, *_argument(server, arguments))
        except PromptopsError as error:
            raise RequestRefused(str(error)) from None
        raise RequestRefused(str(bug.error))

    return handle


def _argument(server: PromptopsServer, arguments: tuple[Any, ...]) -> tuple[OpenFile, str | None]:
    """The open file and the case that an argument names; raises UsageError."""
    argument = arguments[0] if len(arguments) == 1 else None
    uri, case = (
        argument.get(key) if isinstance(argument, dict) else None for key in ("uri", "case")
    )
    if not isinstance(uri, str) or not isinstance(case, str | None):
        raise UsageError("the command needs one argument: {uri, case}")
    file = server.open_file(uri)
    if file is None:
        raise UsageError("the file is not open, or not in a repository")
    return file, case


# Code lenses: what uses a file, which cases are stale, and commands on cases.

CODE_LENS_OPTIONS = types.CodeLensOptions(resolve_provider=False)


def code_lenses(file: OpenFile, _params: types.CodeLensParams) -> list[types.CodeLens]:
    """On the first line what the file is to others; on each case what can be done with it."""
    loaded = file.live.readable(file.path)
    prompt = loaded.prompt if loaded is not None else None
    if prompt is None:
        return list(_users_lens(file))
    states = tuple(case_states(file.live.catalog, prompt))
    return [*_summary_lens(file, states), *_users_lens(file), *_case_lenses(file, states)]


def _summary_lens(file: OpenFile, states: tuple[CaseState, ...]) -> Iterator[types.CodeLens]:
    stale = sum(state.stale for state in states)
    title = counted(len(states), "case") + (f", {stale} stale" if stale else "")
    yield _lens(file, Place(file.path), types.Command(title=title, command=""))


def _users_lens(file: OpenFile) -> Iterator[types.CodeLens]:
    catalog = file.live.catalog
    if not file.live.manages(file.path) or file.path == catalog.config.path:
        return
    users = sum(1 for _ in catalog.dependent_prompts(file.path))
    if users:
        title = f"used by {counted(users, 'prompt')}"
        yield _lens(file, Place(file.path), types.Command(title=title, command=""))


def _case_lenses(file: OpenFile, states: tuple[CaseState, ...]) -> Iterator[types.CodeLens]:
    current = readable_places(file)
    for state in states:
        place = current(state.place)
        if place is not None and place.path == file.path:
            argument = {"uri": file.uri, "case": state.name}
            yield _command_lens(file, place, "render", PREVIEW_COMMAND, argument)
            if not state.stale and file.trusted:
                yield _command_lens(file, place, "run (recorded)", RUN_COMMAND, argument)


def _command_lens(
    file: OpenFile, place: Place, title: str, command: str, argument: dict[str, str]
) -> types.CodeLens:
    return _lens(file, place, types.Command(title=title, command=command, arguments=[argument]))


def _lens(file: OpenFile, place: Place, command: types.Command) -> types.CodeLens:
    start = file.range_of(place).start
    return types.CodeLens(range=types.Range(start=start, end=start), command=command)


# The command `promptops.preview`: what a model receives for a case.

_MOST_PREVIEW_LINES = 200
"""Of a preview that is shown as a message."""

_UNREADABLE = "the prompt can't be read: fix the errors in the file"


def preview_of(file: OpenFile, case: str | None) -> dict[str, Any]:
    """The request of a case of the open prompt, or of its first case, as JSON.

    While the prompt can't be read, the preview is that of its last readable text, with an error.
    """
    loaded = file.live.readable(file.path)
    if loaded is None or loaded.prompt is None:
        return _preview_as_json(file, Preview(case=None, cases=(), error=_UNREADABLE))
    found = preview(file.live.catalog, loaded.prompt, case)
    value = _preview_as_json(file, found)
    if file.live.catalog.loaded(file.path).prompt is None:
        value["error"] = _UNREADABLE
    return value


def preview_as_text(value: dict[str, Any]) -> str:
    """A preview as `preview_of` returns it, for an editor that can only show a message."""
    messages = [
        f"{each['role']}:\n{''.join(piece['text'] for piece in each['pieces'])}"
        for each in value["messages"]
    ]
    size = [] if value["tokens"] is None else [f"{value['tokens']:,} tokens"]
    parts = [*messages, *size, *([value["error"]] if value["error"] else [])]
    lines = "\n\n".join(parts).split("\n")
    return "\n".join(
        [
            *map(visible, lines[:_MOST_PREVIEW_LINES]),
            *(["…"] if lines[_MOST_PREVIEW_LINES:] else []),
        ]
    )


def _preview_as_json(file: OpenFile, found: Preview) -> dict[str, Any]:
    current = readable_places(file)
    return {
        "case": found.case,
        "cases": list(found.cases),
        "messages": [
            {
                "role": message.role,
                "pieces": [_piece_as_json(file, piece, current) for piece in message.pieces],
            }
            for message in found.messages
        ],
        "tokens": found.tokens,
        "cost": found.cost_usd,
        "error": found.error,
    }


def _piece_as_json(
    file: OpenFile, piece: PreviewPiece, current: Callable[[Place], Place | None]
) -> dict[str, Any]:
    place = current(piece.place) if piece.place is not None else None
    at = file.location_of(place) if place is not None else None
    return {"text": piece.text, "literal": piece.literal, "location": at}


# What a model receives for a case of a prompt, each part with its source.


@record(frozen=True, slots=True)
class PreviewPiece:
    """A part of a message.

    Attributes:
        literal: Whether the text is written in a template; otherwise it is an inserted value.
        place: Where it is written, or inserted; None for a part that no template contains.
    """

    text: str
    literal: bool
    place: Place | None


@record(frozen=True, slots=True)
class PreviewMessage:
    """A message of the request; the pieces of several parts follow each other."""

    role: str
    pieces: tuple[PreviewPiece, ...]


@record(frozen=True, slots=True, kw_only=True)
class Preview:
    """A rendered case, or why it can't be rendered.

    Attributes:
        case: The name of the case; None if the prompt has none.
        cases: The names of all cases.
        tokens: Estimated tokens of the request; None if it can't be rendered.
        cost_usd: US dollars for sending the request; None without a known price.
        error: Why the request can't be rendered, with the place; None if it can.
    """

    case: str | None
    cases: tuple[str, ...]
    messages: tuple[PreviewMessage, ...] = ()
    tokens: int | None = None
    cost_usd: float | None = None
    error: str | None = None


def preview(catalog: Catalog, prompt: Prompt, name: str | None) -> Preview:
    """The request of a case; without a name, or for one that is gone, of the first case.

    A prompt without cases is rendered with the defaults of its inputs.
    """
    case = next((each for each in prompt.cases if each.name == name), None)
    case = case or next(iter(prompt.cases), None)
    own, names = case.name if case else None, tuple(each.name for each in prompt.cases)
    if case is not None and case.unrecorded:
        return Preview(case=own, cases=names, error=f"{unrecorded_reason(case)} for this case")
    try:
        traced = _traced(catalog, prompt, case)
    except RenderError as error:
        return Preview(case=own, cases=names, error=str(error))
    tokens, model = request_tokens(traced.request), prompt_model(prompt, catalog.config)
    return Preview(
        case=own,
        cases=names,
        messages=tuple(_messages(traced)),
        tokens=tokens,
        cost_usd=cost_usd(model, tokens, 0) if model is not None else None,
    )


def _traced(catalog: Catalog, prompt: Prompt, case: Case | None) -> TracedRequest:
    renderer = Renderer(prompt, catalog.load, catalog.files.data)
    return renderer.trace(case.inputs if case is not None else {})


def _messages(traced: TracedRequest) -> Iterator[PreviewMessage]:
    pieces: dict[int, list[PreviewPiece]] = {}
    for text in traced.texts:
        pieces.setdefault(text.message, []).extend(map(_piece, text.pieces))
    for index, message in enumerate(traced.request.messages):
        found = [piece for piece in pieces.get(index, ()) if piece.text]
        yield PreviewMessage(str(message["role"]), (*found, *_others(message, bool(found))))


def _piece(piece: Piece) -> PreviewPiece:
    source = piece.frame.text
    place = source.place(piece.start, max(piece.end, piece.start + 1)) if source.value else None
    return PreviewPiece(piece.text, piece.literal, place)


def _others(message: Mapping[str, Any], is_written: bool) -> Iterator[PreviewPiece]:
    """What no template contains: a message of the history, media, and calls of tools."""
    content = message.get("content")
    if isinstance(content, str) and content and not is_written:
        yield PreviewPiece(content, False, None)
    parts = content if isinstance(content, list) else ()
    for part in parts:
        kind = str(part.get("type", "part"))
        if kind != "text" or not is_written:
            yield PreviewPiece(part["text"] if kind == "text" else f"[{kind}]", False, None)
    for call in message.get("tool_calls") or ():
        yield PreviewPiece(f"[tool call {call.get('name', '')}]", False, None)


# The command `promptops.runCase`: a case with its recorded answer.


def run_recorded(file: OpenFile, case: str) -> str:
    """What `promptops test` prints about a case; calls no model.

    Raises UsageError for an untrusted workspace, because a case may run code of the repository,
    and for a case that does not exist.
    """
    if not file.trusted:
        raise UsageError("cases run in trusted workspaces only: they may run code")
    return write(run_case(file.live.workspace, file.path, case)).rstrip("\n")


# The test cases of one prompt: which have a recorded answer, and a run of one of them.


@record(frozen=True, slots=True)
class CaseState:
    """A case, and whether its answer has to be recorded again.

    Attributes:
        place: Of the case, in the prompt file or a case file.
        stale: It has assertions on the answer, and its request has no recorded answer.
    """

    name: str
    place: Place
    stale: bool


def case_states(catalog: Catalog, prompt: Prompt) -> Iterator[CaseState]:
    """Each case of a prompt, in order; runs no assertion."""
    store = Store(catalog)
    repeats = prompt.evaluation.get("repeats") or 1
    requests = list(case_requests(catalog, prompt))
    digests = [request.digest for request in requests]
    digests += [""] * (len(prompt.cases) - len(digests))
    for case, digest in zip(prompt.cases, digests, strict=True):
        missing = (store.find(prompt.path, digest, repeat) is None for repeat in range(repeats))
        stale = bool(digest) and _needs_answer(case, prompt) and any(missing)
        yield CaseState(case.name, case.locate(case.at, False), stale)


def _needs_answer(case: Case, prompt: Prompt) -> bool:
    return any(True for _ in assertions_of(case, prompt))


def run_case(workspace: Workspace, path: str, name: str) -> TestRun:
    """Run a case of a prompt file with its recorded answers; calls no model.

    Runs code of the repository, if the case has such an assertion. Raises UsageError for a case
    that does not exist.
    """
    loaded = workspace.catalog.loaded(path)
    plan = [each for each in plan_cases(workspace.catalog, [loaded]) if each.case.name == name]
    if not plan:
        raise UsageError(f"there is no case {name!r}", where=path)
    return CaseRunner(workspace, Selected({path: "it is open"}), RunOptions(), plan).run()
