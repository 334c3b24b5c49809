"""Expressions: which inputs paths, operators, filters and tests read, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promptops.analysis import spans
from promptops.analysis.spans import Offsets
from promptops.analysis.uses import ITEM, Condition, Role, TemplateSpan, Use, Word
from promptops.analysis.values import (
    DEFAULTS,
    KNOWN,
    TOLERANT_TESTS,
    Value,
    ValueSource,
    as_alias,
    joined,
    literal,
    sources,
    value_below,
)
from promptops.analysis.walk_state import (
    ARGUMENT,
    GUARD,
    OTHER,
    TEST,
    TOLERANT_TEST,
    FactCollector,
    How,
    Position,
    Visitor,
    constant_step,
)
from promptops.runtime.template import nodes
from promptops.runtime.template.template import Template


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
                site = TemplateSpan(text, node.at, node.at + len(node.name))
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
        site = self._position.site((node.at, node.at + len(node.name)))
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


def _literal(node: nodes.Expression) -> nodes.Const:
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

    def _outcomes(self, node: nodes.CondExpr, visit: Callable[[nodes.Expression], None]) -> None:
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


# Filters and tests: which inputs they read, and which value a filter returns.

# Filters of Jinja that accept an undefined value.
_TOLERANT_FILTERS = frozenset(("items", "pprint"))
_SAME_ELEMENTS = frozenset(
    ("list", "sort", "reverse", "unique", "select", "reject", "selectattr", "rejectattr")
)
_ONE_ELEMENT = frozenset(("first", "last"))
_FILTERED: dict[Role, Role] = {"output": "filtered"}


class FilterReader:
    """Reads filters and tests, and their arguments."""

    def __init__(
        self, visitor: Visitor, position: Position, found: FactCollector, paths: PathReader
    ) -> None:
        self._visitor = visitor
        self._position = position
        self._found = found
        self._paths = paths
        self.readers: dict[type, Callable[[Any, How], None]] = {
            nodes.Filter: self._read_filter,
            nodes.Test: self._read_test,
        }
        self.takers: dict[type, Callable[[Any, How], Value]] = {nodes.Filter: self._take_filter}

    def _read_filter(self, node: nodes.Filter, how: How) -> None:
        inner = self.collect_filter(node, how)
        paths = named_paths(self._position.here.template, node)
        if node.node is not None and paths:
            self._read_named(node, paths, self._visitor.take(node.node, inner))
        elif node.node is not None:
            self._visitor.read(node.node, inner)
        self.read_arguments(node, how)

    def _read_named(self, node: nodes.Filter, paths: list[NamedPath], value: Value) -> None:
        how = GUARD if is_tolerant(node) else ARGUMENT
        site = self._position.site(spans.word(self._position.here.template, node.at))
        for path in paths:
            items: Value = tuple(
                part.without_alias().step(ITEM, site, object()).as_defined()
                for part in sources(value)
            )
            for step, offsets in path:
                items = value_below(items, step, self._position.site(offsets))
            self._paths.use_all(items, how)

    def collect_filter(self, node: nodes.Filter, how: How) -> How:
        """Collect the name of a filter; returns how its input is used."""
        self._collect_word(self._found.filters, node.name, node.at)
        role = _FILTERED.get(how.role, how.role)
        filters = (node.name, *how.filters)
        if node.name in DEFAULTS:
            return How(role, raises=how.raises, guard="default", filters=filters)
        if role == "alias":
            role = "other"
        return How(role, raises=node.name not in _TOLERANT_FILTERS, filters=filters)

    def read_arguments(self, node: nodes.Filter, how: How) -> None:
        """Read the arguments; the value of `default` is used as the filter's result is."""
        for index, argument in enumerate(node.args):
            is_result = node.name in DEFAULTS and index == 0
            self._visitor.read(argument, how if is_result else ARGUMENT)
        self._read_keyword_arguments(node)

    def _read_keyword_arguments(self, node: nodes.Filter | nodes.Test) -> None:
        for pair in node.kwargs or ():
            self._visitor.read(pair.value, ARGUMENT)
        for more in (node.dyn_args, node.dyn_kwargs):
            if more is not None:
                self._visitor.read(more, ARGUMENT)

    def _take_filter(self, node: nodes.Filter, how: How) -> Value:
        if node.node is None:
            self._read_filter(node, how)
            return KNOWN
        inner = self.collect_filter(node, how)
        if node.name in DEFAULTS:
            return self._take_default(node, inner, how)
        value = self._visitor.take(node.node, inner)
        template = self._position.here.template
        self._read_named(node, named_paths(template, node), value)
        self.read_arguments(node, how)
        if node.name in _ONE_ELEMENT:
            site = self._position.site(spans.word(template, node.at))
            return value_below(value, ITEM, site, identity=object())
        return value if node.name in _SAME_ELEMENTS else KNOWN

    def _take_default(self, node: nodes.Filter, inner: How, how: How) -> Value:
        assert node.node is not None, "only the filter of a filter block has no input"
        value = self._visitor.take(node.node, inner)
        protected = [
            part.with_guards((*part.guards[:-1], "default"))
            if isinstance(part, ValueSource)
            else part
            for part in value
        ]
        defaults = [self._visitor.take(argument, how) for argument in node.args[:1]] or [KNOWN]
        for argument in node.args[1:]:
            self._visitor.read(argument, ARGUMENT)
        self._read_keyword_arguments(node)
        return joined([tuple(protected), *defaults])

    def _read_test(self, node: nodes.Test, how: How) -> None:
        self._collect_word(self._found.tests, node.name, node.at)
        if node.name in ("defined", "undefined"):
            self._visitor.read(node.node, GUARD)
        else:
            self._visitor.read(node.node, TOLERANT_TEST if node.name in TOLERANT_TESTS else TEST)
        for argument in node.args:
            self._visitor.read(argument, ARGUMENT)
        self._read_keyword_arguments(node)

    def _collect_word(self, words: list[Word], name: str, offset: int) -> None:
        here = self._position.here
        site = self._position.site(spans.word(here.template, offset))
        if self._found.is_first("word", site):
            words.append(Word(name=name, site=site, stack=here.stack))


