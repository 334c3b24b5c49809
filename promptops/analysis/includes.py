"""The templates that a template names: the edges of the include graph."""

from __future__ import annotations

import re
from functools import lru_cache

from promptops.model.place import Text
from promptops.patterns import lazy_pattern
from promptops.records import record


@record(frozen=True, slots=True)
class Include:
    """A name of another template, and its offsets in the text, quotes included."""

    name: str
    start: int
    end: int


def includes(text: Text) -> tuple[Include, ...]:
    """The templates that a template includes, imports or extends by constant names, in order.

    Empty for a text without tags. In a template that can't be parsed, only plain tags are found.
    """
    return _includes(text.value) if "{%" in text.value else ()


@lru_cache(maxsize=16384)
def _includes(source: str) -> tuple[Include, ...]:
    if not any(word in source for word in ("include", "import", "extends")):
        return ()
    found = _plain(source)
    return _parsed(source) if found is None else tuple(found)


_INSIDE = r"""(?:[^"'{}%]++|"(?:[^"\\]++|\\.)*+"|'(?:[^'\\]++|\\.)*+'|%(?!\}))*+"""
_TAG = lazy_pattern(
    rf"\{{(?:%(?P<inside>{_INSIDE})%\}}|\{{{_INSIDE}\}}\}}|\#.*?\#\}}|(?P<unclosed>[%{{\#]))",
    re.DOTALL,
)
_NAMES = lazy_pattern(r"[-+]?\s*(?:include|import|from|extends|raw)\b")
_PLAIN = lazy_pattern(
    r"""
    [-+]?\s*+(?:include|import|from|extends)\s*+
    (?P<name>"[^"\\\n]*+"|'[^'\\\n]*+')\s*+
    (?:ignore\s++missing\s*+)?(?:as\s++\w++\s*+)?(?:import\s++\w++(?:\s*+,\s*+\w++)*+\s*+)?
    (?:with(?:out)?\s++context\s*+)?-?\+?
    """,
    re.VERBOSE,
)


def _plain(source: str) -> list[Include] | None:
    """The same without a parser, twenty times faster; None if the parser is needed."""
    found = []
    for tag in _TAG.finditer(source):
        inside, unclosed = tag.groups()
        if unclosed is not None:
            return None
        if inside is not None and _NAMES.match(inside):
            named = _PLAIN.fullmatch(inside)
            if named is None:
                return None
            name = named["name"]
            first = tag.start("inside") + named.start("name")
            found.append(Include(name[1:-1], first, first + len(name)))
    return found


def _parsed(source: str) -> tuple[Include, ...]:
    from promptops.runtime.template import nodes
    from promptops.runtime.template.template import TemplateError, parse, token_at

    try:
        template = parse(source)
    except TemplateError:
        return ()
    found = []
    tree = template.tree
    names = [node.template for node in tree.find_all(nodes.Include)]
    names += [node.template for node in tree.find_all(nodes.Import)]
    names += [node.template for node in tree.find_all(nodes.FromImport)]
    names += [node.template for node in tree.find_all(nodes.Extends)]
    for named in names:
        several = isinstance(named, (nodes.List, nodes.Tuple))
        for name in named.find_all(nodes.Const) if several else [named]:
            if isinstance(name, nodes.Const) and isinstance(name.value, str):
                token = template.tokens[token_at(template, name.at)]
                found.append(Include(name.value, token.start, token.end))
    return tuple(sorted(found, key=lambda include: include.start))
