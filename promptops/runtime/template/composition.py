"""Statements that use other templates: include, import, extends and blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import nodes
from jinja2.runtime import StrictUndefined

from promptops.records import record
from promptops.runtime.template.flow import record_branch
from promptops.runtime.template.limits import MAX_INCLUDE_DEPTH, LimitExceeded
from promptops.runtime.template.node_facts import unset_at_start
from promptops.runtime.template.scope import Blocks, Frame, Scope, TemplateFailure, TracedText
from promptops.runtime.template.statements import (
    NOWHERE,
    Out,
    Statement,
    builds,
    capture,
    counted,
    failure,
    span,
)
from promptops.runtime.template.template import TemplateError
from promptops.runtime.template.values import Module, OwnBlocks, lookup

# In units of work: finding a template, and creating its scope.
INCLUDE_COST = 40


def targets(node: nodes.Node) -> list[str]:
    """The names that an include may mean, in order; raises TemplateError unless constant."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, (nodes.List, nodes.Tuple)):
        return [name for item in node.items for name in targets(item)]
    start, end = span(node)
    raise TemplateError(
        "the name of a template must be a literal, not computed", start, end, "TPL004"
    )


def _opened(node: Any, scope: Scope) -> tuple[Any, Frame] | None:
    """The program and the frame of the first name that exists."""
    start, end = span(node.template)
    scope.run.meter.charge(INCLUDE_COST)
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
    from promptops.runtime.template.template_program import program

    return program(text)


@builds(nodes.Include)
def _include(node: nodes.Include) -> Statement:
    targets(node.template)
    offset = node.lineno

    def run(scope: Scope, out: Out) -> None:
        opened = _opened(node, scope)
        record_branch(scope, offset, "included" if opened else "missing")
        if opened is not None:
            found, frame = opened
            parent = scope.exposed() if node.with_context else _globals(scope)
            inner = Scope({}, parent, scope.run, frame)
            inner.blocks = Blocks(inner)
            found.into(inner, out)

    return run


def _globals(scope: Scope) -> Scope:
    """The scope of an import: the outermost one, without the inputs."""
    outermost = list(scope.outward())[-1]
    return Scope(outermost.names, None, scope.run, scope.frame)


def _module(node: Any, scope: Scope) -> Module:
    opened = _opened(node, scope)
    assert opened is not None
    found, frame = opened
    parent = scope.exposed() if node.with_context else _globals(scope)
    inner = Scope({}, parent, scope.run, frame)
    inner.blocks = Blocks(inner)
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
        "`extends` must come first in its template", node.lineno, node.lineno + 7, "TPL005"
    )


class _Block:
    """One definition of a block, callable directly, as `self.name()`, or as `super()`."""

    template_callable = True

    def __init__(self, name: str, scope: Scope, called: tuple[Frame, int], level: int = 0) -> None:
        self._name = name
        self._scope = scope
        self._called = called
        self._level = level

    def __call__(self) -> str:
        definitions = self._scope.blocks.definitions[self._name]
        body, defined = definitions[self._level]
        above: Any = StrictUndefined(f"there is no parent block called {self._name!r}")
        if self._level + 1 < len(definitions):
            above = _Block(self._name, self._scope, self._called, self._level + 1)
        frame, start = self._called
        called = Frame(defined.text, frame, start, start + 5, defined.depth)
        inner = Scope({"super": above}, self._scope.exposed(), self._scope.run, called)
        inner.unset = body.unset
        return capture(body.run, inner)


@builds(nodes.Block)
def _block(node: nodes.Block) -> Statement:
    name, start = node.name, node.lineno

    def run(scope: Scope, out: Out) -> None:
        if out is NOWHERE:
            return
        if node.required and len(scope.blocks.definitions[name]) <= 1:
            missing = LimitExceeded(f"the required block `{name}` is not defined")
            raise failure(missing, node, scope.frame)
        around = _top_of_its_own(scope) if node.scoped else scope.blocks.top
        text = _Block(name, around, (scope.frame, start))()
        out.extend(text.pieces if isinstance(text, TracedText) else (text,))

    return run


def _top_of_its_own(scope: Scope) -> Scope:
    """The scope of a scoped block and of the blocks inside it."""
    around = scope.inner()
    around.blocks = Blocks(around, scope.blocks.definitions)
    return around


def own_blocks(scope: Scope) -> OwnBlocks:
    """The value of `self` in a template."""

    def find(name: str) -> _Block:
        if name not in scope.blocks.definitions:
            raise LookupError(name)
        return _Block(name, scope.blocks.top, (scope.frame, 0))

    return OwnBlocks(find)


@record(frozen=True, slots=True)
class BlockBody:
    """The body of one definition of a block.

    Attributes:
        unset: The names that it sets, and that have no value before.
    """

    run: Statement
    unset: frozenset[str]


def block_bodies(tree: nodes.Template) -> dict[str, BlockBody]:
    """The blocks a template defines, by name."""
    bodies: dict[str, BlockBody] = {}
    for block in tree.find_all(nodes.Block):
        if block.name in bodies:
            message = f"block `{block.name}` is defined twice"
            raise TemplateError(message, block.lineno, block.lineno + 5, "TPL005")
        bodies[block.name] = BlockBody(counted(block.body), unset_at_start(block))
    return bodies


def opened_parent(node: nodes.Extends) -> Callable[[Scope], tuple[Any, Frame]]:
    """A closure that opens the template that another one extends."""
    targets(node.template)

    def run(scope: Scope) -> tuple[Any, Frame]:
        opened = _opened(node, scope)
        assert opened is not None
        return opened

    return run
