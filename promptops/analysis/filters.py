"""The walk over filters and tests: what they read, and what is left of a value behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.attributes import NamedPath, is_tolerant, named_paths
from promptops.analysis.guards import DEFAULTS, TOLERANT_TESTS
from promptops.analysis.paths import (
    ARGUMENT,
    GUARD,
    TEST,
    TOLERANT_TEST,
    How,
    PathWalk,
)
from promptops.analysis.sources import ValueSource
from promptops.analysis.uses import ITEM, Role, Word
from promptops.analysis.values import KNOWN, Value, joined, sources, stepped

# Jinja's own, which take what is undefined for empty, or print it.
_TOLERANT_FILTERS = frozenset(("items", "pprint"))
_SAME_ELEMENTS = frozenset(
    ("list", "sort", "reverse", "unique", "select", "reject", "selectattr", "rejectattr")
)
_ONE_ELEMENT = frozenset(("first", "last"))
_FILTERED: dict[Role, Role] = {"output": "filtered"}


class FilterWalk(PathWalk):
    """Reads filters and tests, and their arguments."""

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
            part.guarded((*part.guards[:-1], "default")) if isinstance(part, ValueSource) else part
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

    READ: ClassVar[dict[type, Callable[[Any, Any, How], None]]] = {
        **PathWalk.READ,
        nodes.Filter: _filter,
        nodes.Test: _test,
    }
    TAKE: ClassVar[dict[type, Callable[[Any, Any, How], Value]]] = {
        **PathWalk.TAKE,
        nodes.Filter: _take_filter,
    }
