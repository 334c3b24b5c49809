"""Names, attributes and subscripts: which input each of them reads, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.sources import ValueSource
from promptops.analysis.uses import TemplateSpan, Use, Word
from promptops.analysis.values import KNOWN, Value, as_alias, sources, value_below
from promptops.analysis.walk_state import (
    OTHER,
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
