"""The walk over expressions: filters, tests, conditions and calls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.attributes import NamedPath, is_tolerant, named_paths
from promptops.analysis.guards import DEFAULTS, TOLERANT_TESTS, literal, proven
from promptops.analysis.paths import (
    ARGUMENT,
    GUARD,
    OTHER,
    PASSED,
    TEST,
    TOLERANT_TEST,
    How,
    PathWalk,
)
from promptops.analysis.sources import Source
from promptops.analysis.uses import ITEM, Call, Callee, Condition, Role, Site, Word
from promptops.analysis.values import (
    KNOWN,
    BlockValue,
    Builtin,
    LoopValue,
    MacroValue,
    Value,
    joined,
    sources,
    stepped,
)

# Jinja's own, which take what is undefined for empty, or print it.
_TOLERANT_FILTERS = frozenset(("items", "pprint"))
_SAME_ELEMENTS = frozenset(
    ("list", "sort", "reverse", "unique", "select", "reject", "selectattr", "rejectattr")
)
_ONE_ELEMENT = frozenset(("first", "last"))
_FILTERED: dict[Role, Role] = {"output": "filtered"}


class ExpressionWalk(PathWalk, ABC):
    """Reads whole expressions; what a call leads to is known by the walk over statements."""

    @abstractmethod
    def call_macro(self, macro: MacroValue, call: nodes.Call, given: Value | None) -> None:
        """Walk the body of a macro with the arguments of a call."""

    @abstractmethod
    def repeat_loop(self, loop: LoopValue, call: nodes.Call) -> None:
        """Walk the body of a recursive loop with the elements of a call's argument."""

    @abstractmethod
    def render_block(self, block: BlockValue, site: Site) -> None:
        """Walk a block."""

    # Filters and tests.

    def _filter(self, node: nodes.Filter, how: How) -> None:
        inner = self.word_of_filter(node, how)
        paths = named_paths(self.here.template, node)
        if node.node is not None and paths:
            self._read_named(node, paths, self.take(node.node, inner))
        elif node.node is not None:
            self.read(node.node, inner)
        self.filter_arguments(node, how)

    def _read_named(self, node: nodes.Filter, paths: list[NamedPath], value: Value) -> None:
        how = GUARD if is_tolerant(node) else ARGUMENT
        site = self.site(spans.word(self.here.template, node.lineno))
        for path in paths:
            items: Value = tuple(
                part.unbound().step(ITEM, site, object()).there() for part in sources(value)
            )
            for step, offsets in path:
                items = stepped(items, step, self.site(offsets))
            self.use_all(items, how)

    def word_of_filter(self, node: nodes.Filter, how: How) -> How:
        """Collect a filter's name; what it is applied to is read so."""
        self.word(self.found.filters, node.name, node.lineno)
        role = _FILTERED.get(how.role, how.role)
        filters = (node.name, *how.filters)
        if node.name in DEFAULTS:
            return How(role, raises=how.raises, guard="default", filters=filters)
        if role == "alias":
            role = "other"
        return How(role, raises=node.name not in _TOLERANT_FILTERS, filters=filters)

    def filter_arguments(self, node: nodes.Filter, how: How) -> None:
        """What `default` puts in place is used as the whole is."""
        for index, argument in enumerate(node.args):
            as_whole = node.name in DEFAULTS and index == 0
            self.read(argument, how if as_whole else ARGUMENT)
        self._named_arguments(node)

    def _named_arguments(self, node: nodes.Filter | nodes.Test) -> None:
        for pair in node.kwargs or ():
            self.read(pair.value, ARGUMENT)
        for more in (node.dyn_args, node.dyn_kwargs):
            if more is not None:
                self.read(more, ARGUMENT)

    def _take_filter(self, node: nodes.Filter, how: How) -> Value:
        if node.node is None:
            self._filter(node, how)
            return KNOWN
        inner = self.word_of_filter(node, how)
        if node.name in DEFAULTS:
            return self._take_default(node, inner, how)
        value = self.take(node.node, inner)
        self._read_named(node, named_paths(self.here.template, node), value)
        self.filter_arguments(node, how)
        if node.name in _ONE_ELEMENT:
            site = self.site(spans.word(self.here.template, node.lineno))
            return stepped(value, ITEM, site, identity=object())
        return value if node.name in _SAME_ELEMENTS else KNOWN

    def _take_default(self, node: nodes.Filter, inner: How, how: How) -> Value:
        assert node.node is not None, "only a filter block's filter has no value of its own"
        value = self.take(node.node, inner)
        protected = [
            part.guarded((*part.guards[:-1], "default")) if isinstance(part, Source) else part
            for part in value
        ]
        instead = [self.take(argument, how) for argument in node.args[:1]] or [KNOWN]
        for argument in node.args[1:]:
            self.read(argument, ARGUMENT)
        self._named_arguments(node)
        return joined([tuple(protected), *instead])

    def _test(self, node: nodes.Test, how: How) -> None:
        self.word(self.found.tests, node.name, node.lineno)
        if node.name in ("defined", "undefined"):
            self.read(node.node, GUARD)
        else:
            self.read(node.node, TOLERANT_TEST if node.name in TOLERANT_TESTS else TEST)
        for argument in node.args:
            self.read(argument, ARGUMENT)
        self._named_arguments(node)

    def word(self, words: list[Word], name: str, offset: int) -> None:
        """Collect a filter's or a test's name, once."""
        site = self.site(spans.word(self.here.template, offset))
        if self.first("word", site):
            words.append(Word(name=name, site=site, stack=self.here.stack))

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

    def callee_site(self, node: nodes.Call) -> Site:
        target = node.node
        if isinstance(target, nodes.Getattr):
            return self.site(spans.attribute(self.here.template, target))
        return self.site(spans.expression(self.here.template, target))

    READ: ClassVar[dict[type, Callable[[Any, Any, How], None]]] = {
        **PathWalk.READ,
        nodes.Filter: _filter,
        nodes.Test: _test,
        nodes.Not: _not,
        nodes.And: _and_or,
        nodes.Or: _and_or,
        nodes.Compare: _comparison,
        nodes.CondExpr: _conditional,
        nodes.Concat: _concatenation,
        nodes.Call: _call,
    }
    TAKE: ClassVar[dict[type, Callable[[Any, Any, How], Value]]] = {
        **PathWalk.TAKE,
        nodes.Filter: _take_filter,
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
