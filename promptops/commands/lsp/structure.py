"""The structure of a file for an editor: the syntax of templates, and the parts of the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from promptops.analysis.local_names import local_names
from promptops.commands.lsp.documents import OpenFile, uri_of, with_lf
from promptops.commands.lsp.places import indented_blocks, template_blocks
from promptops.commands.lsp.symbols import NameLookup, name_lookup, texts_of
from promptops.json_pointer import escaped
from promptops.model.place import Place, Text
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.template.template import Template, Token
from promptops.source.cases import ENDINGS, read_cases
from promptops.source.document import Document
from promptops.source.paths import is_yaml, may_be_template

if TYPE_CHECKING:
    from promptops.commands.lsp.server import PromptopsServer

LEGEND = types.SemanticTokensLegend(
    token_types=[
        *("keyword", "variable", "property", "function", "operator", "string", "number", "comment"),
    ],
    token_modifiers=[],
)
_TOKEN_TYPES = {name: index for index, name in enumerate(LEGEND.token_types)}
_KEYWORDS = frozenset(
    (
        *("and", "or", "not", "in", "is", "if", "else", "recursive", "as", "import", "with"),
        *("without", "context", "ignore", "missing", "true", "false", "none"),
        *("True", "False", "None"),
    )
)
_TYPE_OF_KIND = {
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
class _ShownToken:
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


def _of_text(file: OpenFile, text: Text) -> Iterator[_ShownToken]:
    template = file.live.catalog.template(text)
    if template is not None:
        for token, kind in _typed(template):
            yield from _placed(file, text.place(token.start, token.end), kind)


def _placed(file: OpenFile, place: Place, kind: str) -> Iterator[_ShownToken]:
    """One token for each line: editors accept no others."""
    for line in range(place.line, place.end_line + 1):
        first = place.column if line == place.line else 1
        last = place.end_column if line == place.end_line else _ENDLESS
        found = file.range_of(Place(place.path, line, first, line, last))
        length = found.end.character - found.start.character
        if length > 0:
            yield _ShownToken(found.start.line, found.start.character, length, kind)


def _typed(template: Template) -> Iterator[tuple[Token, str]]:
    """The tokens to show, each with its type; what comes before decides about names."""
    before = ""
    for token in template.tokens:
        if token.kind in ("data", "whitespace"):
            continue
        written = template.source[token.start : token.end]
        yield token, _token_type(token.kind, written, before)
        before = written


def _token_type(kind: str, written: str, before: str) -> str:
    if kind != "name":
        return "keyword" if kind.endswith(_DELIMITERS) else _TYPE_OF_KIND.get(kind, "operator")
    if before.startswith("{%") or written in _KEYWORDS:
        return "keyword"
    if before == ".":
        return "property"
    return "function" if before in ("|", "is", "macro", "call") else "variable"


def _relative(shown: Iterable[_ShownToken]) -> Iterator[int]:
    """Five numbers a token: line and start relative to the token before, length, type, none."""
    line = start = 0
    for token in sorted(shown, key=lambda each: (each.line, each.start)):
        if token.line != line:
            start = 0
        yield from (
            token.line - line,
            token.start - start,
            token.length,
            _TOKEN_TYPES[token.type],
            0,
        )
        line, start = token.line, token.start


# The parts of a file, for an overview: messages, inputs, cases, tools, and names of templates.

_MOST_DETAIL_CHARS = 60
_MOST_READ_CHARS = 2_000
_TAG = lazy_pattern(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_SECTIONS = ("model", "inputs", "output", "tools", "messages", "evaluation", "tests")
_SECTION_KINDS = {"output": types.SymbolKind.Struct, "model": types.SymbolKind.Object}


def document_symbols(
    file: OpenFile, _params: types.DocumentSymbolParams
) -> list[types.DocumentSymbol]:
    """The parts of a prompt file, a case file or a template; none of a file that can't be read.

    Of a half-typed prompt those outside of the changed lines.
    """
    with name_lookup(file) as names:
        if file.path in names.catalog.ids:
            return list(_Outline(names, names.catalog.document(file.path)).sections())
        if file.path.endswith(ENDINGS):
            found = read_cases(file.path, names.catalog.files.data(file.path) or b"")
            return list(_Outline(names, found).cases(found.values, ""))
        return list(_exported_names(names))


class _Outline:
    """The parts of a prompt or of its cases; `value` and `at` are of the list or mapping above."""

    def __init__(self, names: NameLookup, document: Document) -> None:
        self._names = names
        self._document = document

    def sections(self) -> Iterator[types.DocumentSymbol]:
        inside = {
            "inputs": self.inputs,
            "messages": self.messages,
            "tests": self.cases,
            "tools": self.tools,
        }
        value = self._document.value
        for key in value if isinstance(value, Mapping) else ():
            if key in _SECTIONS:
                parts = inside[key](value[key], f"/{key}") if key in inside else ()
                kind = _SECTION_KINDS.get(key, types.SymbolKind.Namespace)
                yield from self._part(kind, f"/{key}", str(key), parts=parts)

    def inputs(self, value: Any, at: str) -> Iterator[types.DocumentSymbol]:
        properties = value.get("properties") if isinstance(value, Mapping) else None
        for name, schema in properties.items() if isinstance(properties, Mapping) else ():
            kind = schema.get("type") if isinstance(schema, Mapping) else None
            detail = " | ".join(map(str, kind)) if isinstance(kind, list) else str(kind or "")
            pointer = f"{at}/properties/{escaped(name)}"
            yield from self._part(types.SymbolKind.Variable, pointer, str(name), detail)

    def messages(self, value: Any, at: str) -> Iterator[types.DocumentSymbol]:
        for index, turn in enumerate(value if isinstance(value, list) else ()):
            if isinstance(turn, Mapping):
                pointer = f"{at}/{index}"
                inner = self.messages(turn.get("messages"), f"{pointer}/messages")
                yield from self._part(types.SymbolKind.String, pointer, *_turn(turn), parts=inner)

    def cases(self, value: Any, at: str) -> Iterator[types.DocumentSymbol]:
        for index, case in enumerate(value if isinstance(value, Sequence) else ()):
            if isinstance(case, Mapping):
                name = str(case.get("name") or case.get("file") or f"case {index + 1}")
                turns = self.turns(case.get("turns"), f"{at}/{index}/turns")
                yield from self._part(types.SymbolKind.Event, f"{at}/{index}", name, parts=turns)

    def turns(self, value: Any, at: str) -> Iterator[types.DocumentSymbol]:
        for index, turn in enumerate(value if isinstance(value, list) else ()):
            if isinstance(turn, Mapping):
                name, said = f"turn {index + 1}", _shortened(_said(turn))
                yield from self._part(types.SymbolKind.String, f"{at}/{index}", name, said)

    def tools(self, value: Any, at: str) -> Iterator[types.DocumentSymbol]:
        for index, tool in enumerate(value if isinstance(value, list) else ()):
            if isinstance(tool, Mapping):
                name = str(tool.get("name") or tool.get("ref") or f"tool {index + 1}")
                yield from self._part(types.SymbolKind.Function, f"{at}/{index}", name)

    def _part(
        self,
        kind: types.SymbolKind,
        at: str,
        name: str,
        detail: str = "",
        parts: Iterable[types.DocumentSymbol] = (),
    ) -> Iterator[types.DocumentSymbol]:
        """From the key of a value, or from the value of an item, to the end of the value."""
        first, value = self._document.place(at, True), self._document.whole(at)
        start = min(first, value)
        end = max((each.end_line, each.end_column) for each in (first, value))
        whole = Place(start.path, start.line, start.column, *end)
        shown = " ".join(name.split()) or at
        yield from _symbol(self._names, kind, shown, first, whole, detail=detail, parts=parts)


def _turn(turn: Mapping[Any, Any]) -> tuple[str, str]:
    """The name of a turn, and the beginning of its text without tags, or the path of its file."""
    for key in ("for_each", "history"):
        if key in turn:
            return key, str(turn[key])
    content = turn.get("content")
    if isinstance(content, list):
        content = next(iter(content), None)
    if isinstance(content, Mapping):
        content = next((content[key] for key in ("text", "file") if key in content), "")
    content = content[:_MOST_READ_CHARS] if isinstance(content, str) else ""
    return str(turn.get("role") or "message"), _shortened(_TAG.sub("", content).strip() or content)


def _shortened(text: str) -> str:
    return shorten(text[:_MOST_READ_CHARS], _MOST_DETAIL_CHARS, placeholder=" …")


def _said(turn: Mapping[Any, Any]) -> str:
    """What a turn of a case says: the text of the user, or the names of the tools."""
    user, tools = turn.get("user"), turn.get("tool")
    if isinstance(user, Mapping):
        return f"simulated: {user.get('simulate', '')}"
    results = tools if isinstance(tools, list) else [tools]
    names = [str(each.get("name", "")) for each in results if isinstance(each, Mapping)]
    return user if isinstance(user, str) else ", ".join(names)


def _exported_names(names: NameLookup) -> Iterator[types.DocumentSymbol]:
    """The macros and variables that other templates can import."""
    for text in texts_of(names.catalog, names.file.path):
        for local in local_names(text.value):
            if local.top and local.imported is None:
                is_macro = local.kind == "macro"
                kind = types.SymbolKind.Function if is_macro else types.SymbolKind.Variable
                place = text.place(*local.definitions[0])
                yield from _symbol(names, kind, local.name, place, place)


def _symbol(
    names: NameLookup,
    kind: types.SymbolKind,
    name: str,
    name_place: Place,
    whole: Place,
    *,
    detail: str = "",
    parts: Iterable[types.DocumentSymbol] = (),
) -> Iterator[types.DocumentSymbol]:
    """A part of the file, whose `whole` contains `name_place`; nothing in a changed line."""
    here = names.current(name_place)
    if here is not None:
        yield types.DocumentSymbol(
            name=name,
            detail=detail or None,
            kind=kind,
            range=names.file.range_of(names.current(whole) or here),
            selection_range=names.file.range_of(here),
            children=list(parts),
        )


# The lines that an editor can hide: blocks of YAML and of templates.


def folding_ranges(file: OpenFile, _params: types.FoldingRangeParams) -> list[types.FoldingRange]:
    """The blocks of a file, sorted; a half-typed file has those that can be recognised."""
    lines = {(each.start_line, each.end_line): each for each in _blocks(file.path, file.text)}
    return [lines[key] for key in sorted(lines)]


def _blocks(path: str, text: str) -> Iterator[types.FoldingRange]:
    text = with_lf(text)
    if is_yaml(path):
        for first, last in indented_blocks(text):
            yield types.FoldingRange(start_line=first - 1, end_line=last - 1)
    for block in template_blocks(text) if is_yaml(path) or may_be_template(path) else ():
        kind = types.FoldingRangeKind.Comment if block.comment else None
        yield types.FoldingRange(start_line=block.first - 1, end_line=block.last - 1, kind=kind)


# Go to a prompt by its id.

_MOST_SYMBOLS = 1_000


def workspace_symbols(
    server: PromptopsServer, params: types.WorkspaceSymbolParams
) -> list[types.SymbolInformation]:
    """The prompts whose ids contain the letters of the query in its order, of all repositories."""
    repositories = server.repositories_of_folders()
    found = ((live, path) for live in repositories for path in live.catalog.ids)
    matching = (pair for pair in found if _contains(pair[0].catalog.ids[pair[1]], params.query))
    return [
        _prompt_symbol(live.catalog.ids[path], uri_of(live, path))
        for live, path in islice(matching, _MOST_SYMBOLS)
    ]


def _contains(name: str, query: str) -> bool:
    letters = iter(name.lower())
    return all(letter in letters for letter in query.lower())


def _prompt_symbol(name: str, uri: str) -> types.SymbolInformation:
    start = types.Position(line=0, character=0)
    location = types.Location(uri=uri, range=types.Range(start=start, end=start))
    return types.SymbolInformation(name=name, kind=types.SymbolKind.File, location=location)
