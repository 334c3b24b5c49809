"""Files as an editor has opened them, without an editor."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from promptops.commands.lint.live import Live
from promptops.commands.lsp.documents import Document, Encoding, OpenFile, text_of, uri_of

UTF_8 = Encoding(types.PositionEncodingKind.Utf8)
UTF_16 = Encoding(types.PositionEncodingKind.Utf16)
UTF_32 = Encoding(types.PositionEncodingKind.Utf32)


def opened(
    repository: Live | Path, path: str, text: str | None = None, encoding: Encoding = UTF_32
) -> OpenFile:
    """A file of a repository, with an unsaved text if one is given."""
    live = repository if isinstance(repository, Live) else Live(repository)
    if text is not None:
        live.put(path, text)
    own = Document(uri=uri_of(live, path), text=text_of(live.catalog, path), version=1)
    return OpenFile(
        live=live,
        path=path,
        uri=own.uri,
        text=own.text,
        version=own.version,
        trusted=True,
        encoding=encoding,
        find_open=lambda uri: own if uri == own.uri else None,
    )


def about(file: OpenFile) -> types.TextDocumentIdentifier:
    """The file, as a request names it."""
    return types.TextDocumentIdentifier(uri=file.uri)
