"""Commands of the editor on a prompt, the lenses that offer them, and names in half-typed files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from promptops.catalog.catalog import Catalog
from promptops.commands.lsp.documents import OpenFile, RequestRefused, split_lines
from promptops.commands.lsp.live_cases import CaseState, case_states, run_case
from promptops.commands.lsp.live_preview import Preview, PreviewPiece, preview
from promptops.commands.mv.naming.half_typed import symbol_by_name
from promptops.commands.mv.naming.symbol import Symbol
from promptops.commands.mv.naming.symbols import symbol_at
from promptops.errors import PromptopsError, UsageError
from promptops.model.internal_error import CaughtBug
from promptops.model.place import Place
from promptops.plurals import counted
from promptops.records import record
from promptops.report.parts.visible import visible
from promptops.report.test.text import write
from promptops.source.line_shift import LineShift, line_shift

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


# The command `promptops.runCase`: a case with its recorded answer.


def run_recorded(file: OpenFile, case: str) -> str:
    """What `promptops test` prints about a case; calls no model.

    Raises UsageError for an untrusted workspace, because a case may run code of the repository,
    and for a case that does not exist.
    """
    if not file.trusted:
        raise UsageError("cases run in trusted workspaces only: they may run code")
    return write(run_case(file.live.workspace, file.path, case)).rstrip("\n")


# What names in an open file refer to, also while the file is half typed.


@record(frozen=True, slots=True, kw_only=True)
class NameLookup:
    """The catalog in which a name is looked up.

    Attributes:
        file: As it is in the editor.
        shift: From the file as it could last be read; None if it can be read now.
    """

    file: OpenFile
    catalog: Catalog
    shift: LineShift | None = None

    def symbol(self, position: types.Position) -> Symbol | None:
        """What the name at a position refers to."""
        line, column = self.file.cursor(position)
        seen = line if self.shift is None else self.shift.to_old(line)
        found = None
        if seen is not None:
            found = symbol_at(self.catalog, self.file.path, seen, column)
        return found or symbol_by_name(self.catalog, self.file.path, self._line(line), line, column)

    def _line(self, number: int) -> str:
        lines = split_lines(self.file.text)
        return lines[number - 1] if number <= len(lines) else ""

    def locations(self, places: tuple[Place, ...]) -> list[types.Location]:
        """The editor's locations; without those in lines that changed since."""
        current = (self.current(place) for place in places)
        return [self.file.location_of(place) for place in current if place is not None]

    def current(self, place: Place) -> Place | None:
        """The place in the file as it is now; None in a line that changed since."""
        if self.shift is None or place.path != self.file.path:
            return place
        return self.shift.to_new(place)


@contextmanager
def names_in(file: OpenFile) -> Iterator[NameLookup]:
    """The names of a file; for a prompt that can't be read, those that it had last."""
    shift = _shift(file)
    if shift is None:
        yield NameLookup(file=file, catalog=file.live.catalog)
        return
    with file.live.trying({file.path: file.live.readable_text(file.path) or ""}) as catalog:
        yield NameLookup(file=file, catalog=catalog, shift=shift)


def readable_places(file: OpenFile) -> Callable[[Place], Place | None]:
    """From a place of the prompt that `Live.readable` returns to the place in the text as it is.

    None in a line that changed since the prompt could last be read.
    """
    return NameLookup(file=file, catalog=file.live.catalog, shift=_shift(file)).current


def _shift(file: OpenFile) -> LineShift | None:
    """From the text that could last be read; None if that is the current text."""
    before = file.live.readable_text(file.path)
    now = file.live.catalog.files.text(file.path)
    if before is None or now is None or now.value == before:
        return None
    return line_shift(before, now.value)
