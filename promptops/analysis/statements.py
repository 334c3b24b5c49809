"""Statements that print, branch and loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promptops.analysis import spans
from promptops.analysis.expressions import ConditionReader, FilterReader, normalised
from promptops.analysis.uses import Definition, TemplateSpan
from promptops.analysis.values import (
    KNOWN,
    NOTHING,
    Facts,
    LoopValue,
    MacroValue,
    Value,
    ValueSource,
    elements,
    joined,
    value_below,
)
from promptops.analysis.walk_state import (
    ALIAS,
    LOOP,
    OTHER,
    OUTPUT,
    TEST,
    Branch,
    FactCollector,
    Position,
    Visitor,
)
from promptops.runtime.template import nodes

_PAIRS = frozenset(("items", "dictsort"))
"""Filters whose result has pairs of a key and a value."""


class BranchWalker:
    """Walks printed expressions, and the branches of `if`."""

    def __init__(self, visitor: Visitor, position: Position, conditions: ConditionReader) -> None:
        self._visitor = visitor
        self._position = position
        self._conditions = conditions
        self.statements: dict[type, Callable[[Any], None]] = {
            nodes.Output: self._output,
            nodes.FilterBlock: self._filter_block,
            nodes.If: self._if,
        }

    def _output(self, node: nodes.Output) -> None:
        if self._position.silent:
            return
        for child in node.nodes:
            if child.__class__ is not nodes.TemplateData:
                self._visitor.read(child, OUTPUT)

    def _filter_block(self, node: nodes.FilterBlock) -> None:
        with self._position.inside(self._position.inner(node)):
            self._visitor.body(node.body)
            self._visitor.read(node.filter, OTHER)

    def _if(self, node: nodes.If) -> None:
        position = self._position
        ends: list[Branch] = []
        tests: dict[str, TemplateSpan] = {}
        with position.own_facts():
            for part in (node, *node.elif_):
                self._read_test(part, node, tests)
                where, otherwise = (position.proven(part.test, truth) for truth in (True, False))
                ends.append(self._branch(part.body, where))
                position.add_facts(otherwise)
            ends.append(self._branch(node.else_, NOTHING))
        self._merge(ends)

    def _read_test(self, part: nodes.If, whole: nodes.If, tests: dict[str, TemplateSpan]) -> None:
        self._visitor.read(part.test, TEST)
        template = self._position.here.template
        offsets = spans.test_of_tag(template, part, elif_=part is not whole)
        site = self._position.site(offsets)
        text = normalised(site.source)
        self._conditions.collect(
            "if" if part is whole else "elif",
            part.test,
            offsets,
            repeats=tests.get(text),
            complete=bool(whole.else_) or part is not (whole.elif_ or [whole])[-1],
        )
        tests.setdefault(text, site)

    def _branch(self, body: nodes.Body, facts: Facts) -> Branch:
        return self._position.branch(facts, lambda: self._visitor.body(body))

    def _merge(self, ends: list[Branch]) -> None:
        """After the branches, a name has its value at the end of one of them."""
        frame = self._position.frame
        changed = dict.fromkeys(
            name
            for bindings, _ in ends
            for name, value in bindings.items()
            if frame.bindings.get(name) is not value
        )
        after = {name: joined(self._at_end(name, *end) for end in ends) for name in changed}
        frame.bindings = {**frame.bindings, **after}

    def _at_end(self, name: str, bindings: dict[str, Value], facts: Facts) -> Value:
        value = bindings.get(name)
        if value is None:
            value = tuple(
                part.as_fallback() if isinstance(part, ValueSource) else part
                for part in self._position.lookup(name)
            )
        if not facts:
            return value
        return tuple(
            part.with_guards(part.guards_given(facts)) if isinstance(part, ValueSource) else part
            for part in value
        )


class LoopWalker:
    """Walks the body of a loop once, for all elements."""

    def __init__(
        self,
        visitor: Visitor,
        position: Position,
        names: NameBinder,
        filters: FilterReader,
        conditions: ConditionReader,
    ) -> None:
        self._visitor = visitor
        self._position = position
        self._names = names
        self._filters = filters
        self._conditions = conditions
        self.statements: dict[type, Callable[[Any], None]] = {nodes.For: self._for}

    def _for(self, node: nodes.For) -> None:
        visitor, position = self._visitor, self._position
        loop = LoopValue(node, position.frame, node.recursive)
        if isinstance(node.iter, nodes.Filter) and node.iter.name in _PAIRS and node.iter.node:
            value = visitor.take(node.iter.node, self._filters.collect_filter(node.iter, LOOP))
            self._filters.read_arguments(node.iter, LOOP)
            self.over(node, loop, value)
        elif isinstance(node.iter, nodes.List | nodes.Tuple):
            items = joined(visitor.take(item, ALIAS) for item in node.iter.items)
            self._loop(node, loop, lambda _: items or KNOWN)
        else:
            self.over(node, loop, visitor.take(node.iter, LOOP))
        if node.else_:
            with position.inside(position.inner(node, "else")):
                visitor.body(node.else_)

    def over(self, node: nodes.For, loop: LoopValue, value: Value) -> None:
        """Walk the body of a loop with the elements of a value."""
        identity = object()
        self._loop(node, loop, lambda site: elements(value, site, identity))

    def _loop(
        self, node: nodes.For, loop: LoopValue, item_at: Callable[[TemplateSpan], Value]
    ) -> None:
        position, target = self._position, node.target
        first = target.items[0] if isinstance(target, nodes.Tuple) and target.items else target
        end = first.at + len(getattr(first, "name", "x"))
        value = item_at(position.site((first.at, end)))
        with position.own_facts():
            if node.test is not None:
                self._read_filter(node, node.test, value)
            with position.inside(position.inner(node, "body")):
                self._bind_item(node, value)
                position.frame.bindings["loop"] = (loop,)
                self._visitor.body(node.body)

    def _read_filter(self, node: nodes.For, test: nodes.Node, value: Value) -> None:
        """Read the `if` of a loop; the facts that it proves hold in the body."""
        position = self._position
        with position.inside(position.inner(node, "test")):
            self._bind_item(node, value)
            self._visitor.read(test, TEST)
            offsets = spans.expression(position.here.template, test)
            self._conditions.collect("filter", test, offsets)
            position.add_facts(position.proven(test, True))

    def _bind_item(self, node: nodes.For, value: Value) -> None:
        target = node.target
        pairs = isinstance(node.iter, nodes.Filter) and node.iter.name in _PAIRS
        if pairs and isinstance(target, nodes.Tuple) and len(target.items) == 2:
            self._names.bind(target.items[0], KNOWN, "for", node.iter)
            self._names.bind(target.items[1], value, "for", node.iter)
        else:
            self._names.bind(target, KNOWN if pairs else value, "for", node.iter)


# The names that a template defines: by `set`, `with`, loops, macros and imports.


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
                end = item.at + len(getattr(item, "name", "x"))
                site = self._position.site((item.at, end))
                self.bind(item, value_below(value, index, site), kind, source)
        elif isinstance(target, nodes.Name):
            offsets = target.at, target.at + len(target.name)
            self.define(target.name, value, kind, offsets, source)
        elif isinstance(target, nodes.NSRef):
            name = nodes.Name(target.at, target.name)
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
        offsets = spans.name_in_tag(template, node.at, node.name, after="macro")
        self.define(node.name, (macro,), "macro", offsets)


def _names_in(node: nodes.Node) -> set[str]:
    inner = {name.name for name in node.find_all(nodes.Name)}
    return inner | {node.name} if isinstance(node, nodes.Name) else inner
