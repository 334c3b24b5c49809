"""The commands of the server, which editors run by name: `{uri, case}` is their argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from promptops.errors import PromptopsError, UsageError
from promptops.lsp import preview, running
from promptops.lsp.open_file import OpenFile
from promptops.lsp.protocol import RequestRefused
from promptops.model.internal_error import CaughtBug

if TYPE_CHECKING:
    from promptops.lsp.server import PromptopsServer


def register_commands(server: PromptopsServer) -> None:
    """Offer the commands to the editor."""
    server.command(preview.COMMAND)(_command(server, _preview))
    server.command(running.COMMAND)(_command(server, _run_case))


def preview_changed(server: PromptopsServer) -> None:
    """Notify the editor that a preview may differ now, once after each preview."""
    if server.is_previewing:
        server.is_previewing = False
        server.protocol.notify(preview.CHANGED, {})


def _preview(server: PromptopsServer, file: OpenFile, case: str | None) -> Any:
    server.is_previewing = True
    found = preview.preview_of(file, case)
    if not server.shows_previews:
        _show(server, preview.as_text(found))
    return found


def _run_case(server: PromptopsServer, file: OpenFile, case: str | None) -> str:
    text = running.run_recorded(file, case or "")
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
