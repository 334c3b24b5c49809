"""The protocol, with our choice of position encoding and our own documents."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method

from promptops.lsp.encoding import preferred


class PromptopsProtocol(LanguageServerProtocol):
    """The protocol of pygls with two differences.

    UTF-32 is used where the editor offers it. Texts are kept in `Documents`, because pygls splits
    lines at characters such as U+2028, which end no line in an editor.
    """

    @property
    def was_shut_down(self) -> bool:
        """Whether the editor requested the shutdown of the server."""
        return self._shutdown

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(
        self, params: types.InitializeParams
    ) -> Generator[Any, Any, types.InitializeResult]:
        """Answer with what the server can do."""
        general = params.capabilities.general
        if general is not None and general.position_encodings:
            general.position_encodings = preferred(general.position_encodings)
        return (yield from super().lsp_initialize(params))

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        """Call our own handler only."""
        self.fm.features[types.TEXT_DOCUMENT_DID_OPEN](params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """Call our own handler only: the generators of pygls keep 2 KB for each notification."""
        self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE](params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """Call our own handler only."""
        self.fm.features[types.TEXT_DOCUMENT_DID_CLOSE](params)


class RequestRefused(JsonRpcException):
    """A request that can't be answered, with the reason for the user."""

    CODE = types.LSPErrorCodes.RequestFailed.value
