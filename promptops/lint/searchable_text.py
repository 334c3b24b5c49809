"""All text in the files of one prompt, for searches: values, keys and comments."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import accumulate
from typing import Literal

from promptops.analysis.secrets import without_escapes
from promptops.catalog.catalog import Catalog
from promptops.model.loaded import FileReference, ReferenceKind
from promptops.model.place import Place, Text, plain_text
from promptops.records import record
from promptops.runtime.template.limits import cached_by_size
from promptops.source.document import Document

Kind = Literal["prompt", "template", "cases", "schema", "recordings"]


Locate = Callable[[int, int], Place]


@record(frozen=True, slots=True)
class Written:
    """The text of one file.

    Attributes:
        kind: The role of the file for the prompt.
        text: The text to search: the file without indentation; escapes in quoted strings are
            blank. For a prompt file with character escapes (`"\\u0041"`), its scalar values.
        source: The exact content of the file.
        place: Returns the place in the file of a span of `text`.
    """

    kind: Kind
    text: str
    source: Text
    place: Locate


def written(
    catalog: Catalog, document: Document, references: Iterable[FileReference]
) -> Iterator[Written]:
    """The prompt file, then each text file that it uses, then its recordings."""
    yield _of_document(document)
    seen: set[str] = set()
    for kind, text in _texts(catalog, document, references):
        if text.path not in seen:
            seen.add(text.path)
            is_json = text.path.endswith((".json", ".jsonl"))
            searched = _unescaped(text.value) if is_json else text.value
            yield Written(kind, searched, text, text.place)


def _of_document(document: Document) -> Written:
    source = plain_text(document.path, document.text)
    if any(escape in document.text for escape in _SPELLED_OUT):
        parts = tuple(_scalars(document))
        if parts:  # otherwise it is not YAML, but may still contain a secret
            return _joined(document, source, parts)
    return _unindented(source)


_SPELLED_OUT = ("\\u", "\\x", "\\U", "\\\n")


def _unindented(source: Text) -> Written:
    """The lines of the file without indentation, so that searches find keys in blocks."""
    rows = source.value.split("\n")
    lines = [row.lstrip(" ") for row in rows]
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))

    def position(offset: int) -> tuple[int, int]:
        index = bisect_right(starts, offset) - 1
        return index + 1, len(rows[index]) - len(lines[index]) + offset - starts[index] + 1

    def place(start: int, end: int) -> Place:
        end_line, last = position(end - 1)
        return Place(source.path, *position(start), end_line, last + 1)

    return Written("prompt", _unescaped("\n".join(lines)), source, place)


@record(frozen=True, slots=True)
class _Part:
    """A scalar or a comment, with a function that returns the place of a span."""

    text: str
    place: Locate
    before: str = ""
    after: str = "\n"


def _scalars(document: Document) -> Iterator[_Part]:
    after_key = False
    for pointer, role, text in document.scalars():
        key = role == "key"
        # The value is quoted, so that a search for `name = "…"` finds both ends.
        quote = '"' if after_key and not key else ""
        place = partial(_in_scalar, document, pointer, key)
        yield _Part(text, place, quote, ": " if key else f"{quote}\n")
        after_key = key
    for comment in document.comments:
        at = Place(document.path, comment.line, comment.column)
        yield _Part(comment.text, partial(_in_comment, at))


def _in_scalar(document: Document, pointer: str, key: bool, start: int, end: int) -> Place:
    return document.template(pointer, key=key).place(start, end)


def _in_comment(at: Place, start: int, end: int) -> Place:
    return Place(at.path, at.line, at.column + start, at.line, at.column + end)


def _joined(document: Document, source: Text, parts: tuple[_Part, ...]) -> Written:
    lengths = (len(part.before) + len(part.text) + len(part.after) for part in parts)
    starts = list(accumulate(lengths, initial=0))

    def place(start: int, end: int) -> Place:
        index = bisect_right(starts, start) - 1
        part, at = parts[index], starts[index] + len(parts[index].before)
        return part.place(max(start - at, 0), min(end - at, len(part.text)))

    text = "".join(f"{part.before}{part.text}{part.after}" for part in parts)
    return Written("prompt", text, source, place)


_KINDS: dict[ReferenceKind, Kind] = {
    "template": "template",
    "body": "template",
    "cases": "cases",
    "schema": "schema",
    "tool": "schema",
}


def _texts(
    catalog: Catalog, document: Document, references: Iterable[FileReference]
) -> Iterator[tuple[Kind, Text]]:
    for reference in references:
        text = catalog.files.text(reference.target) if reference.kind in _KINDS else None
        if text is not None:
            yield _KINDS[reference.kind], text
    for text in templates(catalog, document, references):
        yield "template", text
    for path in catalog.recording_files(document.path):
        data = catalog.files.data(path)
        if data is not None:  # may exceed the limit for other files, and may not be UTF-8
            lines = data.decode("utf-8", "replace").replace("\r\n", "\n")
            yield "recordings", plain_text(path, lines)


def templates(
    catalog: Catalog, document: Document, references: Iterable[FileReference]
) -> Iterator[Text]:
    """Body files and partials that a prompt file uses, even if it can't be parsed completely."""
    seen = {document.path}
    for reference in references:
        text = catalog.files.text(reference.target) if _is_template(reference) else None
        for used in (text, *catalog.included(text)) if text is not None else ():
            if used.path not in seen:
                seen.add(used.path)
                yield used


def _is_template(reference: FileReference) -> bool:
    return reference.kind in ("template", "body")


_unescaped = cached_by_size(16_000_000)(without_escapes)
