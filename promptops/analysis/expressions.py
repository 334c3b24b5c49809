"""Paths, and the operators around them: which inputs an expression reads, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.guards import literal
from promptops.analysis.uses import Condition, TemplateSpan, Use, Word
from promptops.analysis.values import (
    KNOWN,
    Value,
    ValueSource,
    as_alias,
    joined,
    sources,
    value_below,
)
from promptops.analysis.walk_state import (
    OTHER,
    TEST,
    FactCollector,
    How,
    Position,
    Visitor,
    constant_step,
)


class PathReader:
    """Reads paths, and collects each use of an input."""

    def __init__(self, visitor: Visitor, position: Position, found: FactCollector) -> None:
        self._visitor = visitor
        self._position = position
        self._found = found
        self.readers: dict[type, Callable[[Any, How], None]] = {
            nodes.Name: self._read_name,
            nodes.Getattr: self._read_path,
            nodes.Getitem: self._read_path,
        }
        self.takers: dict[type, Callable[[Any, How], Value]] = {
            nodes.Name: self._take_path,
            nodes.Getattr: self._take_path,
            nodes.Getitem: self._take_path,
        }

    def _read_name(self, node: nodes.Name, how: How) -> None:
        position = self._position
        for part in position.lookup(node.name):
            if isinstance(part, ValueSource):
                text = position.here.text
                site = TemplateSpan(text, node.lineno, node.lineno + len(node.name))
                self._use(part, site, how)

    def _read_path(self, node: nodes.Getattr | nodes.Getitem, how: How) -> None:
        self.use_all(self.value(node), how)

    def _take_path(self, node: nodes.Name | nodes.Getattr | nodes.Getitem, how: How) -> Value:
        value = self.value(node)
        self.use_all(value, how)
        return as_alias(value)

    def value(self, node: nodes.Node) -> Value:
        """The value of a path; the last step is not collected as a use."""
        if isinstance(node, nodes.Getattr):
            return self._attribute(node)
        if isinstance(node, nodes.Getitem):
            return self._subscript(node)
        if not isinstance(node, nodes.Name):
            return tuple(
                part.without_alias() if isinstance(part, ValueSource) else part
                for part in self._visitor.take(node, OTHER)
            )
        value = self._position.lookup(node.name)
        site = self._position.site((node.lineno, node.lineno + len(node.name)))
        return tuple(
            part.read_at(site) if isinstance(part, ValueSource) else part for part in value
        )

    def _attribute(self, node: nodes.Getattr) -> Value:
        base = self.value(node.node)
        site = self._position.site(spans.attribute(self._position.here.template, node))
        self._refuse_private(node.attr, site)
        return value_below(base, node.attr, site)

    def _subscript(self, node: nodes.Getitem) -> Value:
        base = self.value(node.node)
        step = constant_step(node.arg)
        if step is not None:
            template = self._position.here.template
            site = self._position.site(spans.constant(template, _literal(node.arg)))
            self._refuse_private(str(step), site)
            return value_below(base, step, site)
        self._visitor.read(node.arg, OTHER)
        if isinstance(node.arg, nodes.Slice):
            return base
        return tuple(part.with_unknown_step() for part in sources(base)) or KNOWN

    def _refuse_private(self, name: str, site: TemplateSpan) -> None:
        if name.startswith("_") and self._found.is_first("private", site):
            self._found.private.append(Word(name=name, site=site, stack=self._position.here.stack))

    def use_all(self, value: Value, how: How) -> None:
        """Collect a use of each input that a value may be."""
        for part in value:
            if isinstance(part, ValueSource) and part.site is not None:
                self._use(part, part.site, how)

    def _use(self, part: ValueSource, site: TemplateSpan, how: How) -> None:
        position = self._position
        guards = part.guards
        if position.facts:
            guards = part.guards_given(position.facts)
        if how.guard != "none" and guards[-1] == "none" and not part.open:
            guards = (*guards[:-1], how.guard)
        self._found.uses.append(
            Use(
                name=part.name,
                path=part.path,
                site=site,
                path_sites=part.path_sites,
                stack=position.here.stack,
                guards=guards,
                role=how.role,
                raises=how.raises and guards[-1] == "none",
                filters=how.filters,
                origin=part.origin,
                aliases=part.aliases,
                open=part.open,
                reached=position.reached,
            )
        )


def _literal(node: nodes.Expr) -> nodes.Const:
    return node if isinstance(node, nodes.Const) else next(node.find_all(nodes.Const))


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
