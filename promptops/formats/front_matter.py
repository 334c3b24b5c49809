"""Markdown files that begin with YAML between lines of `---`."""

from __future__ import annotations

from typing import Any

from promptops.formats.document import Loss
from promptops.formats.source_file import SourceFile
from promptops.model.place import Place, Text
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.document import Document, read_any

_FRONT = lazy_pattern(r"(?:\s|<!--.*?-->|#[^\n]*\n)*?---[ \t]*\n(.*?)(?:\n)?---[ \t]*(?:\n|\Z)", 16)
_LOOSE = lazy_pattern(r"([A-Za-z][\w-]*):[ \t]*(.*)")


@record(frozen=True, slots=True)
class FrontMatter:
    """The header of a file, and its body.

    Attributes:
        value: The keys; empty without a header.
        body: The text after the header, with the places of its characters.
        losses: An IMP223 if the header is not YAML and was read line by line.
    """

    value: dict[str, Any]
    body: Text
    losses: tuple[Loss, ...]
    document: Document | None
    line: int

    def place(self, pointer: str, shown: str) -> Place:
        """The place of a key of the header."""
        if self.document is None:
            return Place(shown, self.line)
        place = self.document.place(pointer, True)
        added = self.line - 1
        return Place(
            shown, place.line + added, place.column, place.end_line + added, place.end_column
        )


def front_matter(file: SourceFile) -> FrontMatter:
    """The header and the body of a file. Raises UnreadableSource for a file that is no text."""
    text = file.text
    match = _FRONT.match(text.value)
    if match is None:
        return FrontMatter({}, text, (), None, 1)
    body = _after(text, match.end())
    line = text.locate(match.start(1))[0]
    document = read_any(file.shown, match[1].encode())
    if isinstance(document.value, dict):
        return FrontMatter(document.value, body, (), document, line)
    pairs = [pair for pair in map(_LOOSE.fullmatch, match[1].split("\n")) if pair]
    found: dict[str, Any] = {pair[1]: pair[2] for pair in pairs}
    message = "the header is not YAML: it is read line by line"
    loss = Loss(code="IMP223", message=message, place=Place(file.shown, line))
    return FrontMatter(found, body, (loss,) if match[1].strip() else (), None, line)


def _after(text: Text, offset: int) -> Text:
    return Text(text.path, text.value[offset:], lambda at: text.locate(at + offset))
