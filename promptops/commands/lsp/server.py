"""Serve an editor over standard input and output: the features, and the files they are about."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

from lsprotocol import types
from pygls.exceptions import FeatureRequestError
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from promptops.commands.lint.live import Live
from promptops.commands.lsp import (
    checking,
    commands,
    completion,
    edits,
    hovers,
    places,
    structure,
)
from promptops.commands.lsp.checking import Checking
from promptops.commands.lsp.commands import register_commands
from promptops.commands.lsp.documents import (
    Document,
    Documents,
    Encoding,
    FileInRepository,
    OpenFile,
    PromptopsProtocol,
    Repositories,
    RequestRefused,
    text_of,
    uri_of,
)
from promptops.errors import InputError, PromptopsError
from promptops.evals.engine.ask import Interrupt
from promptops.model.distribution import version
from promptops.model.internal_error import CaughtBug
from promptops.records import replace
from promptops.repo.process import OF_ONE_REPOSITORY
from promptops.source.config import FILES
from promptops.untrusted import VARIABLE, is_untrusted


def serve() -> int:
    """Serve until the editor ends; returns the exit code, 1 if it ended without a shutdown.

    Standard input and output of this process, and of those it starts, are replaced: nothing else
    may read or write what belongs to the protocol.

    Raises:
        InputError: A header or a message is too long, so that no further message can be found.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a thread that reads would ignore Ctrl-C
    for name in OF_ONE_REPOSITORY:  # an editor that git started serves other repositories, too
        os.environ.pop(name, None)
    stdin, stdout = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    sys.stdout = sys.stderr
    server = create_server()
    try:
        with open(stdin, "rb") as read, open(stdout, "wb") as write:
            server.start_io(cast(BinaryIO, _LimitedInput(read)), write)
    finally:
        server.stop_answer()
        for live in server.repositories:
            server.repositories.close(live)
    return 0 if server.protocol.was_shut_down else 1


MAX_HEADER_BYTES = 10_000
MAX_MESSAGE_BYTES = 256_000_000
_LENGTH = b"Content-Length:"
_MAX_LENGTH_DIGITS = 20


