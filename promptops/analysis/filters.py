"""Filters and tests: which inputs they read, and which value a filter returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.expressions import PathReader
from promptops.analysis.guards import DEFAULTS, TOLERANT_TESTS
from promptops.analysis.spans import Offsets
from promptops.analysis.uses import ITEM, Role, Word
from promptops.analysis.values import KNOWN, Value, ValueSource, joined, sources, value_below
from promptops.analysis.walk_state import (
    ARGUMENT,
    GUARD,
    TEST,
    TOLERANT_TEST,
    FactCollector,
    How,
    Position,
    Visitor,
)
from promptops.runtime.template.template import Template

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
        site = self._position.site(spans.word(self._position.here.template, node.lineno))
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
        self._collect_word(self._found.filters, node.name, node.lineno)
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
            site = self._position.site(spans.word(template, node.lineno))
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
        self._collect_word(self._found.tests, node.name, node.lineno)
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


def _argument(node: nodes.Filter) -> nodes.Expr | None:
    for pair in node.kwargs:
        if pair.key == "attribute":
            return pair.value
    position = _POSITIONS[node.name]
    if position is None or position >= len(node.args):
        return None
    return node.args[position]
