"""Ways through a template that stand in its expressions, where coverage does not follow them."""

from __future__ import annotations

from jinja2 import nodes

from promptops.model.place import Text
from promptops.runtime.template.template import TemplateError, is_template, parse

_CHOOSING = (nodes.CondExpr, nodes.And, nodes.Or)
_FILTERS = frozenset(("default", "d"))


def hides_ways(text: Text) -> bool:
    """Whether a template prints one thing or another by an expression: `a or b`, `x if c else y`,
    `a | default(b)`. Of a broken template, False."""
    if not is_template(text.value):
        return False
    try:
        tree = parse(text.value).tree
    except TemplateError:
        return False
    return any(_chooses(node) for output in tree.find_all(nodes.Output) for node in output.nodes)


def _chooses(node: nodes.Node) -> bool:
    if isinstance(node, _CHOOSING) or any(True for _ in node.find_all(_CHOOSING)):
        return True
    filters = [node] if isinstance(node, nodes.Filter) else []
    return any(each.name in _FILTERS for each in (*filters, *node.find_all(nodes.Filter)))
