"""The structure of a file for an editor: the syntax of templates, and the parts of the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import shorten
from typing import Any, Literal

from lsprotocol import types

from promptops.analysis.local_names import local_names
from promptops.catalog.catalog import Catalog
from promptops.commands.lsp.documents import OpenFile
from promptops.commands.lsp.symbols import texts_of
from promptops.json_pointer import escaped
from promptops.model.place import Place, Text
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.template.template import Template, Token
from promptops.source.cases import ENDINGS, read_cases
from promptops.source.document import Document

LEGEND = types.SemanticTokensLegend(
    token_types=[
        *("keyword", "variable", "property", "function", "operator", "string", "number", "comment"),
    ],
    token_modifiers=[],
)
_TYPES = {name: index for index, name in enumerate(LEGEND.token_types)}
_KEYWORDS = frozenset(
    (
        *("and", "or", "not", "in", "is", "if", "else", "recursive", "as", "import", "with"),
        *("without", "context", "ignore", "missing", "true", "false", "none"),
        *("True", "False", "None"),
    )
)
_OF_KIND = {
    "string": "string",
    "integer": "number",
    "float": "number",
    "comment": "comment",
    "operator": "operator",
}
_ENDLESS = 1_000_000
"""A column after the end of every line."""
_DELIMITERS = ("_begin", "_end")


@record(frozen=True, slots=True)
class _Shown:
    """A token with its type, 0-based line and character, and length, in the editor's units."""

    line: int
    start: int
    length: int
    type: str


def semantic_tokens(file: OpenFile, _params: types.SemanticTokensParams) -> types.SemanticTokens:
    """The tokens of all templates in the file that can be parsed."""
    texts = texts_of(file.live.catalog, file.path) if file.live.manages(file.path) else ()
    shown = {each for text in texts for each in _of_text(file, text)}
    return types.SemanticTokens(data=list(_relative(shown)))


def _of_text(file: OpenFile, text: Text) -> Iterator[_Shown]:
    template = file.live.catalog.template(text)
    if template is not None:
        for token, kind in _typed(template):
            yield from _placed(file, text.place(token.start, token.end), kind)


def _placed(file: OpenFile, place: Place, kind: str) -> Iterator[_Shown]:
    """One token for each line: editors accept no others."""
    for line in range(place.line, place.end_line + 1):
        first = place.column if line == place.line else 1
        last = place.end_column if line == place.end_line else _ENDLESS
        found = file.range_of(Place(place.path, line, first, line, last))
        length = found.end.character - found.start.character
        if length > 0:
            yield _Shown(found.start.line, found.start.character, length, kind)


def _typed(template: Template) -> Iterator[tuple[Token, str]]:
    """The tokens to show, each with its type; what comes before decides about names."""
    before = ""
    for token in template.tokens:
        if token.kind in ("data", "whitespace"):
            continue
        written = template.source[token.start : token.end]
        yield token, _semantic_tokens_type(token.kind, written, before)
        before = written


def _semantic_tokens_type(kind: str, written: str, before: str) -> str:
    if kind == "name":
        return _name_type(written, before)
    return "keyword" if kind.endswith(_DELIMITERS) else _OF_KIND.get(kind, "operator")


def _name_type(written: str, before: str) -> str:
    if before.startswith("{%") or written in _KEYWORDS:
        return "keyword"
    if before == ".":
        return "property"
    return "function" if before in ("|", "is", "macro", "call") else "variable"


def _relative(shown: Iterable[_Shown]) -> Iterator[int]:
    """Five numbers a token: line and start relative to the token before, length, type, none."""
    line = start = 0
    for token in sorted(shown, key=lambda each: (each.line, each.start)):
        if token.line != line:
            start = 0
        yield from (token.line - line, token.start - start, token.length, _TYPES[token.type], 0)
        line, start = token.line, token.start


# The parts of a file, for an overview: messages, inputs, cases, tools, and names of templates.

PartKind = Literal[
    "section", "message", "input", "case", "tool", "output", "model", "macro", "name"
]

