"""The walk over expressions: conditions and calls, on top of names, filters and tests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.filters import FilterWalk
from promptops.analysis.guards import literal, proven
from promptops.analysis.paths import (
    ARGUMENT,
    OTHER,
    PASSED,
    TEST,
    How,
)
from promptops.analysis.uses import Call, Callee, Condition, TemplateSpan
from promptops.analysis.values import (
    KNOWN,
    BlockValue,
    Builtin,
    LoopValue,
    MacroValue,
    Value,
    joined,
    sources,
)


class ExpressionWalk(FilterWalk, ABC):
    """Reads whole expressions; what a call leads to is known by the walk over statements."""

    @abstractmethod
    def call_macro(self, macro: MacroValue, call: nodes.Call, given: Value | None) -> None:
        """Walk the body of a macro with the arguments of a call."""

    @abstractmethod
    def repeat_loop(self, loop: LoopValue, call: nodes.Call) -> None:
        """Walk the body of a recursive loop with the elements of a call's argument."""

    @abstractmethod
    def render_block(self, block: BlockValue, site: TemplateSpan) -> None:
        """Walk a block."""

    # What decides, and what is made of several.

    def _not(self, node: nodes.Not, how: How) -> None:
        self.read(node.node, TEST)

    def _and_or(self, node: nodes.And | nodes.Or, how: How) -> None:
        self.read(node.left, TEST)
        self.given(node.left, isinstance(node, nodes.And), lambda: self.read(node.right, how))

    def _take_and_or(self, node: nodes.And | nodes.Or, how: How) -> Value:
        left = self.take(node.left, TEST)
        right: list[Value] = []
        truth = isinstance(node, nodes.And)
        self.given(node.left, truth, lambda: right.append(self.take(node.right, how)))
        return joined([left, *right])

    def given(self, test: nodes.Node, truth: bool, then: Callable[[], object]) -> None:
        """Do something where a test has the given outcome."""
        before = self.facts
        self.facts = before | proven(test, truth, self.keys)
        then()
        self.facts = before

    def _comparison(self, node: nodes.Compare, how: How) -> None:
        self.read(node.expr, TEST)
        for operand in node.ops:
            self.read(operand.expr, TEST)

    def _conditional(self, node: nodes.CondExpr, how: How) -> None:
        self._take_conditional(node, how, self.read)

    def _take_conditional(
        self, node: nodes.CondExpr, how: How, each: Callable[[nodes.Node, How], Any] | None = None
    ) -> Value:
        visit = each or self.take
        values: list[Value] = []
        self.inline_condition(node)
        self.given(node.test, True, lambda: values.append(visit(node.expr1, how)))
        if node.expr2 is not None:
            other = node.expr2
            self.given(node.test, False, lambda: values.append(visit(other, how)))
        return joined(value or KNOWN for value in values)

    def inline_condition(self, node: nodes.CondExpr) -> None:
        """Read the test of a conditional expression."""
        self.read(node.test, TEST)
        self.condition(
            "inline",
            node.test,
            spans.expression(self.here.template, node.test),
            complete=node.expr2 is not None,
        )

    def condition(self, kind: Any, test: nodes.Node, offsets: tuple[int, int], **more: Any) -> None:
        """Collect a condition, once."""
        site = self.site(offsets)
        if self.first(kind, site):
            self.found.conditions.append(
                Condition(
                    kind=kind,
                    site=site,
                    test=test,
                    text=even(site.source),
                    constant=literal(test),
                    stack=self.here.stack,
                    **more,
                )
            )

    def _concatenation(self, node: nodes.Concat, how: How) -> None:
        bare = How(how.role, filters=how.filters)
        for part in node.nodes:
            self.read(part, bare)

    # Calls.

    def _call(self, node: nodes.Call, how: How) -> None:
        self.call(node, None)

    def call(self, node: nodes.Call, given: Value | None) -> None:
        """Follow a call; `given` is the body of a call block, for `caller`."""
        callee = self.path(node.node)
        self.use_all(_owners(callee) if isinstance(node.node, nodes.Getattr) else callee, OTHER)
        self._call_fact(node, callee)
        followed = False
        for part in callee:
            if isinstance(part, MacroValue):
                self.call_macro(part, node, given)
                followed = True
            elif isinstance(part, LoopValue):
                self.repeat_loop(part, node)
                followed = True
            elif isinstance(part, BlockValue):
                self.render_block(part, self.callee_site(node))
        if not followed:
            keeps = any(part == Builtin("namespace") for part in callee)
            self.arguments(node, PASSED if keeps else ARGUMENT)

    def arguments(self, node: nodes.Call, how: How) -> None:
        """Read all arguments of a call of which no more is known."""
        for argument in (*node.args, *(pair.value for pair in node.kwargs)):
            self.read(argument, how)
        for more in (node.dyn_args, node.dyn_kwargs):
            if more is not None:
                self.read(more, ARGUMENT)

    def _call_fact(self, node: nodes.Call, callee: Value) -> None:
        site = self.callee_site(node)
        if self.first("call", site):
            start, end = spans.expression(self.here.template, node.node)
            written = self.here.text.value[start:end]
            kind = _kind_of(callee)
            self.found.calls.append(
                Call(kind=kind, callee=written, site=site, stack=self.here.stack, node=node)
            )

    def callee_site(self, node: nodes.Call) -> TemplateSpan:
        target = node.node
        if isinstance(target, nodes.Getattr):
            return self.site(spans.attribute(self.here.template, target))
        return self.site(spans.expression(self.here.template, target))

    READ: ClassVar[dict[type, Callable[[Any, Any, How], None]]] = {
        **FilterWalk.READ,
        nodes.Not: _not,
        nodes.And: _and_or,
        nodes.Or: _and_or,
        nodes.Compare: _comparison,
        nodes.CondExpr: _conditional,
        nodes.Concat: _concatenation,
        nodes.Call: _call,
    }
    TAKE: ClassVar[dict[type, Callable[[Any, Any, How], Value]]] = {
        **FilterWalk.TAKE,
        nodes.And: _take_and_or,
        nodes.Or: _take_and_or,
        nodes.CondExpr: _take_conditional,
    }


def even(source: str) -> str:
    """A test as written, each white space made one blank: what tells two tests apart."""
    return " ".join(source.split())


def _owners(methods: Value) -> Value:
    """Values have no methods: what a call of one reads is the value it was asked of."""
    return tuple(part.above() for part in sources(methods) if part.path and not part.open)


def _kind_of(callee: Value) -> Callee:
    for part in callee:
        if isinstance(part, Builtin) and part.name in _BUILTIN_KINDS:
            return _BUILTIN_KINDS[part.name]
        if part.__class__ in _KINDS:
            return _KINDS[part.__class__]
    return "value"


_BUILTIN_KINDS: dict[str, Callee] = {
    "range": "range",
    "namespace": "namespace",
    "loop": "loop",
    "caller": "macro",
}
_KINDS: dict[type, Callee] = {MacroValue: "macro", LoopValue: "loop", BlockValue: "block"}
