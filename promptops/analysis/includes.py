"""The templates that a template names: the edges of the include graph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from promptops.model.place import Text


@dataclass(frozen=True, slots=True)
class Include:
    """A name of another template, and its offsets in the text, quotes included."""

    name: str
    start: int
    end: int


def includes(text: Text) -> tuple[Include, ...]:
    """What a template includes, imports and extends by constant names, in order.

    Nothing for a text that is no template or can't be parsed: that is another door's business.
    """
    return _includes(text.value) if "{%" in text.value else ()


@lru_cache(maxsize=16384)
def _includes(source: str) -> tuple[Include, ...]:
    if not any(word in source for word in ("include", "import", "extends")):
        return ()
    from jinja2 import nodes

    from promptops.runtime.template import TemplateError, parse, token_at

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
                token = template.tokens[token_at(template, name.lineno)]
                found.append(Include(name.value, token.start, token.end))
    return tuple(sorted(found, key=lambda include: include.start))
