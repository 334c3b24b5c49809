"""Which inputs a template reads, where, how, and under which guard.

Follows Jinja's semantics with StrictUndefined, through includes, imports, parents, macros and
blocks, without rendering anything. A `TemplateWalk` hands each node to the part that knows its
kind: expressions, filters, names, statements, linked templates, calls. The parts share a
position and a collector of facts (`walk_state.py`), and hand inner nodes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.calls import CallReader
from promptops.analysis.expressions import ConditionReader, PathReader
from promptops.analysis.filters import FilterReader
from promptops.analysis.linked_templates import TemplateLinks
from promptops.analysis.names import NameBinder
from promptops.analysis.sources import ValueSource
from promptops.analysis.statements import BranchWalker, LoopWalker
from promptops.analysis.template_loader import EnteredBodies, TemplateLoader
from promptops.analysis.uses import Path, TemplateFacts, TemplateSpan
from promptops.analysis.values import KNOWN, Context, Here, NameScope, Value
from promptops.analysis.walk_state import (
    ARGUMENT,
    OTHER,
    PASSED,
    TEST,
    FactCollector,
    How,
    Position,
)
from promptops.model.finding import Problem
from promptops.model.place import Text
from promptops.runtime.template.scope import Load
from promptops.runtime.template.template import Template, TemplateError, parse_expression

Locals = Mapping[str, tuple[str, Path]]
"""Names that the prompt gives a part of an input: `as example` is `("examples", (ITEM,))`."""


def walk(entry: Text, load: Load, *, locals_: Locals | None = None) -> TemplateFacts:
    """All uses of inputs in a template and in the templates that it reaches; never raises."""
    context = Context(_visible(entry, locals_ or {}), isolated=False)
    nowhere = nodes.Template([], lineno=0)
    here = Here(entry, Template("", nowhere, ()), context, (), ())
    return TemplateWalk(load, Position(here, NameScope(nowhere, None))).of_template(entry)


def walk_expression(when: Text, *, locals_: Locals | None = None) -> TemplateFacts:
    """The same for a `when`; never raises."""
    try:
        template = parse_expression(when.value)
    except TemplateError as error:
        place = TemplateSpan(when, error.start, error.end).place
        problem = Problem(error.message, at=place, hint=error.hint, code=error.code)
        return TemplateFacts(problems=(problem,))
    here = Here(when, template, Context(_visible(when, locals_ or {}), isolated=False), (), ())
    position = Position(here, NameScope(template.tree, None))
    return TemplateWalk(lambda _path, _target: None, position).of_condition()


class TemplateWalk:
    """One walk: a `Visitor` that dispatches by the class of a node."""

    def __init__(self, load: Load, position: Position) -> None:
        found, entered = FactCollector(), EnteredBodies()
        paths = PathReader(self, position, found)
        filters = FilterReader(self, position, found, paths)
        conditions = ConditionReader(self, position, found)
        names = NameBinder(self, position, found)
        branches = BranchWalker(self, position, conditions)
        loops = LoopWalker(self, position, names, filters, conditions)
        loader = TemplateLoader(load, self, position, found, entered)
        links = TemplateLinks(self, position, loader=loader, names=names, entered=entered)
        calls = CallReader(
            self,
            position,
            found,
            paths=paths,
            names=names,
            loops=loops,
            links=links,
            entered=entered,
        )
        self._position = position
        self._found = found
        self._conditions = conditions
        self._links = links
        self._calls = calls
        self._readers: dict[type, Callable[[Any, How], None]] = {
            **paths.readers,
            **filters.readers,
            **conditions.readers,
            **calls.readers,
        }
        self._takers: dict[type, Callable[[Any, How], Value]] = {
            **paths.takers,
            **filters.takers,
            **conditions.takers,
        }
        self._statements: dict[type, Callable[[Any], None]] = {
            **branches.statements,
            **loops.statements,
            **names.statements,
            **links.statements,
            **calls.statements,
        }

    def of_template(self, entry: Text) -> TemplateFacts:
        """Walk what is rendered, and then, once, the macros and blocks that nothing renders."""
        here = self._position.here
        try:
            self._links.render(entry, here.context, ())
            self._position.move_to_unreached(here)
            self._links.enter_unrendered()
            self._calls.enter_uncalled()
        except RecursionError:
            message = "the template is nested too deep"
            self._found.problem("TPL005", message, TemplateSpan(entry, 0, 1), ())
        return self._found.facts()

    def of_condition(self) -> TemplateFacts:
        """Walk the expression of a `when`."""
        template = self._position.here.template
        for output in template.tree.find_all(nodes.Output):
            test = output.nodes[0]
            self.read(test, TEST)
            self._conditions.collect("when", test, spans.expression(template, test))
        return self._found.facts()

    def read(self, node: nodes.Node, how: How) -> None:
        """Collect the uses of inputs in an expression."""
        reader = self._readers.get(node.__class__)
        if reader is not None:
            reader(node, how)
            return
        for child in node.iter_child_nodes():
            self.read(child, OTHER)

    def take(self, node: nodes.Node, how: How) -> Value:
        """Collect the same, and return the possible values, for another name."""
        taker = self._takers.get(node.__class__)
        if taker is not None:
            return taker(node, how)
        # A computed value needs its operands, even if the result is never used.
        self.read(node, OTHER if how.role == "alias" else ARGUMENT if how is PASSED else how)
        return KNOWN

    def body(self, statements: Iterable[nodes.Node]) -> None:
        """Walk statements in order."""
        for node in statements:
            self._statements[node.__class__](node)


def _visible(entry: Text, locals_: Locals) -> dict[str, Value]:
    start = TemplateSpan(entry, 0, 0)
    visible: dict[str, Value] = {}
    for name, (source, path) in locals_.items():
        value = ValueSource(source, (source,))
        for step in path:
            value = value.step(step, start, (name, step))
        visible[name] = (value,)
    return visible
