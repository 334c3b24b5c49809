"""Statements that bring in other templates: include, import, extends and its blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import nodes

from promptops.runtime.flow import took
from promptops.runtime.limits import MAX_INCLUDE_DEPTH
from promptops.runtime.scope import Frame, Scope, TemplateFailure, Traced
from promptops.runtime.statements import Out, Statement, builds, capture, span, statements
from promptops.runtime.template import TemplateError
from promptops.runtime.values import Module, lookup


def targets(node: nodes.Node) -> list[str]:
    """The names an include may mean, in order; raises TemplateError where they aren't constant."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, (nodes.List, nodes.Tuple)):
        return [name for item in node.items for name in targets(item)]
    start, end = span(node)
    raise TemplateError(
        "the name of a template is written out, never computed", start, end, "TPL004"
    )


def _opened(node: Any, scope: Scope) -> tuple[Any, Frame] | None:
    """The program and the frame of the first name that exists."""
    start, end = span(node.template)
    if scope.frame.depth >= MAX_INCLUDE_DEPTH:
        message = f"includes are nested over {MAX_INCLUDE_DEPTH} deep"
        raise TemplateFailure(message, scope.frame, start, end, refused=True)
    for name in targets(node.template):
        text = scope.run.load(scope.frame.text.path, name)
        if text is not None:
            return _program(text), Frame(text, scope.frame, start, end, scope.frame.depth + 1)
    if getattr(node, "ignore_missing", False):
        return None
    name = targets(node.template)[0]
    raise TemplateFailure(f"there is no template `{name}`", scope.frame, start, end)


def _program(text: Any) -> Any:
    from promptops.runtime.program import program

    return program(text)


@builds(nodes.Include)
def _include(node: nodes.Include) -> Statement:
    targets(node.template)
    offset = node.lineno

    def run(scope: Scope, out: Out) -> None:
        opened = _opened(node, scope)
        took(scope, offset, "included" if opened else "missing")
        if opened is not None:
            found, frame = opened
            parent = scope if node.with_context else _globals(scope)
            found.into(Scope({}, parent, scope.run, frame), out)

    return run


def _globals(scope: Scope) -> Scope:
    """The outermost scope without the inputs: what an import sees."""
    outermost = list(scope.outward())[-1]
    return Scope(outermost.names, None, scope.run, scope.frame)


def _module(node: Any, scope: Scope) -> Module:
    opened = _opened(node, scope)
    assert opened is not None
    found, frame = opened
    inner = Scope({}, scope if node.with_context else _globals(scope), scope.run, frame)
    inner.blocks = {}
    found.into(inner, [])
    return Module({k: v for k, v in inner.names.items() if not k.startswith("_")})


@builds(nodes.Import)
def _import(node: nodes.Import) -> Statement:
    targets(node.template)

    def run(scope: Scope, out: Out) -> None:
        scope.names[node.target] = _module(node, scope)

    return run


@builds(nodes.FromImport)
def _from_import(node: nodes.FromImport) -> Statement:
    targets(node.template)
    names = [name if isinstance(name, tuple) else (name, name) for name in node.names]

    def run(scope: Scope, out: Out) -> None:
        module = _module(node, scope)
        for name, alias in names:
            scope.names[alias] = lookup(module, name)

    return run


@builds(nodes.Extends)
def _extends(node: nodes.Extends) -> Statement:
    raise TemplateError(
        "`extends` stands first in its template", node.lineno, node.lineno + 7, "TPL005"
    )


class _Block:
    """One definition of a block, callable as `super()` where another overrides it."""

    template_callable = True

    def __init__(self, body: Statement, scope: Scope, definitions: list[Any], level: int) -> None:
        self._body = body
        self._scope = scope
        self._definitions = definitions
        self._level = level

    def __call__(self) -> str:
        names: dict[str, Any] = {}
        if self._level + 1 < len(self._definitions):
            body, frame = self._definitions[self._level + 1]
            above = Scope({}, self._scope, self._scope.run, frame)
            names["super"] = _Block(body, above, self._definitions, self._level + 1)
        return capture(self._body, self._scope.inner(names))


@builds(nodes.Block)
def _block(node: nodes.Block) -> Statement:
    name, scoped = node.name, node.scoped

    def run(scope: Scope, out: Out) -> None:
        definitions = scope.blocks[name]
        body, frame = definitions[0]
        around = scope if scoped else _top(scope)
        called = Frame(frame.text, scope.frame, node.lineno, node.lineno + 5, frame.depth)
        inner = Scope({}, around, scope.run, called)
        text = _Block(body, inner, definitions, 0)()
        out.extend(text.pieces if isinstance(text, Traced) else (text,))

    return run


def _top(scope: Scope) -> Scope:
    """The scope of the template itself, outside loops and the like."""
    top = scope
    for outer in scope.outward():
        if outer.frame is not scope.frame:
            break
        top = outer
    return top


def block_bodies(tree: nodes.Template) -> dict[str, Statement]:
    """The blocks a template defines, by name."""
    return {block.name: statements(block.body) for block in tree.find_all(nodes.Block)}


def opened_parent(node: nodes.Extends) -> Callable[[Scope], tuple[Any, Frame]]:
    """What opens the template that another one extends."""
    targets(node.template)

    def run(scope: Scope) -> tuple[Any, Frame]:
        opened = _opened(node, scope)
        assert opened is not None
        return opened

    return run
