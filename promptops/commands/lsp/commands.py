"""What an editor can run on a prompt: a preview, and its cases with their recorded answers.

The lines above a prompt and its cases (code lenses) offer both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from promptops.catalog.catalog import Catalog
from promptops.catalog.recordings import unrecorded_reason
from promptops.commands.lsp.documents import OpenFile, RequestRefused
from promptops.commands.lsp.symbols import readable_places
from promptops.errors import PromptopsError, UsageError
from promptops.evals.case_assertions import assertions_of
from promptops.lint.prompt_model import prompt_model
from promptops.lint.request_size import cost_usd, request_tokens
from promptops.model.internal_error import CaughtBug
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt
from promptops.plurals import counted
from promptops.report.test.report import write_text
from promptops.report.visible import visible
from promptops.runtime.request.render import Renderer, RenderError, TracedRequest
from promptops.runtime.template.text_rendering import Piece
from promptops.testing.options import RunOptions
from promptops.testing.plan import plan_cases
from promptops.testing.recordings.store import Store
from promptops.testing.runner import CaseRunner
from promptops.workspace.edits import case_requests
from promptops.workspace.selection import Selected

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


def _show_preview(server: PromptopsServer, file: OpenFile, case: str | None) -> Any:
    server.is_previewing = True
    found = preview_of(file, case)
    if not server.shows_previews:
        server.show(preview_as_text(found))
    return found


def _show_run(server: PromptopsServer, file: OpenFile, case: str | None) -> str:
    text = run_recorded(file, case or "")
    server.show(text)
    return text


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
    states = list(_case_states(file.live.catalog, prompt))
    stale = sum(is_stale for _, is_stale in states)
    title = counted(len(states), "case") + (f", {stale} stale" if stale else "")
    summary = _lens(file, Place(file.path), types.Command(title=title, command=""))
    return [summary, *_users_lens(file), *_case_lenses(file, states)]


def _users_lens(file: OpenFile) -> Iterator[types.CodeLens]:
    catalog = file.live.catalog
    if not file.live.manages(file.path) or file.path == catalog.config.path:
        return
    users = sum(1 for _ in catalog.dependent_prompts(file.path))
    if users:
        title = f"used by {counted(users, 'prompt')}"
        yield _lens(file, Place(file.path), types.Command(title=title, command=""))


def _case_states(catalog: Catalog, prompt: Prompt) -> Iterator[tuple[Case, bool]]:
    """Each case, and whether it has assertions on an answer that is not recorded; runs none."""
    store = Store(catalog)
    repeats = range(prompt.evaluation.get("repeats") or 1)
    digests = chain((each.digest for each in case_requests(catalog, prompt)), repeat(""))
    for case, digest in zip(prompt.cases, digests, strict=False):
        needs_answer = bool(digest) and any(True for _ in assertions_of(case, prompt))
        missing = (store.find(prompt.path, digest, each) is None for each in repeats)
        yield case, needs_answer and any(missing)


def _case_lenses(file: OpenFile, states: Iterable[tuple[Case, bool]]) -> Iterator[types.CodeLens]:
    current = readable_places(file)
    for case, is_stale in states:
        place = current(case.locate(case.at, False))
        if place is not None and place.path == file.path:
            of_case = [{"uri": file.uri, "case": case.name}]
            yield _lens(file, place, types.Command("render", PREVIEW_COMMAND, arguments=of_case))
            if not is_stale and file.trusted:
                run = types.Command("run (recorded)", RUN_COMMAND, arguments=of_case)
                yield _lens(file, place, run)


def _lens(file: OpenFile, place: Place, command: types.Command) -> types.CodeLens:
    start = file.range_of(place).start
    return types.CodeLens(range=types.Range(start=start, end=start), command=command)


# The command `promptops.preview`: what a model receives for a case.

_MOST_PREVIEW_LINES = 200
"""Of a preview that is shown as a message."""

_UNREADABLE = "the prompt can't be read: fix the errors in the file"


_NO_PREVIEW: Mapping[str, Any] = {
    "case": None,
    "cases": [],
    "messages": [],
    "tokens": None,
    "cost": None,
    "error": _UNREADABLE,
}


def preview_of(file: OpenFile, case: str | None) -> dict[str, Any]:
    """The request of a case of the open prompt, or of its first case, as JSON.

    `cost` is in US dollars for sending the request, null without a known price; `error` says why
    the case can't be rendered. A piece of a message is `literal` if it is written in a template,
    otherwise it is an inserted value; `location` is where, null for a piece that no template has.
    While the prompt can't be read, the preview is that of its last readable text, with an error.
    """
    loaded = file.live.readable(file.path)
    if loaded is None or loaded.prompt is None:
        return dict(_NO_PREVIEW)
    value = _preview(file, loaded.prompt, case)
    is_old = file.live.catalog.loaded(file.path).prompt is None
    return {**value, "error": _UNREADABLE} if is_old else value


def _preview(file: OpenFile, prompt: Prompt, name: str | None) -> dict[str, Any]:
    """The request of a case; without a name, or for one that is gone, of the first case.

    A prompt without cases is rendered with the defaults of its inputs.
    """
    catalog = file.live.catalog
    case = next((each for each in prompt.cases if each.name == name), None)
    case = case or next(iter(prompt.cases), None)
    value = {
        **_NO_PREVIEW,
        "case": case.name if case else None,
        "cases": [each.name for each in prompt.cases],
    }
    if case is not None and case.unrecorded:
        return {**value, "error": f"{unrecorded_reason(case)} for this case"}
    try:
        renderer = Renderer(prompt, catalog.load, catalog.files.data)
        traced = renderer.trace(case.inputs if case is not None else {})
    except RenderError as error:
        return {**value, "error": str(error)}
    tokens, model = request_tokens(traced.request), prompt_model(prompt, catalog.config)
    return {
        **value,
        "messages": list(_messages(file, traced)),
        "tokens": tokens,
        "cost": cost_usd(model, tokens, 0) if model is not None else None,
        "error": None,
    }


def _messages(file: OpenFile, traced: TracedRequest) -> Iterator[dict[str, Any]]:
    """Each message with its pieces; those of several parts follow each other."""
    current = readable_places(file)
    pieces: dict[int, list[Piece]] = {}
    for text in traced.texts:
        pieces.setdefault(text.message, []).extend(piece for piece in text.pieces if piece.text)
    for index, message in enumerate(traced.request.messages):
        written = pieces.get(index, [])
        shown = [
            {"text": each.text, "literal": each.literal, "location": _location(file, each, current)}
            for each in written
        ]
        others = [
            {"text": text, "literal": False, "location": None}
            for text in _texts_of_no_template(message, bool(written))
        ]
        yield {"role": str(message["role"]), "pieces": [*shown, *others]}


def _location(
    file: OpenFile, piece: Piece, current: Callable[[Place], Place | None]
) -> types.Location | None:
    source = piece.frame.text
    if not source.value:
        return None
    place = current(source.place(piece.start, max(piece.end, piece.start + 1)))
    return file.location_of(place) if place is not None else None


def _texts_of_no_template(message: Mapping[str, Any], is_written: bool) -> Iterator[str]:
    """A message of the history, media, and calls of tools."""
    content = message.get("content")
    if isinstance(content, str) and content and not is_written:
        yield content
    for part in content if isinstance(content, list) else ():
        kind = str(part.get("type", "part"))
        if kind != "text" or not is_written:
            yield part["text"] if kind == "text" else f"[{kind}]"
    for call in message.get("tool_calls") or ():
        yield f"[tool call {call.get('name', '')}]"


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


# The command `promptops.runCase`: a case with its recorded answer.


def run_recorded(file: OpenFile, case: str) -> str:
    """What `promptops test` prints about a case with its recorded answers; calls no model.

    Raises UsageError for an untrusted workspace, because a case may run code of the repository,
    and for a case that does not exist.
    """
    if not file.trusted:
        raise UsageError("cases run in trusted workspaces only: they may run code")
    workspace, path = file.live.workspace, file.path
    planned = plan_cases(workspace.catalog, [workspace.catalog.loaded(path)])
    plan = [each for each in planned if each.case.name == case]
    if not plan:
        raise UsageError(f"there is no case {case!r}", where=path)
    found = CaseRunner(workspace, Selected({path: "it is open"}), RunOptions(), plan).run()
    return write_text(found).rstrip("\n")
