"""Expressions that decide or combine: `not`, `and`, `or`, comparisons, `x if y else z`, `~`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.guards import literal
from promptops.analysis.uses import Condition
from promptops.analysis.values import KNOWN, Value, joined
from promptops.analysis.walk_state import TEST, FactCollector, How, Position, Visitor


class ConditionReader:
    """Reads both outcomes of a condition, each with the facts that hold there."""

    def __init__(self, visitor: Visitor, position: Position, found: FactCollector) -> None:
        self._visitor = visitor
        self._position = position
        self._found = found
        self.readers: dict[type, Callable[[Any, How], None]] = {
            nodes.Not: self._read_not,
            nodes.And: self._read_and_or,
            nodes.Or: self._read_and_or,
            nodes.Compare: self._read_comparison,
            nodes.CondExpr: self._read_conditional,
            nodes.Concat: self._read_concatenation,
        }
        self.takers: dict[type, Callable[[Any, How], Value]] = {
            nodes.And: self._take_and_or,
            nodes.Or: self._take_and_or,
            nodes.CondExpr: self._take_conditional,
        }

    def _read_not(self, node: nodes.Not, how: How) -> None:
        self._visitor.read(node.node, TEST)

    def _read_and_or(self, node: nodes.And | nodes.Or, how: How) -> None:
        visitor = self._visitor
        visitor.read(node.left, TEST)
        truth = isinstance(node, nodes.And)
        self._position.given(node.left, truth, lambda: visitor.read(node.right, how))

    def _take_and_or(self, node: nodes.And | nodes.Or, how: How) -> Value:
        visitor = self._visitor
        left = visitor.take(node.left, TEST)
        right: list[Value] = []
        truth = isinstance(node, nodes.And)
        self._position.given(node.left, truth, lambda: right.append(visitor.take(node.right, how)))
        return joined([left, *right])

    def _read_comparison(self, node: nodes.Compare, how: How) -> None:
        self._visitor.read(node.expr, TEST)
        for operand in node.ops:
            self._visitor.read(operand.expr, TEST)

    def _read_conditional(self, node: nodes.CondExpr, how: How) -> None:
        self._outcomes(node, lambda outcome: self._visitor.read(outcome, how))

    def _take_conditional(self, node: nodes.CondExpr, how: How) -> Value:
        values: list[Value] = []
        self._outcomes(node, lambda outcome: values.append(self._visitor.take(outcome, how)))
        return joined(value or KNOWN for value in values)

    def _outcomes(self, node: nodes.CondExpr, visit: Callable[[nodes.Expr], None]) -> None:
        self._visitor.read(node.test, TEST)
        offsets = spans.expression(self._position.here.template, node.test)
        self.collect("inline", node.test, offsets, complete=node.expr2 is not None)
        self._position.given(node.test, True, lambda: visit(node.expr1))
        if node.expr2 is not None:
            otherwise = node.expr2
            self._position.given(node.test, False, lambda: visit(otherwise))

    def collect(self, kind: Any, test: nodes.Node, offsets: tuple[int, int], **more: Any) -> None:
        """Collect a condition, once; `more` has other attributes of `Condition`."""
        site = self._position.site(offsets)
        if self._found.is_first(kind, site):
            self._found.conditions.append(
                Condition(
                    kind=kind,
                    site=site,
                    test=test,
                    text=normalised(site.source),
                    constant=literal(test),
                    stack=self._position.here.stack,
                    **more,
                )
            )

    def _read_concatenation(self, node: nodes.Concat, how: How) -> None:
        bare = How(how.role, filters=how.filters)
        for part in node.nodes:
            self._visitor.read(part, bare)


def normalised(source: str) -> str:
    """A test as written, with single spaces, to compare it with another."""
    return " ".join(source.split())
