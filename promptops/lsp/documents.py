"""The texts that are open in the editor, kept up to date by its notifications."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types
from pygls.uris import to_fs_path

from promptops.lsp.encoding import Encoding, offset_of, split_lines
from promptops.records import record, replace


@record(frozen=True, slots=True, kw_only=True)
class Document:
    """A text in the editor.

    Attributes:
        uri: As the editor writes it.
        text: Without half surrogate pairs, which no file can contain.
        version: The number of the text, which the editor counts up.
        in_step: Whether the text is that of the editor. A change that arrives in the wrong order
            can't be applied, so the text is unknown until the editor sends all of it.
        hidden: What the file has before the text: a byte order mark that the editor hides, or "".
    """

    uri: str
    text: str
    version: int
    in_step: bool = True
    hidden: str = ""


class Documents:
    """The open documents, found by the path of their file or, without a file, by their address."""

    def __init__(self) -> None:
        self._open: dict[str, Document] = {}

    def find(self, uri: str) -> Document | None:
        """The open document of an address, or None."""
        return self._open.get(_key(uri))

    def opened(self, item: types.TextDocumentItem, hidden: str) -> Document:
        """A document that the editor opened, or opened once more; see `Document.hidden`."""
        text = whole(item.text)
        return self._put(Document(uri=item.uri, text=text, version=item.version, hidden=hidden))

    def changed(
        self, params: types.DidChangeTextDocumentParams, encoding: Encoding
    ) -> Document | None:
        """The document after changes; None for one that is not open."""
        known = self.find(params.text_document.uri)
        if known is None:
            return None
        version = params.text_document.version
        return self._put(_after(known, version, params.content_changes, encoding))

    def replaced(self, uri: str, text: str) -> Document | None:
        """The document with the text that the editor saved; None for one that is not open."""
        known = self.find(uri)
        if known is None:
            return None
        return self._put(replace(known, text=whole(text), in_step=True))

    def closed(self, uri: str) -> Document | None:
        """Forget a document; returns it."""
        return self._open.pop(_key(uri), None)

    def all(self) -> tuple[Document, ...]:
        """The open documents, in the order in which they were opened."""
        return tuple(self._open.values())

    def _put(self, document: Document) -> Document:
        self._open[_key(document.uri)] = document
        return document


def whole(text: str) -> str:
    """A text in which half surrogate pairs are replaced; JSON can contain them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _key(uri: str) -> str:
    return to_fs_path(uri) or uri


def _after(
    known: Document,
    version: int,
    changes: Iterable[types.TextDocumentContentChangeEvent],
    encoding: Encoding,
) -> Document:
    """The document after changes; those of an earlier version are refused."""
    text, in_step = known.text, known.in_step and version > known.version
    for change in changes:
        if isinstance(change, types.TextDocumentContentChangeWholeDocument):
            text, in_step = whole(change.text), True
        elif in_step:
            text = whole(_spliced(text, change, encoding))
    version = version if in_step else max(version, known.version)
    return replace(known, text=text, version=version, in_step=in_step)


def _spliced(text: str, change: types.TextDocumentContentChangePartial, encoding: Encoding) -> str:
    lines = split_lines(text)
    at = (encoding.cursor(lines, each) for each in (change.range.start, change.range.end))
    start, end = (offset_of(text, *each) for each in at)
    return text[:start] + change.text + text[max(start, end) :]
