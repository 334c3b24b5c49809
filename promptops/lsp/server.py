"""The language server: which features it has, and the files they are about."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from promptops.errors import PromptopsError
from promptops.lsp.documents import Document, Documents
from promptops.lsp.encoding import Encoding
from promptops.lsp.open_file import OpenFile
from promptops.lsp.protocol import PromptopsProtocol, RequestRefused
from promptops.lsp.repositories import FileInRepository, Repositories
from promptops.model.distribution import version
from promptops.model.internal_error import CaughtBug
from promptops.records import record
from promptops.untrusted import VARIABLE, is_untrusted


@record(frozen=True, slots=True, kw_only=True)
class Feature:
    """One request of the protocol.

    Attributes:
        method: Such as `textDocument/hover`.
        answer: From the open file and the request's parameters to its result.
        options: As registered with the editor, or None.
    """

    method: str
    answer: Callable[[OpenFile, Any], Any]
    options: Any = None


FEATURES: tuple[Feature, ...] = ()
"""The requests about one file; a feature is a module of `promptops.lsp` and a line here."""


class PromptopsServer(LanguageServer):
    """The server of one editor.

    Attributes:
        documents: The open texts.
        repositories: The repositories of the open files.
    """

    protocol: PromptopsProtocol

    def __init__(self) -> None:
        super().__init__("promptops", version(), protocol_cls=PromptopsProtocol)
        self.documents = Documents()
        self.repositories = Repositories()
        self._places: dict[str, FileInRepository | None] = {}

    @property
    def encoding(self) -> Encoding:
        """How the editor counts columns."""
        chosen = self.server_capabilities.position_encoding
        return Encoding(types.PositionEncodingKind(chosen or types.PositionEncodingKind.Utf16))

    def trust(self, options: Any) -> None:
        """Apply the editor's `initializationOptions`: only `trusted: true`, or none, is trust."""
        trusted = options.get("trusted", True) if isinstance(options, dict) else True
        if trusted is not True:
            os.environ[VARIABLE] = "1"

    def open_file(self, uri: str) -> OpenFile | None:
        """An open file for a feature; None if it has no features now."""
        document = self.documents.find(uri)
        found = self.place_of(uri)
        if document is None or found is None or not document.in_step:
            return None
        return self.file_of(document, found)

    def file_of(self, document: Document, found: FileInRepository) -> OpenFile:
        """A document with its place in a repository."""
        return OpenFile(
            live=found.live,
            path=found.path,
            uri=document.uri,
            text=document.text,
            version=document.version,
            trusted=not is_untrusted(),
            encoding=self.encoding,
        )

    def place_of(self, uri: str) -> FileInRepository | None:
        """Where a file is; None, with a line in the log, if it is in no repository."""
        if uri not in self._places:
            self._places[uri] = self._located(uri)
        return self._places[uri]

    def forget_place(self, uri: str) -> None:
        """Look for the repository of a file again when it is needed."""
        self._places.pop(uri, None)

    def _located(self, uri: str) -> FileInRepository | None:
        file = to_fs_path(uri)
        if file is None:
            self.log(f"{uri}: not a file, so nothing is checked")
            return None
        try:
            return self.repositories.find(Path(file))
        except PromptopsError as error:
            self.log(f"{file}: nothing is checked: {error}")
            return None

    def log(self, message: str, kind: types.MessageType = types.MessageType.Info) -> None:
        """Write a line to the editor's log."""
        self.window_log_message(types.LogMessageParams(type=kind, message=message))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Write an unexpected error to the editor's log, without a traceback."""
        self.log(f"internal error: {type(error).__name__}", types.MessageType.Error)


def create_server() -> PromptopsServer:
    """A server with all features, not started."""
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    server = PromptopsServer()
    server.feature(types.INITIALIZE)(partial(_initialized, server))
    for feature in FEATURES:
        server.feature(feature.method, feature.options)(partial(_answer, server, feature))
    return server


def _initialized(server: PromptopsServer, params: types.InitializeParams) -> None:
    server.trust(params.initialization_options)


def _answer(server: PromptopsServer, feature: Feature, params: Any) -> Any:
    """The result of a request; None for a file without features, and after a bug of ours."""
    file = server.open_file(params.text_document.uri)
    if file is None:
        return None
    answer = None
    with CaughtBug() as bug:
        try:
            answer = feature.answer(file, params)
        except PromptopsError as error:
            raise RequestRefused(str(error)) from None
    if bug.error is not None:
        server.log(f"{file.path}: {feature.method}: {bug.error}", types.MessageType.Error)
    return answer
