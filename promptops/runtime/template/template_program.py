"""A template compiled to closures, once per text; include, import, extends and blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from promptops.model.place import Text
from promptops.records import record
from promptops.runtime.template import nodes
from promptops.runtime.template.expressions import Expression, expression
from promptops.runtime.template.limits import (
    MAX_INCLUDE_DEPTH,
    MAX_OUTPUT_CHARS,
    LimitExceeded,
    cached_by_size,
    capped_range,
)
from promptops.runtime.template.node_facts import facts, mentions
from promptops.runtime.template.statements import (
    NOWHERE,
    Out,
    Statement,
    builds,
    capture,
    counted,
    failure,
    failures,
    record_branch,
    span,
)
from promptops.runtime.template.template import (
    MAX_CACHED_BYTES,
    TemplateError,
    parse,
    parse_expression,
)
from promptops.runtime.template.text_rendering import (
    Blocks,
    Frame,
    Piece,
    Run,
    Scope,
    TemplateFailure,
    TracedText,
)
from promptops.runtime.template.values import (
    Module,
    Namespace,
    OwnBlocks,
    as_data,
    lookup,
    undefined,
)

T = TypeVar("T")

GLOBALS: dict[str, Any] = {"range": capped_range, "namespace": Namespace}
"""The names that exist in a template besides its inputs; a template sets names in other scopes."""


def rendered(text: Text, names: dict[str, Any], run: Run) -> str:
    """The text that a template renders; raises TemplateFailure."""
    out: list[str] = []
    frame = _render(text, names, run, out)
    found = "".join(out)
    _refuse_output(found, frame)
    return found


def traced(text: Text, names: dict[str, Any], run: Run) -> list[Piece]:
    """The pieces that a template renders in a traced run; raises TemplateFailure."""
    out: list[Piece] = []
    frame = _render(text, names, run, out)
    _refuse_output("".join([piece.text for piece in out]), frame)
    return out


def _render(text: Text, names: dict[str, Any], run: Run, out: Out) -> Frame:
    found = program(text, traced=run.traced)
    scope = _scope(text, names, run)
    try:
        found.into(scope.inner(), out)
    except failures() as error:
        # A failure without a nearer place is reported at the beginning of the template.
        raise failure(error, found.tree, scope.frame) from None
    return scope.frame


def _refuse_output(text: str, frame: Frame) -> None:
    """An escape in a literal can create a lone surrogate, which no request can contain."""
    if len(text) > MAX_OUTPUT_CHARS:
        message = f"it renders over {MAX_OUTPUT_CHARS:,} characters"
        raise TemplateFailure(message, frame, 0, 1, True)
    try:
        text.isascii() or text.encode()
    except UnicodeEncodeError:
        message = "it renders half of a surrogate pair, which is not valid text"
        raise TemplateFailure(message, frame, 0, 1) from None


def holds(text: Text, names: dict[str, Any], run: Run) -> bool:
    """Whether an expression is true; raises TemplateFailure."""
    stored = text.program
    if stored is not None and not run.traced:
        evaluate, node = _located(text, lambda: _condition_of_program(stored))
    else:
        evaluate, node = _located(text, lambda: _expression(text.value))
    return _evaluated(evaluate, node, _scope(text, names, run), bool)


def value(text: Text, names: dict[str, Any], run: Run) -> Any:
    """The value of an expression as JSON data; raises TemplateFailure.

    A lazy sequence, such as the result of `select`, becomes a list.
    """
    evaluate, node = _located(text, lambda: _expression(text.value))
    return _as_data(evaluate, node, _scope(text, names, run))


def expression_tree(source: str) -> nodes.Node:
    """The syntax tree of an expression that can be evaluated; raises TemplateError."""
    return _expression(source)[1]


def _scope(text: Text, names: dict[str, Any], run: Run) -> Scope:
    frame = Frame(text)
    return Scope(names, Scope(GLOBALS, None, run, frame), run, frame)


def _as_data(evaluate: Expression, node: nodes.Node, scope: Scope) -> Any:
    return _evaluated(evaluate, node, scope, lambda found: as_data(found, scope.run.meter))


def _evaluated(
    evaluate: Expression, node: nodes.Node, scope: Scope, finish: Callable[[Any], T]
) -> T:
    def run() -> T:
        scope.run.meter.charge(facts(node).size)
        return finish(evaluate(scope))

    return _guarded(run, node, scope.frame)


def program(text: Text, *, traced: bool = False) -> Program:
    """The program of a text; an invalid text raises TemplateFailure at the place of the error.

    A bundle has it parsed, but without the offsets of literal text, which a traced run needs.
    """
    stored = text.program
    if stored is not None and not traced:
        return _located(text, lambda: _compiled_program(stored))
    return _located(text, lambda: _compiled(text.value))


def _located(text: Text, make: Callable[[], T]) -> T:
    try:
        return make()
    except TemplateError as error:
        refused = error.code == "TPL005"
        raise TemplateFailure(error.message, Frame(text), error.start, error.end, refused) from None


def _guarded(run: Callable[[], T], node: nodes.Node, frame: Frame) -> T:
    """A failure without a nearer place is reported at the beginning of the template."""
    try:
        return run()
    except failures() as error:
        raise failure(error, node, frame) from None


class Program:
    """The closures of one template."""

    __slots__ = ("_after", "_before", "_blocks", "_has_self", "_parent", "_unset", "tree")

    def __init__(self, tree: nodes.Template) -> None:
        self.tree = nodes.Template(0, ())  # the place of failures that have no better one
        extends = next((node for node in tree.body if isinstance(node, nodes.Extends)), None)
        at = len(tree.body) if extends is None else tree.body.index(extends)
        self._unset = tree.unset
        self._has_self = mentions(tree.body, "self")
        self._blocks = block_bodies(tree)
        self._before: Statement = counted(tree.body[:at])
        self._after: Statement = counted(tree.body[at + 1 :])
        self._parent = None if extends is None else opened_parent(extends)

    def into(self, scope: Scope, out: Out) -> None:
        """Render in a scope, which keeps the names that the template sets at its top level."""
        scope.blocks.top = scope
        scope.unset = self._unset
        for name, body in self._blocks.items() if self._blocks else ():
            scope.blocks.definitions.setdefault(name, []).append((body, scope.frame))
        if self._has_self:
            scope.names["self"] = own_blocks(scope)
        self._before(scope, out)
        if self._parent is None:
            return
        # The part after `extends` is run for its names; its output is discarded.
        self._after(scope, NOWHERE)
        parent, frame = self._parent(scope)
        above = Scope({}, scope, scope.run, frame)
        parent.into(above, out)


def _program_bytes(source: str, _program: Program) -> int:
    return 1_000 + 250 * len(parse(source).tokens)


@cached_by_size(MAX_CACHED_BYTES, _program_bytes)
def _compiled(source: str) -> Program:
    return Program(parse(source).tree)


def _stored_bytes(program: str, _compiled: object) -> int:
    return 1_000 + 25 * len(program)


@cached_by_size(MAX_CACHED_BYTES, _stored_bytes)
def _compiled_program(program: str) -> Program:
    from promptops.runtime.template.parsed_program import tree_of

    return Program(tree_of(program))


@cached_by_size(MAX_CACHED_BYTES // 4, _stored_bytes)
def _condition_of_program(program: str) -> tuple[Expression, nodes.Node]:
    from promptops.runtime.template.parsed_program import condition_of

    node = condition_of(program)
    return expression(node), node


def _expression_bytes(source: str, _expression: object) -> int:
    return 1_000 + 250 * len(parse_expression(source).tokens)


@cached_by_size(MAX_CACHED_BYTES // 4, _expression_bytes)
def _expression(source: str) -> tuple[Expression, nodes.Node]:
    body = parse_expression(source).tree.body[0]
    assert isinstance(body, nodes.Output)
    return expression(body.nodes[0]), body.nodes[0]


# Statements that use other templates: include, import, extends and blocks.

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
            found = _program(text, scope)
            return found, Frame(text, scope.frame, start, end, scope.frame.depth + 1)
    if getattr(node, "ignore_missing", False):
        return None
    name = targets(node.template)[0]
    raise TemplateFailure(f"there is no template `{name}`", scope.frame, start, end)


def _program(text: Any, scope: Scope) -> Any:
    return program(text, traced=scope.run.traced)


@builds(nodes.Include)
def _include(node: nodes.Include) -> Statement:
    targets(node.template)
    offset = node.at

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
    raise TemplateError("`extends` must come first in its template", node.at, node.at + 7, "TPL005")


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
        above: Any = undefined(f"there is no parent block called {self._name!r}")
        if self._level + 1 < len(definitions):
            above = _Block(self._name, self._scope, self._called, self._level + 1)
        frame, start = self._called
        called = Frame(defined.text, frame, start, start + 5, defined.depth)
        inner = Scope({"super": above}, self._scope.exposed(), self._scope.run, called)
        inner.unset = body.unset
        return capture(body.run, inner)


@builds(nodes.Block)
def _block(node: nodes.Block) -> Statement:
    name, start = node.name, node.at

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
            raise TemplateError(message, block.at, block.at + 5, "TPL005")
        bodies[block.name] = BlockBody(counted(block.body), block.unset)
    return bodies


def opened_parent(node: nodes.Extends) -> Callable[[Scope], tuple[Any, Frame]]:
    """A closure that opens the template that another one extends."""
    targets(node.template)

    def run(scope: Scope) -> tuple[Any, Frame]:
        opened = _opened(node, scope)
        assert opened is not None
        return opened

    return run
