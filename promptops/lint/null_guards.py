"""Facts that tests in a template prove about null values: `{% if x is not none %}`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from jinja2 import nodes

from promptops.analysis.uses import Path, Step, TemplateSpan, Use
from promptops.lint.guards import test_of, written_path
from promptops.lint.subject import TemplateScope
from promptops.runtime.template.sized_cache import cached_by_size
from promptops.runtime.template.template import TemplateError, parse

Paths = frozenset[Path]
"""Names with the steps below them, as written there."""

_TELLING_TESTS = frozenset(
    str.split("string number integer float boolean true false mapping sequence iterable in")
)
_TELLING_FILTERS = frozenset(("length", "count", "default", "d"))


def is_not_null(use: Use, whens: Sequence[TemplateScope]) -> bool:
    """Whether the value of a use can't be null, because the template tested it before.

    `whens` are the conditions of the text.
    """
    written = _written(use)
    if any(written in _facts_of_name(when) for when in whens):
        return True
    if any(written in _known_at(site) for site in (use.site, *use.stack)):
        return True
    return any(path[0] == site.source for site in use.aliases for path in _known_at(site))


def _written(use: Use) -> Path:
    """The name of a use and the steps after it, rather than where its value comes from."""
    steps: list[Step] = []
    for step, site in zip(reversed(use.path), reversed(use.path_sites), strict=True):
        if site.text is not use.site.text or site.start < use.site.end:
            break
        steps.append(step)
    return (use.site.source, *reversed(steps))


def _facts_of_name(when: TemplateScope) -> Paths:
    test = test_of(when)
    return frozenset() if test is None else _not_null_by(test, True)


def _known_at(site: TemplateSpan) -> Paths:
    return _facts(site.text.value).get(site.start, frozenset())


@cached_by_size(16_000_000)
def _facts(source: str) -> dict[int, Paths]:
    """The facts known at each name and literal, by offset."""
    found: dict[int, Paths] = {}
    with suppress(TemplateError):
        _walk(parse(source).tree, frozenset(), found)
    return found


def _walk(node: nodes.Node, known: Paths, found: dict[int, Paths]) -> None:
    if known and isinstance(node, nodes.Name | nodes.Const):
        found[node.lineno] = known
    if known and isinstance(node, nodes.Getattr):
        found[node.lineno + 1] = known
    if isinstance(node, nodes.If):
        _walk_if(node, known, found)
    elif isinstance(node, nodes.For) and node.test is not None:
        inside = known | _not_null_by(node.test, True)
        for child in (node.iter, node.test, *node.else_):
            _walk(child, known, found)
        for child in node.body:
            _walk(child, inside, found)
    elif isinstance(node, nodes.CondExpr):
        _walk(node.expr1, known | _not_null_by(node.test, True), found)
        if node.expr2 is not None:
            _walk(node.expr2, known | _not_null_by(node.test, False), found)
    else:
        for child in node.iter_child_nodes():
            _walk(child, known, found)


def _walk_if(node: nodes.If, known: Paths, found: dict[int, Paths]) -> None:
    for part in (node, *node.elif_):
        _walk(part.test, known, found)
        for child in part.body:
            _walk(child, known | _not_null_by(part.test, True), found)
        known |= _not_null_by(part.test, False)
    for child in node.else_:
        _walk(child, known, found)


def _not_null_by(test: nodes.Node, truth: bool) -> Paths:
    """The values that are not null if a test has the given outcome."""
    if isinstance(test, nodes.Not):
        return _not_null_by(test.node, not truth)
    if isinstance(test, nodes.And | nodes.Or):
        left, right = _not_null_by(test.left, truth), _not_null_by(test.right, truth)
        return left | right if isinstance(test, nodes.And) == truth else left & right
    if isinstance(test, nodes.Test):
        tells = not truth if test.name == "none" else truth and test.name in _TELLING_TESTS
        return _only(test.node) if tells else frozenset()
    if isinstance(test, nodes.Compare):
        return _compared(test, truth)
    if isinstance(test, nodes.Filter):
        return _only(test.node) if truth and test.name in _TELLING_FILTERS else frozenset()
    return _only(test) if truth else frozenset()


def _compared(test: nodes.Compare, truth: bool) -> Paths:
    operand = test.ops[0]
    with_null = isinstance(operand.expr, nodes.Const) and operand.expr.value is None
    equal = {"eq": truth, "ne": not truth, "in": truth, "notin": not truth}.get(operand.op, True)
    return _only(test.expr) if equal != with_null else frozenset()


def _only(node: nodes.Node | None) -> Paths:
    path = written_path(node)
    return frozenset() if path is None else frozenset((path,))
