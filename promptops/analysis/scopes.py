"""Which inputs a template reads, where, how, and under which guard.

Follows what Jinja does with StrictUndefined, through includes, imports, parents, macros and
blocks, without rendering anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.paths import TEST, PathFacts
from promptops.analysis.sources import ValueSource
from promptops.analysis.template_walk import Walk
from promptops.analysis.uses import Path, TemplateFacts, TemplateSpan
from promptops.analysis.values import Context, Here, NameScope, Value
from promptops.model.finding import Problem
from promptops.model.place import Text
from promptops.records import fields
from promptops.runtime.template.scope import Load
from promptops.runtime.template.template import TemplateError, parse_expression

Locals = Mapping[str, tuple[str, Path]]
"""Names that the prompt gives a part of an input: `as example` is `("examples", (ITEM,))`."""


def walk(entry: Text, load: Load, *, locals_: Locals | None = None) -> TemplateFacts:
    """All that a template, with everything it reaches, takes from outside; never raises."""
    walker = Walk(load)
    walker.start(entry, _visible(entry, locals_ or {}))
    return _scope(walker.found)


def walk_expression(when: Text, *, locals_: Locals | None = None) -> TemplateFacts:
    """The same for a `when`; never raises."""
    try:
        template = parse_expression(when.value)
    except TemplateError as error:
        place = TemplateSpan(when, error.start, error.end).place
        problem = Problem(error.message, at=place, hint=error.hint, code=error.code)
        return TemplateFacts(problems=(problem,))
    walker = Walk(lambda _path, _target: None)
    context = Context(_visible(when, locals_ or {}), isolated=False)
    walker.here = Here(when, template, context, (), ())
    walker.frame = NameScope(template.tree, None)
    for test in template.tree.find_all(nodes.Output):
        walker.read(test.nodes[0], TEST)
        walker.condition("when", test.nodes[0], spans.expression(template, test.nodes[0]))
    return _scope(walker.found)


def _visible(entry: Text, locals_: Locals) -> dict[str, Value]:
    start = TemplateSpan(entry, 0, 0)
    visible: dict[str, Value] = {}
    for name, (source, path) in locals_.items():
        value = ValueSource(source, (source,))
        for step in path:
            value = value.step(step, start, (name, step))
        visible[name] = (value,)
    return visible


def _scope(found: PathFacts) -> TemplateFacts:
    return TemplateFacts(
        **{field.name: tuple(getattr(found, field.name)) for field in fields(found)}
    )
