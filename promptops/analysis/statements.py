"""The walk over statements: what they print, and the names they bind in which scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.expressions import ExpressionWalk, even
from promptops.analysis.guards import Facts, proven
from promptops.analysis.paths import ALIAS, LOOP, OTHER, OUTPUT, TEST
from promptops.analysis.sources import ValueSource
from promptops.analysis.uses import Definition, TemplateSpan
from promptops.analysis.values import (
    KNOWN,
    Here,
    LoopValue,
    MacroValue,
    NameScope,
    Value,
    elements,
    joined,
    stepped,
)

_PAIRS = frozenset(("items", "dictsort"))
Branch = tuple[dict[str, Value], Facts]
"""What names hold at the end of a branch, and what is proven in it."""


class StatementWalk(ExpressionWalk):
    """Walks bodies; templates, macros and blocks are entered by `Walk`."""

    silent: bool = False
    """After an `extends`: what stands outside blocks is not printed."""

    def __init__(self) -> None:
        super().__init__()
        self.macros: list[MacroValue] = []

    def body(self, statements: Iterable[nodes.Node]) -> None:
        """Walk statements in order."""
        for node in statements:
            self.STATEMENTS[node.__class__](self, node)

    @contextmanager
    def moved(self, here: Here, frame: NameScope, silent: bool) -> Iterator[None]:
        """Walk elsewhere for a while."""
        before = self.here, self.frame, self.silent
        self.here, self.frame, self.silent = here, frame, silent
        try:
            yield
        finally:
            self.here, self.frame, self.silent = before

    def inner(self, node: nodes.Node, part: str = "") -> NameScope:
        """A scope within the one where the walk stands."""
        return NameScope(node, self.frame, part=part)

    def _output(self, node: nodes.Output) -> None:
        if self.silent:
            return
        for child in node.nodes:
            if child.__class__ is not nodes.TemplateData:
                self.read(child, OUTPUT)

    # Conditions.

    def _if(self, node: nodes.If) -> None:
        before, facts = self.frame.bindings, self.facts
        ends: list[Branch] = []
        texts: dict[str, TemplateSpan] = {}
        for part in (node, *node.elif_):
            self._test_of(part, node, texts)
            where, otherwise = (proven(part.test, truth, self.keys) for truth in (True, False))
            ends.append(self._branch(part.body, before, self.facts | where))
            self.facts |= otherwise
        ends.append(self._branch(node.else_, before, self.facts))
        self.facts = facts
        self._merge(before, ends)

    def _test_of(self, part: nodes.If, whole: nodes.If, texts: dict[str, TemplateSpan]) -> None:
        self.read(part.test, TEST)
        offsets = spans.test_of_tag(self.here.template, part, elif_=part is not whole)
        site = self.site(offsets)
        self.condition(
            "if" if part is whole else "elif",
            part.test,
            offsets,
            repeats=texts.get(even(site.source)),
            complete=bool(whole.else_) or part is not (whole.elif_ or [whole])[-1],
        )
        texts.setdefault(even(site.source), site)

    def _branch(self, body: list[nodes.Node], before: dict[str, Value], facts: Facts) -> Branch:
        outside = self.facts
        self.frame.bindings, self.facts = dict(before), facts
        self.body(body)
        end = self.frame.bindings, self.facts
        self.frame.bindings, self.facts = before, outside
        return end

    def _merge(self, before: dict[str, Value], ends: list[Branch]) -> None:
        """After the branches a name holds what one of them gave it, or else what it held."""
        changed = dict.fromkeys(
            name
            for bindings, _ in ends
            for name, value in bindings.items()
            if before.get(name) is not value
        )
        after = dict(before)
        for name in changed:
            after[name] = joined(self._at_end(name, *end) for end in ends)
        self.frame.bindings = after

    def _at_end(self, name: str, bindings: dict[str, Value], facts: Facts) -> Value:
        value = bindings.get(name)
        if value is None:
            value = tuple(
                part.as_fallback() if isinstance(part, ValueSource) else part
                for part in self.lookup(name)
            )
        if not facts:
            return value
        return tuple(
            part.guarded(part.guards_given(facts)) if isinstance(part, ValueSource) else part
            for part in value
        )

    # Loops.

    def _for(self, node: nodes.For) -> None:
        if isinstance(node.iter, nodes.Filter) and node.iter.name in _PAIRS and node.iter.node:
            value = self.take(node.iter.node, self.word_of_filter(node.iter, LOOP))
            self.filter_arguments(node.iter, LOOP)
        elif isinstance(node.iter, nodes.List | nodes.Tuple):
            items = joined(self.take(item, ALIAS) for item in node.iter.items)
            self.loop(node, LoopValue(node, self.frame, node.recursive), lambda _: items or KNOWN)
            value = None
        else:
            value = self.take(node.iter, LOOP)
        if value is not None:
            self.loop_over(node, LoopValue(node, self.frame, node.recursive), value)
        if node.else_:
            with self.moved(self.here, self.inner(node, "else"), self.silent):
                self.body(node.else_)

    def loop_over(self, node: nodes.For, loop: LoopValue, value: Value) -> None:
        """Walk a loop's body with the elements of a value."""
        identity = object()
        self.loop(node, loop, lambda site: elements(value, site, identity))

    def loop(self, node: nodes.For, loop: LoopValue, item: Callable[[TemplateSpan], Value]) -> None:
        """Walk a loop's body; its variable holds an item."""
        target = node.target
        first = target.items[0] if isinstance(target, nodes.Tuple) and target.items else target
        value = item(self.site((first.lineno, first.lineno + len(getattr(first, "name", "x")))))
        facts = self.facts
        if node.test is not None:
            self._loop_filter(node, node.test, value)
        with self.moved(self.here, self.inner(node, "body"), self.silent):
            self._bind_item(node, value)
            self.frame.bindings["loop"] = (loop,)
            self.body(node.body)
        self.facts = facts

    def _loop_filter(self, node: nodes.For, test: nodes.Node, value: Value) -> None:
        with self.moved(self.here, self.inner(node, "test"), self.silent):
            self._bind_item(node, value)
            self.read(test, TEST)
            self.condition("filter", test, spans.expression(self.here.template, test))
            self.facts |= proven(test, True, self.keys)

    def _bind_item(self, node: nodes.For, value: Value) -> None:
        target = node.target
        pairs = isinstance(node.iter, nodes.Filter) and node.iter.name in _PAIRS
        if pairs and isinstance(target, nodes.Tuple) and len(target.items) == 2:
            self.bind(target.items[0], KNOWN, "for", node.iter)
            self.bind(target.items[1], value, "for", node.iter)
        else:
            self.bind(target, KNOWN if pairs else value, "for", node.iter)

    # Names.

    def bind(self, target: nodes.Node, value: Value, kind: Any, made_of: nodes.Node | None) -> None:
        """Give a name, or several, a value in the scope where the walk stands."""
        if isinstance(target, nodes.Tuple):
            for index, item in enumerate(target.items):
                site = self.site((item.lineno, item.lineno + len(getattr(item, "name", "x"))))
                self.bind(item, stepped(value, index, site), kind, made_of)
        elif isinstance(target, nodes.Name):
            offsets = target.lineno, target.lineno + len(target.name)
            self.define(target.name, value, kind, offsets, made_of)
        elif isinstance(target, nodes.NSRef):
            name = nodes.Name(target.name, "load", lineno=target.lineno)
            self.read(name, OTHER)

    def define(
        self,
        name: str,
        value: Value,
        kind: Any,
        offsets: spans.Offsets,
        made_of: nodes.Node | None = None,
    ) -> None:
        """Give a name a value, and collect that it was."""
        self.frame.bindings[name] = value
        self.frame.imported.discard(name)
        site = self.site(offsets)
        if self.first("definition", site):
            itself = made_of is not None and name in _names_in(made_of)
            self.found.definitions.append(
                Definition(
                    kind=kind, name=name, site=site, stack=self.here.stack, from_itself=itself
                )
            )

    def _assign(self, node: nodes.Assign) -> None:
        target, given = node.target, node.node
        if (
            isinstance(target, nodes.Tuple)
            and isinstance(given, nodes.Tuple)
            and len(target.items) == len(given.items)
        ):
            values = [self.take(item, ALIAS) for item in given.items]
            for item, value in zip(target.items, values, strict=True):
                self.bind(item, value, "set", given)
        else:
            self.bind(target, self.take(given, ALIAS), "set", given)

    def _assign_block(self, node: nodes.AssignBlock) -> None:
        with self.moved(self.here, self.inner(node), silent=False):
            self.body(node.body)
            if node.filter is not None:
                self.read(node.filter, OTHER)
        self.bind(node.target, KNOWN, "set", None)

    def _with(self, node: nodes.With) -> None:
        values = [self.take(value, ALIAS) for value in node.values]
        with self.moved(self.here, self.inner(node), self.silent):
            for target, value, given in zip(node.targets, values, node.values, strict=True):
                self.bind(target, value, "with", given)
            self.body(node.body)

    def _filter_block(self, node: nodes.FilterBlock) -> None:
        with self.moved(self.here, self.inner(node), self.silent):
            self.body(node.body)
            self.read(node.filter, OTHER)

    def _macro(self, node: nodes.Macro) -> None:
        macro = MacroValue(node, self.here, self.frame)
        self.macros.append(macro)
        offsets = spans.named(self.here.template, node.lineno, node.name, after="macro")
        self.define(node.name, (macro,), "macro", offsets)

    def _call_block(self, node: nodes.CallBlock) -> None:
        content = MacroValue(node, self.here, self.frame)
        self.macros.append(content)
        self.call(node.call, (content,))

    STATEMENTS: ClassVar[dict[type, Callable[[Any, Any], None]]] = {
        nodes.Output: _output,
        nodes.If: _if,
        nodes.For: _for,
        nodes.Assign: _assign,
        nodes.AssignBlock: _assign_block,
        nodes.With: _with,
        nodes.FilterBlock: _filter_block,
        nodes.Macro: _macro,
        nodes.CallBlock: _call_block,
    }


def _names_in(node: nodes.Node) -> set[str]:
    inner = {name.name for name in node.find_all(nodes.Name)}
    return inner | {node.name} if isinstance(node, nodes.Name) else inner
