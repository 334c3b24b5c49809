"""Semantic tokens: the template syntax inside YAML texts and in partials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lsprotocol import types

from promptops.commands.lsp.documents import OpenFile
from promptops.commands.mv.symbols import texts_of
from promptops.model.place import Place, Text
from promptops.records import record
from promptops.runtime.template.template import Template, Token

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
        yield token, _type(token.kind, written, before)
        before = written


def _type(kind: str, written: str, before: str) -> str:
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