_MOST_CHARS = 60
_MOST_READ = 2_000
_TAG = lazy_pattern(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_SECTIONS = ("model", "inputs", "output", "tools", "messages", "evaluation", "tests")


@record(frozen=True, slots=True, kw_only=True)
class FilePart:
    """A part of a file.

    Attributes:
        detail: A few words of its content, or "".
        whole: Of the part; contains `name_place`.
        name_place: Of its key or its first line.
    """

    kind: PartKind
    name: str
    detail: str = ""
    whole: Place
    name_place: Place
    parts: tuple[FilePart, ...] = ()


def parts_of(catalog: Catalog, path: str) -> tuple[FilePart, ...]:
    """The parts of a prompt file, a case file or a template; none of a file that can't be read."""
    if path in catalog.ids:
        return tuple(_of_prompt(catalog.document(path)))
    if path.endswith(ENDINGS):
        found = read_cases(path, catalog.files.data(path) or b"")
        return tuple(_cases(found, found.values, ""))
    return tuple(_names(catalog, path))


def _of_prompt(document: Document) -> Iterator[FilePart]:
    value = document.value
    for key in value if isinstance(value, Mapping) else ():
        if key in _SECTIONS:
            at = f"/{key}"
            parts = tuple(_INSIDE[key](document, value[key], at)) if key in _INSIDE else ()
            kind = _KINDS.get(key, "section")
            yield _part(document, at, str(key), kind=kind, parts=parts)


def _inputs(document: Document, value: Any, at: str) -> Iterator[FilePart]:
    properties = value.get("properties") if isinstance(value, Mapping) else None
    for name, schema in properties.items() if isinstance(properties, Mapping) else ():
        pointer = f"{at}/properties/{escaped(name)}"
        yield _part(document, pointer, str(name), kind="input", detail=_type(schema))


def _type(schema: Any) -> str:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    return " | ".join(map(str, kind)) if isinstance(kind, list) else str(kind or "")


def _messages(document: Document, value: Any, at: str) -> Iterator[FilePart]:
    for index, turn in enumerate(value if isinstance(value, list) else ()):
        if not isinstance(turn, Mapping):
            continue
        pointer = f"{at}/{index}"
        inner = tuple(_messages(document, turn.get("messages"), f"{pointer}/messages"))
        name, detail = _turn(turn)
        yield _part(document, pointer, name, kind="message", detail=detail, parts=inner)


def _turn(turn: Mapping[Any, Any]) -> tuple[str, str]:
    for key in ("for_each", "history"):
        if key in turn:
            return key, str(turn[key])
    return str(turn.get("role") or "message"), _first_words(turn.get("content"))


def _first_words(content: Any) -> str:
    """The beginning of a message: of its text without tags, or the path of its file."""
    if isinstance(content, list):
        content = next(iter(content), None)
    if isinstance(content, Mapping):
        content = next((content[key] for key in ("text", "file") if key in content), "")
    if not isinstance(content, str):
        return ""
    content = content[:_MOST_READ]
    return shorten(_TAG.sub("", content).strip() or content, _MOST_CHARS, placeholder=" …")


def _cases(document: Document, value: Any, at: str) -> Iterator[FilePart]:
    for index, case in enumerate(value if isinstance(value, Sequence) else ()):
        if isinstance(case, Mapping):
            name = str(case.get("name") or case.get("file") or f"case {index + 1}")
            yield _part(document, f"{at}/{index}", name, kind="case")


def _tools(document: Document, value: Any, at: str) -> Iterator[FilePart]:
    for index, tool in enumerate(value if isinstance(value, list) else ()):
        if isinstance(tool, Mapping):
            name = str(tool.get("name") or tool.get("ref") or f"tool {index + 1}")
            yield _part(document, f"{at}/{index}", name, kind="tool")


_INSIDE = {"inputs": _inputs, "messages": _messages, "tests": _cases, "tools": _tools}
_KINDS: Mapping[str, PartKind] = {"output": "output", "model": "model"}


def _part(
    document: Document,
    at: str,
    name: str,
    *,
    kind: PartKind,
    detail: str = "",
    parts: tuple[FilePart, ...] = (),
) -> FilePart:
    """From the key of a value, or from the value of an item, to the end of the value."""
    first, value = document.place(at, True), document.whole(at)
    start = min(first, value)
    end = max((each.end_line, each.end_column) for each in (first, value))
    whole = Place(start.path, start.line, start.column, *end)
    shown = " ".join(name.split()) or at
    return FilePart(
        kind=kind, name=shown, detail=detail, whole=whole, name_place=first, parts=parts
    )


def _names(catalog: Catalog, path: str) -> Iterator[FilePart]:
    """The macros and variables that other templates can import."""
    for text in texts_of(catalog, path):
        for local in local_names(text.value):
            if local.top and local.imported is None:
                place = text.place(*local.definitions[0])
                kind: PartKind = "macro" if local.kind == "macro" else "name"
                yield FilePart(kind=kind, name=local.name, whole=place, name_place=place)