class _LimitedInput:
    """Standard input; the length of a header or a message is checked before memory is reserved."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.read = stream.read

    def readline(self) -> bytes:
        line = self._stream.readline(MAX_HEADER_BYTES + 1)
        if len(line) > MAX_HEADER_BYTES:
            raise _over("a header", MAX_HEADER_BYTES)
        length = line.removeprefix(_LENGTH).strip() if line.startswith(_LENGTH) else b""
        # More digits can't be a number in Python.
        if length.isdigit() and (
            len(length) > _MAX_LENGTH_DIGITS or int(length) > MAX_MESSAGE_BYTES
        ):
            raise _over("a message", MAX_MESSAGE_BYTES)
        return line


def _over(what: str, limit: int) -> InputError:
    return InputError(
        f"{what} of the editor is longer than {limit:,} bytes",
        where="standard input",
        hint="restart the language server in the editor",
    )


FEATURES: Mapping[str, tuple[Callable[[OpenFile, Any], Any], Any]] = {
    types.TEXT_DOCUMENT_CODE_ACTION: (edits.code_actions, edits.CODE_ACTION_OPTIONS),
    types.TEXT_DOCUMENT_CODE_LENS: (commands.code_lenses, commands.CODE_LENS_OPTIONS),
    types.TEXT_DOCUMENT_INLAY_HINT: (hovers.inlay_hints, None),
    types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL: (structure.semantic_tokens, structure.LEGEND),
    types.TEXT_DOCUMENT_COMPLETION: (completion.completion, completion.OPTIONS),
    types.TEXT_DOCUMENT_HOVER: (hovers.hover, None),
    types.TEXT_DOCUMENT_DEFINITION: (places.definition, None),
    types.TEXT_DOCUMENT_REFERENCES: (places.references, None),
    types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT: (places.document_highlights, None),
    types.TEXT_DOCUMENT_PREPARE_RENAME: (places.prepare_rename, None),
    types.TEXT_DOCUMENT_RENAME: (places.rename, places.RENAME_OPTIONS),
    types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: (structure.document_symbols, None),
    types.TEXT_DOCUMENT_FOLDING_RANGE: (structure.folding_ranges, None),
}
"""The requests about one file, each with what answers it, from the open file and the parameters of
the request, and the options to register with the editor."""

TEXT_SYNC: Mapping[str, Callable[[PromptopsServer, Any], None]] = {
    types.TEXT_DOCUMENT_DID_OPEN: checking.did_open,
    types.TEXT_DOCUMENT_DID_CHANGE: checking.did_change,
    types.TEXT_DOCUMENT_DID_CLOSE: checking.did_close,
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: checking.did_change_outside,
    types.WORKSPACE_DID_CHANGE_CONFIGURATION: checking.did_change_outside,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: checking.did_change_folders,
}
"""The notifications that keep texts and repositories up to date."""

WATCHED_FILES = (
    "**/*.{yaml,yml,jsonl,json,csv,j2,jinja,jinja2,md,txt,toml}",
    "**/.git/{HEAD,index,packed-refs}",
)
"""What the editor reports when another program changes it."""


def create_server() -> PromptopsServer:
    """A server with all features, not started."""
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    server = PromptopsServer()
    server.feature(types.INITIALIZE)(partial(PromptopsServer.apply, server))
    server.feature(types.INITIALIZED)(partial(_watch_files, server))
    server.feature(types.SHUTDOWN)(partial(_stop_work, server))
    for method, handle in TEXT_SYNC.items():
        server.feature(method)(partial(_notified, server, handle))
    saving = types.SaveOptions(include_text=True)  # resynchronises a text that is out of step
    saved = partial(_notified, server, checking.did_save)
    server.feature(types.TEXT_DOCUMENT_DID_SAVE, saving)(saved)
    register_commands(server)
    symbols = partial(structure.workspace_symbols, server)
    server.feature(types.WORKSPACE_SYMBOL)(symbols)
    renaming = partial(edits.will_rename_files, server)
    server.feature(types.WORKSPACE_WILL_RENAME_FILES, edits.FILE_RENAME_OPTIONS)(renaming)
    for method, (answer, options) in FEATURES.items():
        server.feature(method, options)(partial(_answer, server, method, answer))
    return server


def _stop_work(server: PromptopsServer, *_: object) -> None:
    """Start nothing that the end of the editor would break off."""
    server.stop_answer()
    for live in server.repositories:
        server.checking.stop(live)


def _watch_files(server: PromptopsServer, _params: types.InitializedParams) -> None:
    """Request reports of changes by other programs, if the editor can send them."""
    workspace = server.client_capabilities.workspace
    watched = workspace.did_change_watched_files if workspace is not None else None
    if watched is None or not watched.dynamic_registration:
        return
    watchers = [types.FileSystemWatcher(glob_pattern=pattern) for pattern in WATCHED_FILES]
    registration = types.Registration(
        id="files",
        method=types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
        register_options=types.DidChangeWatchedFilesRegistrationOptions(watchers=watchers),
    )
    server.client_register_capability(types.RegistrationParams(registrations=[registration]))


def _notified(
    server: PromptopsServer, handle: Callable[[PromptopsServer, Any], None], params: Any
) -> None:
    server.attempt(lambda: handle(server, params))


def _answer(
    server: PromptopsServer, method: str, answer: Callable[[OpenFile, Any], Any], params: Any
) -> Any:
    """The result of a request; None for a file without features, and after a bug of ours."""
    file = server.open_file(params.text_document.uri)
    if file is None:
        return None
    found = None
    try:
        with CaughtBug() as bug:
            found = answer(file, params)
    except PromptopsError as error:
        raise RequestRefused(str(error)) from None
    if bug.error is not None:
        server.log(f"{file.path}: {method}: {bug.error}", types.MessageType.Error)
    return found


class PromptopsServer(LanguageServer):
    """The server of one editor.

    Attributes:
        documents: The open texts.
        repositories: The repositories of the open files.
        shows_previews: The editor shows previews; for others the server shows them as a message.
        is_previewing: A preview was requested since the last notification of a change.
        answering: Ends the live answer that is under way; None for none.
        case_states: From the address of an open prompt to the states of its cases that its code
            lenses show.
    """

    protocol: PromptopsProtocol

    def __init__(self) -> None:
        super().__init__("promptops", version(), protocol_cls=PromptopsProtocol)
        self.documents = Documents()
        self.repositories = Repositories()
        self.checking = Checking(self)
        self.shows_previews = False
        self.is_previewing = False
        self.answering: Interrupt | None = None
        self.case_states: dict[str, list[commands.CaseState]] = {}
        self._places: dict[str, FileInRepository | str] = {}

    @property
    def encoding(self) -> Encoding:
        """How the editor counts columns."""
        chosen = self.server_capabilities.position_encoding
        return Encoding(types.PositionEncodingKind(chosen or types.PositionEncodingKind.Utf16))

    @property
    def refreshes_lenses(self) -> bool:
        """Whether the editor requests code lenses again when the server asks for it."""
        workspace = self.client_capabilities.workspace
        lenses = workspace.code_lens if workspace is not None else None
        return lenses is not None and bool(lenses.refresh_support)

    def apply(self, params: types.InitializeParams) -> None:
        """Apply the editor's `initializationOptions`: only `trusted: true`, or none, is trust."""
        options = params.initialization_options
        given = options if isinstance(options, dict) else {}
        self.shows_previews = given.get("previews") is True
        if given.get("trusted", True) is not True:
            os.environ[VARIABLE] = "1"

    def open_file(self, uri: str) -> OpenFile | None:
        """An open file for a feature; None if it has no features now."""
        document = self.documents.find(uri)
        if document is None or not document.in_step:
            return None
        found = self.place_of(uri)
        return None if found is None else self._file(document, found)

    def open_files(self) -> list[tuple[Document, OpenFile]]:
        """The open files in repositories, each with its document."""
        pairs = ((document, self.place_of(document.uri)) for document in self.documents.all())
        return [(document, self._file(document, found)) for document, found in pairs if found]

    def any_file(self, uri: str) -> OpenFile | None:
        """A file as it is open, or with its content on disk; None if it has no features now."""
        if self.documents.find(uri) is not None:
            return self.open_file(uri)
        found = self.place_of(uri)
        self.forget_place(uri)  # only those of open files are kept up to date
        return None if found is None else self.closed_file(found.live, found.path)

    def closed_file(self, live: Live, path: str) -> OpenFile:
        """A file that is not open, with its content on disk."""
        document = Document(uri=uri_of(live, path), text=text_of(live.catalog, path), version=0)
        return replace(self._file(document, FileInRepository(live, path)), version=None)

    def _file(self, document: Document, found: FileInRepository) -> OpenFile:
        return OpenFile(
            live=found.live,
            path=found.path,
            uri=document.uri,
            text=document.text,
            version=document.version,
            trusted=not is_untrusted(),
            encoding=self.encoding,
            refreshes_lenses=self.refreshes_lenses,
            find_open=self.documents.find,
        )

    def place_of(self, uri: str) -> FileInRepository | None:
        """Where a file is; None, with a line in the log, if it is in no repository."""
        if uri not in self._places:
            self._places[uri] = self._located(uri)
        found = self._places[uri]
        return None if isinstance(found, str) else found

    def reason(self, uri: str) -> str:
        """Why a file is in no repository."""
        found = self._places.get(uri)
        return found if isinstance(found, str) else ""

    def forget_place(self, uri: str) -> None:
        """Look for the repository of a file again when it is needed."""
        self._places.pop(uri, None)

    def _located(self, uri: str) -> FileInRepository | str:
        file = to_fs_path(uri)
        reason = "it is not a file on this machine"
        try:
            if file is not None:
                return self.repositories.find(Path(file))
        except PromptopsError as error:
            reason = str(error)
        self.log(f"{uri}: not checked: {reason}")
        return reason

    def repositories_of_folders(self) -> tuple[Live, ...]:
        """The repositories of the open files, and of the folders of the editor."""
        folders = [folder.uri for folder in self.workspace.folders.values()]
        root = self.workspace.root_uri
        for uri in (*folders, *([root] if root is not None else ())):
            inside = f"{uri.rstrip('/')}/{FILES[0]}"
            self.place_of(inside)
            self.forget_place(inside)
        return tuple(self.repositories)

    def log(self, message: str, kind: types.MessageType = types.MessageType.Info) -> None:
        """Write a line to the editor's log."""
        self.window_log_message(types.LogMessageParams(type=kind, message=message))

    def show(self, message: str, kind: types.MessageType = types.MessageType.Info) -> None:
        """Show a message to the user."""
        self.window_show_message(types.ShowMessageParams(type=kind, message=message))

    def show_result(self, text: Callable[[], str]) -> None:
        """Show the result of a command to the user of an editor that does not show it itself."""
        if not self.shows_previews:
            self.show(text())

    def preview_changed(self) -> None:
        """Notify the editor, once after each preview."""
        if self.is_previewing:
            self.is_previewing = False
            self.protocol.notify(commands.PREVIEW_CHANGED, {})

    def refresh_lenses(self, file: OpenFile) -> None:
        """After a check: have the code lenses requested again if a case has another state."""
        loaded = file.live.readable(file.path) if file.refreshes_lenses else None
        if loaded is None or loaded.prompt is None:
            return
        states = [state for _, state in commands.case_states(file, loaded.prompt)]
        before = self.case_states.get(file.uri, states)
        self.case_states[file.uri] = states
        if states != before:
            self.workspace_code_lens_refresh(None)

    def stop_answer(self) -> None:
        """End the live answer that is under way; what has arrived of it is its result."""
        if self.answering is not None:
            self.answering.press_from_thread()
            self.answering = None

    def attempt(self, run: Callable[[], None]) -> None:
        """Run something; an error that it raises is a line in the editor's log."""
        with CaughtBug() as bug:
            try:
                run()
            except PromptopsError as error:
                self.log(str(error), types.MessageType.Warning)
        if bug.error is not None:
            self.log(str(bug.error), types.MessageType.Error)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Write an error to the editor's log; the answer of a request has its error already.

        With PROMPTOPS_DEBUG also the traceback that pygls keeps.
        """
        if source != FeatureRequestError:
            trace = getattr(error, "data", None) if os.environ.get("PROMPTOPS_DEBUG") else None
            shown = "\n".join(trace["traceback"]) if trace else ""
            message = f"internal error: {type(error).__name__}\n{shown}".rstrip()
            self.log(message, types.MessageType.Error)
