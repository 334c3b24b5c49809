"""Attributes that filters are told by name: `map(attribute="user.name")`, `selectattr("open")`."""

from __future__ import annotations

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.spans import Offsets
from promptops.runtime.template.template import Template

# Jinja's filters, and where among its positional arguments each has the attribute.
_POSITIONS = {
    "groupby": 0,
    "join": 1,
    "map": None,
    "max": 1,
    "min": 1,
    "rejectattr": 0,
    "selectattr": 0,
    "sort": 2,
    "sum": 0,
    "unique": 1,
}

NamedPath = list[tuple[str | int, Offsets]]


def named_paths(template: Template, node: nodes.Filter) -> list[NamedPath]:
    """The paths that a filter reads of each element, each step with its offsets."""
    argument = _argument(node) if node.name in _POSITIONS else None
    if not isinstance(argument, nodes.Const) or not isinstance(argument.value, str):
        return []
    start, end = spans.constant(template, argument)
    written = end - start == len(argument.value)
    paths: list[NamedPath] = []
    offset = start
    # Only `sort` takes several, but a comma stands in no attribute's name.
    for path in argument.value.split(","):
        steps: NamedPath = []
        for name in path.split("."):
            at = (offset, offset + len(name)) if written else (start, end)
            steps.append((int(name) if name.isdigit() else name, at))
            offset += len(name) + 1
        paths.append(steps)
    return paths


def is_tolerant(node: nodes.Filter) -> bool:
    """Whether the filter makes do with elements that lack the attribute."""
    if any(pair.key == "default" for pair in node.kwargs):
        return True
    tests = node.args[1:2] if node.name in ("selectattr", "rejectattr") else []
    return any(
        isinstance(test, nodes.Const) and test.value in ("defined", "undefined") for test in tests
    )


def _argument(node: nodes.Filter) -> nodes.Expr | None:
    for pair in node.kwargs:
        if pair.key == "attribute":
            return pair.value
    position = _POSITIONS[node.name]
    if position is None or position >= len(node.args):
        return None
    return node.args[position]
