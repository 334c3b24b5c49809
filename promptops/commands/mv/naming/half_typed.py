"""The input that a word in a half-typed template refers to."""

from __future__ import annotations

from promptops.catalog.catalog import Catalog
from promptops.commands.mv.naming.input_symbols import input_by_name
from promptops.commands.mv.naming.symbol import Symbol
from promptops.commands.mv.naming.template_texts import texts_of
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.runtime.template.template import TemplateError, parse

_WORD = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_OPEN = lazy_pattern(r"\{[{%](?:(?![}%]\}).)*$")


def symbol_by_name(
    catalog: Catalog, path: str, written: str, line: int, column: int
) -> Symbol | None:
    """The input with the name at a position, in a tag whose template can't be parsed.

    Args:
        written: The line, which may differ from that in the catalog.
        line: Its number, 1-based.
        column: 1-based.
    """
    for word in _WORD.finditer(written):
        if word.start() <= column - 1 <= word.end() and _is_read(written, word.start()):
            text = catalog.files.text(path)
            lines = text.value.split("\n") if text is not None else []
            changed = line > len(lines) or lines[line - 1] != written
            if changed or not _parses(catalog, path):
                place = Place(path, line, word.start() + 1, line, word.end() + 1)
                return input_by_name(catalog, place, word[0])
    return None


def _is_read(line: str, start: int) -> bool:
    """Whether a word is in a tag, outside of strings and not an attribute."""
    tag = _OPEN.search(line, 0, start)
    if tag is None or line[:start].rstrip().endswith((".", "|")):
        return False
    return all(tag[0].count(quote) % 2 == 0 for quote in "\"'")


def _parses(catalog: Catalog, path: str) -> bool:
    for text in texts_of(catalog, path):
        try:
            parse(text.value)
        except TemplateError:
            return False
    return True
