"""Markdown files that begin with YAML between lines of `---`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.source_file import SourceFile, UnreadableSource
from promptops.json_pointer import parts_of, tokens
from promptops.model.place import Place, Text
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.document import Document, read_any

_BEGINNING = lazy_pattern(r"---[ \t]*\n")
_END = lazy_pattern(r"(?m)^---[ \t]*$\n?")
_BLANK = lazy_pattern(r"\s*")
_WITH_HEADINGS = (".md", ".markdown", ".mdc", ".txt", ".tmpl")
_FIRST_KEY = lazy_pattern(r"\s*(?:name|description|version|schema|model|temperature)[ \t]*:")
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


@lru_cache(maxsize=8)  # several readers ask for the header of one file
def front_matter(file: SourceFile) -> FrontMatter:
    """The header and the body of a file. Raises UnreadableSource for a file that is no text."""
    text = file.text
    without = FrontMatter({}, text, (), None, 1)
    found = _header(file) or (_unopened_header(file) if file.suffix == ".prompt" else None)
    if found is None:
        return without
    header, start, end = found
    is_first = text.value[:start].strip() in ("", "---")
    body = _after(text, end)
    line = text.locate(start)[0]
    document = read_any(file.shown, header.encode())
    if isinstance(document.value, dict):
        return FrontMatter(document.value, body, (), document, line)
    if is_first and not header.strip():
        return FrontMatter({}, body, (), None, line)
    value = _loose(header) if is_first else None
    if value is None:
        return without  # text between two rules of Markdown
    message = "the header is not YAML: it is read line by line"
    loss = Loss(code="IMP223", message=message, place=Place(file.shown, line))
    return FrontMatter(value, body, (loss,), None, line)


def place_of_value(file: SourceFile, name: str, value: Any) -> Place | None:
    """Where a file that is YAML or JSON, or begins with YAML, has an equal value, at its key.

    A value with this name is preferred. None without one, and for any other file.
    """
    front = front_matter(file)
    try:
        tree: Any = front.value or file.document.value
    except UnreadableSource:
        return None
    equal = [pointer for pointer, one in parts_of(tree) if pointer and one == value]
    equal.sort(key=lambda pointer: tokens(pointer)[-1] != name)
    if not equal:
        return None
    of_header = front.value is tree
    return front.place(equal[0], file.shown) if of_header else file.document.place(equal[0], True)


def _header(file: SourceFile) -> tuple[str, int, int] | None:
    """The header, its offset, and that of the body; comments and blank lines may precede it.

    In Markdown and other texts, a line that begins with `#` is a heading, not a comment.
    """
    text = file.text.value
    beginning = _BEGINNING.match(text, _first(text, file.suffix not in _WITH_HEADINGS))
    return None if beginning is None else _until_end(text, beginning.end())


def _unopened_header(file: SourceFile) -> tuple[str, int, int] | None:
    """The header of a prompt of Continue, whose first line of `---` may be missing."""
    found = _until_end(file.text.value, 0)
    if found is None or _FIRST_KEY.match(found[0]) is None:
        return None
    return found if isinstance(read_any(file.shown, found[0].encode()).value, dict) else None


def _until_end(text: str, start: int) -> tuple[str, int, int] | None:
    end = _END.search(text, start)
    if end is None:
        return None
    return text[start : end.start()].removesuffix("\n"), start, end.end()


def _loose(header: str) -> dict[str, Any] | None:
    """The keys of a header that is not YAML, each with its other lines; None for other text."""
    value: dict[str, Any] = {}
    last = None
    for line in header.split("\n"):
        pair = _LOOSE.fullmatch(line)
        if pair is not None:
            last = pair[1]
            value[last] = pair[2]
        elif last is not None:
            value[last] = f"{value[last]}\n{line.strip()}"
        elif line.strip():
            return None
    return {key: item.strip() for key, item in value.items()} or None


def _first(text: str, hash_comments: bool) -> int:
    """The offset of the first character that is not blank and not in a comment."""
    at = -1
    following = 0
    while following != at:
        at = following
        blank = _BLANK.match(text, at)
        following = blank.end() if blank is not None else at
        if text.startswith("<!--", following):
            close = text.find("-->", following)
            following = len(text) if close < 0 else close + 3
        elif hash_comments and text.startswith("#", following):
            newline = text.find("\n", following)
            following = len(text) if newline < 0 else newline + 1
    return at


def _after(text: Text, offset: int) -> Text:
    return Text(text.path, text.value[offset:], lambda at: text.locate(at + offset))