# Filters of Jinja, with the index of the positional argument that names the attribute.
_POSITIONS = {
    "groupby": 0,
    "join": 1,
    "map": None,
    "max": 1,
    "min": 1,
    "rejectattr": 0,
    "selectattr": 0,
    "sort": 2,
    "sum": 0,
    "unique": 1,
}

NamedPath = list[tuple[str | int, Offsets]]


def named_paths(template: Template, node: nodes.Filter) -> list[NamedPath]:
    """The paths that a filter reads in each element, each step with its offsets."""
    argument = _argument(node) if node.name in _POSITIONS else None
    if not isinstance(argument, nodes.Const) or not isinstance(argument.value, str):
        return []
    start, end = spans.constant(template, argument)
    written = end - start == len(argument.value)
    paths: list[NamedPath] = []
    offset = start
    # Only `sort` accepts several, but no name of an attribute contains a comma.
    for path in argument.value.split(","):
        steps: NamedPath = []
        for name in path.split("."):
            at = (offset, offset + len(name)) if written else (start, end)
            steps.append((int(name) if name.isdigit() else name, at))
            offset += len(name) + 1
        paths.append(steps)
    return paths


def is_tolerant(node: nodes.Filter) -> bool:
    """Whether the filter accepts elements without the attribute."""
    if any(pair.key == "default" for pair in node.kwargs):
        return True
    tests = node.args[1:2] if node.name in ("selectattr", "rejectattr") else []
    return any(
        isinstance(test, nodes.Const) and test.value in ("defined", "undefined") for test in tests
    )


def _argument(node: nodes.Filter) -> nodes.Expression | None:
    for pair in node.kwargs:
        if pair.key == "attribute":
            return pair.value
    position = _POSITIONS[node.name]
    if position is None or position >= len(node.args):
        return None
    return node.args[position]
