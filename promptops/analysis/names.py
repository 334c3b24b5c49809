"""The names that a template defines: by `set`, `with`, loops, macros and imports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.uses import Definition
from promptops.analysis.values import KNOWN, MacroValue, Value, value_below
from promptops.analysis.walk_state import ALIAS, OTHER, FactCollector, Position, Visitor


class NameBinder:
    """Gives names values in the current scope.

    Attributes:
        macros: All macros and bodies of call blocks defined so far.
    """

    def __init__(self, visitor: Visitor, position: Position, found: FactCollector) -> None:
        self._visitor = visitor
        self._position = position
        self._found = found
        self.macros: list[MacroValue] = []
        self.statements: dict[type, Callable[[Any], None]] = {
            nodes.Assign: self._assign,
            nodes.AssignBlock: self._assign_block,
            nodes.With: self._with,
            nodes.Macro: self._define_macro,
        }

    def bind(self, target: nodes.Node, value: Value, kind: Any, source: nodes.Node | None) -> None:
        """Give a name, or each name of a tuple, a value; `source` is the value's expression."""
        if isinstance(target, nodes.Tuple):
            for index, item in enumerate(target.items):
                end = item.lineno + len(getattr(item, "name", "x"))
                site = self._position.site((item.lineno, end))
                self.bind(item, value_below(value, index, site), kind, source)
        elif isinstance(target, nodes.Name):
            offsets = target.lineno, target.lineno + len(target.name)
            self.define(target.name, value, kind, offsets, source)
        elif isinstance(target, nodes.NSRef):
            name = nodes.Name(target.name, "load", lineno=target.lineno)
            self._visitor.read(name, OTHER)

    def define(
        self,
        name: str,
        value: Value,
        kind: Any,
        offsets: spans.Offsets,
        source: nodes.Node | None = None,
    ) -> None:
        """Give one name a value, and collect its definition."""
        position = self._position
        position.frame.bindings[name] = value
        position.frame.imported.discard(name)
        site = position.site(offsets)
        if self._found.is_first("definition", site):
            from_itself = source is not None and name in _names_in(source)
            self._found.definitions.append(
                Definition(
                    kind=kind,
                    name=name,
                    site=site,
                    stack=position.here.stack,
                    from_itself=from_itself,
                )
            )

    def define_imported(self, name: str, value: Value, offsets: spans.Offsets) -> None:
        """Give a name an imported value, which the template does not export."""
        self.define(name, value, "import", offsets)
        self._position.frame.imported.add(name)

    def callable_body(self, node: nodes.Macro | nodes.CallBlock) -> MacroValue:
        """A macro, or the body of a call block, that sees the names of the current scope."""
        macro = MacroValue(node, self._position.here, self._position.frame)
        self.macros.append(macro)
        return macro

    def _assign(self, node: nodes.Assign) -> None:
        target, source = node.target, node.node
        if (
            isinstance(target, nodes.Tuple)
            and isinstance(source, nodes.Tuple)
            and len(target.items) == len(source.items)
        ):
            values = [self._visitor.take(item, ALIAS) for item in source.items]
            for item, value in zip(target.items, values, strict=True):
                self.bind(item, value, "set", source)
        else:
            self.bind(target, self._visitor.take(source, ALIAS), "set", source)

    def _assign_block(self, node: nodes.AssignBlock) -> None:
        position = self._position
        with position.moved(position.here, position.inner(node), silent=False):
            self._visitor.body(node.body)
            if node.filter is not None:
                self._visitor.read(node.filter, OTHER)
        self.bind(node.target, KNOWN, "set", None)

    def _with(self, node: nodes.With) -> None:
        values = [self._visitor.take(value, ALIAS) for value in node.values]
        with self._position.inside(self._position.inner(node)):
            for target, value, source in zip(node.targets, values, node.values, strict=True):
                self.bind(target, value, "with", source)
            self._visitor.body(node.body)

    def _define_macro(self, node: nodes.Macro) -> None:
        macro = self.callable_body(node)
        template = self._position.here.template
        offsets = spans.name_in_tag(template, node.lineno, node.name, after="macro")
        self.define(node.name, (macro,), "macro", offsets)


def _names_in(node: nodes.Node) -> set[str]:
    inner = {name.name for name in node.find_all(nodes.Name)}
    return inner | {node.name} if isinstance(node, nodes.Name) else inner
