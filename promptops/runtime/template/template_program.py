"""A template compiled to closures, once per text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from jinja2 import nodes

from promptops.model.place import Text
from promptops.runtime.template import calls, flow, macros
from promptops.runtime.template.composition import block_bodies, opened_parent, own_blocks
from promptops.runtime.template.expressions import Expression, expression
from promptops.runtime.template.limits import MAX_OUTPUT_CHARS, capped_range
from promptops.runtime.template.node_facts import facts, mentions, unset_at_start
from promptops.runtime.template.scope import Frame, Run, Scope, TemplateFailure
from promptops.runtime.template.sized_cache import cached_by_size
from promptops.runtime.template.statements import (
    FAILURES,
    NOWHERE,
    Out,
    Statement,
    counted,
    failure,
)
from promptops.runtime.template.template import (
    MAX_CACHED_BYTES,
    TemplateError,
    parse,
    parse_expression,
)
from promptops.runtime.template.values import Namespace, as_data

_REGISTERED = (calls, flow, macros)

T = TypeVar("T")

GLOBALS: Mapping[str, Any] = {"range": capped_range, "namespace": Namespace}
"""The names that exist in a template besides its inputs."""


def rendered(text: Text, names: dict[str, Any], run: Run) -> list[Any]:
    """The output of a template: texts, or pieces when the run is traced; raises TemplateFailure."""
    scope = _scope(text, names, run)
    frame = scope.frame
    out: list[Any] = []
    program_ = _located(text, lambda: _compiled(text.value))
    _guarded(lambda: program_.into(scope.inner(), out), program_.tree, frame)
    texts = [piece.text for piece in out] if run.traced else out
    if sum(map(len, texts)) > MAX_OUTPUT_CHARS:
        message = f"it renders over {MAX_OUTPUT_CHARS:,} characters"
        raise TemplateFailure(message, frame, 0, 1, True)
    _refuse_half_characters(texts, frame)
    return out


def _refuse_half_characters(texts: list[str], frame: Frame) -> None:
    """An escape in a literal can create a lone surrogate, which no request can contain."""
    try:
        for text in texts:
            text.isascii() or text.encode()
    except UnicodeEncodeError:
        message = "it renders half of a surrogate pair, which is not valid text"
        raise TemplateFailure(message, frame, 0, 1) from None


def holds(text: Text, names: dict[str, Any], run: Run) -> bool:
    """Whether an expression is true; raises TemplateFailure."""
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


def value_of_node(node: nodes.Expr, text: Text, run: Run) -> Any:
    """Like `value`, for a part of an expression that uses no names; not cached."""
    evaluate = _located(text, lambda: expression(node))
    return _as_data(evaluate, node, _scope(text, {}, run))


def _scope(text: Text, names: dict[str, Any], run: Run) -> Scope:
    frame = Frame(text)
    return Scope(names, Scope(dict(GLOBALS), None, run, frame), run, frame)


def _as_data(evaluate: Expression, node: nodes.Node, scope: Scope) -> Any:
    return _evaluated(evaluate, node, scope, lambda found: as_data(found, scope.run.meter))


def _evaluated(
    evaluate: Expression, node: nodes.Node, scope: Scope, finish: Callable[[Any], T]
) -> T:
    def run() -> T:
        scope.run.meter.charge(facts(node).size)
        return finish(evaluate(scope))

    return _guarded(run, node, scope.frame)


def program(text: Text) -> Program:
    """The program of a text; an invalid text raises TemplateFailure at the place of the error."""
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
    except FAILURES as error:
        raise failure(error, node, frame) from None


class Program:
    """The closures of one template."""

    __slots__ = ("_after", "_before", "_blocks", "_has_self", "_parent", "_unset", "tree")

    def __init__(self, tree: nodes.Template) -> None:
        self.tree = nodes.Template([], lineno=0)  # the place of failures that have no better one
        extends = next((node for node in tree.body if isinstance(node, nodes.Extends)), None)
        at = len(tree.body) if extends is None else tree.body.index(extends)
        self._unset = unset_at_start(tree)
        self._has_self = mentions(tree.body, "self")
        self._blocks = block_bodies(tree)
        self._before: Statement = counted(tree.body[:at])
        self._after: Statement = counted(tree.body[at + 1 :])
        self._parent = None if extends is None else opened_parent(extends)

    def into(self, scope: Scope, out: Out) -> None:
        """Render in a scope, which keeps the names that the template sets at its top level."""
        scope.blocks.top = scope
        scope.unset = self._unset
        for name, body in self._blocks.items():
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


def _expression_bytes(source: str, _expression: object) -> int:
    return 1_000 + 250 * len(parse_expression(source).tokens)


@cached_by_size(MAX_CACHED_BYTES // 4, _expression_bytes)
def _expression(source: str) -> tuple[Expression, nodes.Node]:
    body = parse_expression(source).tree.body[0]
    assert isinstance(body, nodes.Output)
    return expression(body.nodes[0]), body.nodes[0]
