"""The names in a file that a move may change: paths of other files, and ids of prompts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from promptops.analysis.includes import includes
from promptops.catalog.catalog import Catalog
from promptops.json_pointer import tokens, value_at
from promptops.model.loaded import ReferenceKind
from promptops.model.place import Place, Text, plain_text
from promptops.records import record, replace
from promptops.source.cases import ENDINGS, read_cases
from promptops.source.document import Document, decode, read
from promptops.source.json_document import read_json


@record(frozen=True, slots=True, kw_only=True)
class Mention:
    """A name in a file.

    Attributes:
        kind: What the name refers to; `id` for the id of a prompt.
        name: A path as written, without a `#…` or `:FUNCTION` after it, or an id.
        place: Of the whole value, quotes included.
    """

    kind: ReferenceKind | Literal["id"]
    name: str
    place: Place


@record(frozen=True, slots=True, kw_only=True)
class NamesInFile:
    """The names in one file.

    Attributes:
        text: The file with LF as newline and without a byte order mark, as places count.
        readable: False if the file can't be parsed, so that names may be missing.
    """

    text: str
    mentions: tuple[Mention, ...] = ()
    readable: bool = True


def names_in(catalog: Catalog, path: str) -> NamesInFile:
    """The names in a file. A file that may contain test cases is also read as a template."""
    data = catalog.files.data(path) or b""
    text, problems = decode(path, data)
    if problems and not text:
        return NamesInFile(text=text, readable=False)
    if path in catalog.ids:
        return _in_document(read(path, data), _in_prompt)
    if path.endswith(".json"):
        return _in_document(read_json(path, data), _in_schema)
    included = tuple(_included(plain_text(path, text)))
    if not path.endswith(ENDINGS):
        return NamesInFile(text=text, mentions=included)
    found = _in_document(read_cases(path, data), _in_cases)
    return replace(found, mentions=(*included, *found.mentions))


def _in_document(document: Document, find: Any) -> NamesInFile:
    if document.value is None:
        return NamesInFile(text=document.text, readable=False)
    return NamesInFile(text=document.text, mentions=tuple(find(document)))


def _in_prompt(document: Document) -> Iterator[Mention]:
    for pointer, where, value in document.scalars():
        if where == "value":
            yield from _mention(document, pointer, value)


def _mention(document: Document, pointer: str, value: str) -> Iterator[Mention]:
    steps = tokens(pointer)
    if steps[0] == "messages" and steps[-1] != "file":
        if "{%" in value:
            yield from _included(document.template(pointer))
        return
    kind = _kind(steps) or _kind_of_function(document, pointer, steps)
    if kind is None:
        return
    end = {"schema": "#", "template": ":"}.get(kind)
    name = value.partition(end)[0] if end is not None else value
    if name:
        yield Mention(kind=kind, name=name, place=document.place(pointer))


def _kind(steps: Sequence[str]) -> ReferenceKind | Literal["id"] | None:
    first, last = steps[0], steps[-1]
    if last == "$ref":
        return "schema" if first in ("inputs", "output", "tools") else None
    if (first, last) == ("messages", "file"):
        return "body"
    return _KINDS.get((first, len(steps), last))


_KINDS: Mapping[tuple[str, int, str], ReferenceKind | Literal["id"]] = {
    ("extends", 1, "extends"): "extends",
    ("replaced_by", 1, "replaced_by"): "id",
    ("evaluation", 2, "judge"): "id",
    ("tests", 3, "file"): "cases",
    ("tools", 3, "ref"): "tool",
}
"""By the first key, the number of keys and indexes, and the last key."""


def _kind_of_function(
    document: Document, pointer: str, steps: Sequence[str]
) -> ReferenceKind | None:
    """`template` for `FILE:FUNCTION`: these files are found as templates are."""
    if steps[:2] == ["evaluation", "retrieve"]:
        return "template"
    if steps[0] in ("tests", "evaluation") and _is_python(document, pointer):
        return "template"
    return None


def _is_python(document: Document, pointer: str) -> bool:
    above, _, last = pointer.rpartition("/")
    assertion = value_at(document.value, above, None)
    return last == "value" and isinstance(assertion, Mapping) and assertion.get("type") == "python"


def _in_cases(document: Document) -> Iterator[Mention]:
    for pointer, where, value in document.scalars():
        if where == "value" and _is_python(document, pointer):
            name = value.partition(":")[0]
            yield Mention(kind="template", name=name, place=document.place(pointer))


def _in_schema(document: Document) -> Iterator[Mention]:
    for pointer, where, value in document.scalars():
        name = value.partition("#")[0]
        if where == "value" and name and tokens(pointer)[-1:] == ["$ref"]:
            yield Mention(kind="schema", name=name, place=document.place(pointer))


def _included(text: Text) -> Iterator[Mention]:
    for include in includes(text):
        yield Mention(
            kind="template", name=include.name, place=text.place(include.start, include.end)
        )
