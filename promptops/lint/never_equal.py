"""Comparisons of an input with a constant that its schema does not allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from json import dumps
from typing import Any

from jinja2 import nodes

from promptops.analysis.input_schemas import MAX_WAYS, InputSchemas, dotted
from promptops.analysis.uses import Condition, TemplateSpan, Use
from promptops.lint.guards import written_path
from promptops.lint.subject import TemplateScope
from promptops.model.place import Text
from promptops.nearest import nearest_name
from promptops.records import record
from promptops.runtime.template.template import parse, parse_expression, token_at

_EQUALITY = frozenset(("eq", "ne"))


@record(frozen=True, slots=True, kw_only=True)
class NeverEqual:
    """A constant that an input can never equal.

    Attributes:
        test: The condition that compares them, `constant` the constant within it.
        near: The allowed value that was probably meant, as written in a template; or None.
    """

    name: str
    written: str
    test: TemplateSpan
    constant: TemplateSpan
    near: str | None


def never_equal(scope: TemplateScope, schemas: InputSchemas) -> Iterator[NeverEqual]:
    """Impossible comparisons in the conditions of a message's own template.

    Names that the template assigns are left out, and so are included templates, because the
    including template may assign their names.
    """
    for condition in scope.scope.conditions:
        if not condition.stack:
            for compare in _compares(condition.test):
                yield from _of(compare, condition, scope, schemas)


def _compares(test: nodes.Node) -> Iterator[nodes.Compare]:
    if isinstance(test, nodes.Compare):
        yield test
    yield from test.find_all(nodes.Compare)


def _of(
    compare: nodes.Compare, condition: Condition, scope: TemplateScope, schemas: InputSchemas
) -> Iterator[NeverEqual]:
    read, constants = _sides(compare)
    path = written_path(read)
    if path is None or read is None or path[0] in _assigned(condition.site.text, scope.condition):
        return
    uses = _uses(scope.scope.uses, condition.site.text, read)
    admitted = _admitted(uses, schemas)
    if admitted is None:
        return
    for constant in constants:
        if not any(constant.value == value for value in admitted):
            yield _never(constant, condition, scope, uses[0], admitted)


def _sides(compare: nodes.Compare) -> tuple[nodes.Expr | None, Sequence[nodes.Const]]:
    """The paths read and the constants they are compared with, on either side."""
    if len(compare.ops) != 1:
        return None, ()
    left, operand = compare.expr, compare.ops[0]
    right = operand.expr
    if operand.op in _EQUALITY and isinstance(right, nodes.Const):
        return left, (right,)
    if operand.op in _EQUALITY and isinstance(left, nodes.Const):
        return right, (left,)
    if operand.op in ("in", "notin") and isinstance(right, nodes.List | nodes.Tuple):
        return left, [item for item in right.items if isinstance(item, nodes.Const)]
    return None, ()


@lru_cache(maxsize=64)
def _assigned_names(source: str, expression: bool) -> frozenset[str]:
    tree = (parse_expression if expression else parse)(source).tree
    names = tree.find_all(nodes.Name)
    return frozenset(name.name for name in names if name.ctx != "load")


def _assigned(text: Text, expression: bool) -> frozenset[str]:
    return _assigned_names(text.value, expression)


def _uses(uses: Sequence[Use], text: Text, read: nodes.Expr) -> tuple[Use, ...]:
    """The reads at the beginning of an expression, with the whole path."""
    root: nodes.Node = read
    while isinstance(root, nodes.Getattr | nodes.Getitem):
        root = root.node
    here = [use for use in uses if use.site.text is text and use.site.start == root.lineno]
    longest = max((len(use.path) for use in here), default=0)
    return tuple(use for use in here if len(use.path) == longest and not use.open)


def _admitted(uses: Sequence[Use], schemas: InputSchemas) -> list[Any] | None:
    """All values that the schema allows for a read; None if it does not list them."""
    if len({(use.name, use.path) for use in uses}) != 1 or uses[0].filters:
        return None
    shape = schemas.at(uses[0].name, uses[0].path)
    if shape is None or uses[0].origin != "input" or len(shape.ways) >= MAX_WAYS:
        return None
    admitted: list[Any] = []
    for way in shape.ways:
        listed = [part for part in way.parts if isinstance(part, Mapping) and _lists(part)]
        if not listed:
            return None
        admitted += listed[0].get("enum") or [listed[0].get("const")]
    return admitted


def _lists(schema: Mapping[str, Any]) -> bool:
    return bool(schema.get("enum")) or "const" in schema


def _never(
    constant: nodes.Const,
    condition: Condition,
    scope: TemplateScope,
    use: Use,
    admitted: Sequence[Any],
) -> NeverEqual:
    text = condition.site.text
    template = (parse_expression if scope.condition else parse)(text.value)
    token = template.tokens[token_at(template, constant.lineno)]
    texts = [value for value in admitted if isinstance(value, str)]
    near = nearest_name(constant.value, texts) if isinstance(constant.value, str) else None
    return NeverEqual(
        name=dotted(use.name, use.path),
        written=_shown(constant.value),
        test=condition.site,
        constant=TemplateSpan(text, token.start, token.end),
        near=None if near is None else _shown(near),
    )


def _shown(value: Any) -> str:
    return dumps(value, ensure_ascii=False)
