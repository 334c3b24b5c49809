"""A template made ready to be rendered, once per text."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import nodes

from promptops.model.place import Text
from promptops.runtime import composition, flow, macros
from promptops.runtime.expressions import Expression
from promptops.runtime.limits import MAX_OUTPUT_CHARS, capped_range
from promptops.runtime.scope import Frame, Load, Piece, Run, Scope, TemplateFailure
from promptops.runtime.statements import Out, Statement, guarded, statements
from promptops.runtime.template import TemplateError, is_template, parse, parse_expression
from promptops.runtime.values import Namespace

_REGISTERED = (composition, flow, macros)

GLOBALS: Mapping[str, Any] = {"range": capped_range, "namespace": Namespace}
"""All that a template finds beside its inputs."""


class Program:
    """The closures of one template."""

    __slots__ = ("_blocks", "_body", "_parent")

    def __init__(self, tree: nodes.Template) -> None:
        extends = next((node for node in tree.body if isinstance(node, nodes.Extends)), None)
        body = [node for node in tree.body if node is not extends]
        if extends is not None:
            body = [node for node in body if not isinstance(node, nodes.Block)]
        self._blocks = composition.block_bodies(tree)
        self._body: Statement = statements(body)
        self._parent = None if extends is None else composition.opened_parent(extends)

    def into(self, scope: Scope, out: Out) -> None:
        """Render in a scope; the names that the template's top defines stay in it."""
        if self._blocks:
            scope.blocks = {name: list(found) for name, found in scope.blocks.items()}
            for name, body in self._blocks.items():
                scope.blocks.setdefault(name, []).append((body, scope.frame))
        if self._parent is None:
            self._body(scope, out)
            return
        # What stands beside the blocks is run for its names, and not printed.
        self._body(scope, [])
        parent, frame = self._parent(scope)
        above = Scope({}, scope, scope.run, frame)
        above.blocks = scope.blocks
        parent.into(above, out)


@lru_cache(maxsize=4096)
def _compiled(source: str) -> Program:
    return Program(parse(source).tree)


def program(text: Text) -> Program:
    """The program of a text; a text that can't be one raises TemplateFailure at its place."""
    try:
        return _compiled(text.value)
    except TemplateError as error:
        raise _located(error, text) from None


def _located(error: TemplateError, text: Text) -> TemplateFailure:
    refused = error.code == "TPL005"
    return TemplateFailure(error.message, Frame(text), error.start, error.end, refused)


def render_text(text: Text, names: dict[str, Any], load: Load) -> str:
    """Render a template; raises TemplateFailure.

    `names` is JSON data, copied before by `values.json_copy`.
    """
    if not is_template(text.value):
        return text.value
    out: list[str] = _rendered(text, names, Run(load))
    return "".join(out)


def trace_text(text: Text, names: dict[str, Any], run: Run) -> tuple[Piece, ...]:
    """Render a template, keeping where each run of characters comes from.

    The pieces joined are what `render_text` gives. `run.branches` gets the ways taken.
    """
    if not is_template(text.value):
        return (Piece(text.value, Frame(text), 0, len(text.value), True),)
    return tuple(_rendered(text, names, run))


def _rendered(text: Text, names: dict[str, Any], run: Run) -> list[Any]:
    frame = Frame(text)
    scope = Scope(names, Scope(dict(GLOBALS), None, run, frame), run, frame)
    out: list[Any] = []
    try:
        program(text).into(scope.inner(), out)
    except RecursionError:
        raise TemplateFailure("the template is nested too deep", frame, 0, 1, True) from None
    length = sum(len(piece.text) if run.traced else len(piece) for piece in out)
    if length > MAX_OUTPUT_CHARS:
        message = f"it renders over {MAX_OUTPUT_CHARS:,} characters"
        raise TemplateFailure(message, frame, 0, 1, True)
    return out


@lru_cache(maxsize=1024)
def _condition(source: str) -> Expression:
    body = parse_expression(source).tree.body[0]
    assert isinstance(body, nodes.Output)
    return guarded(body.nodes[0])


def evaluate(text: Text, names: dict[str, Any], load: Load) -> bool:
    """Whether a `when` holds; raises TemplateFailure."""
    run, frame = Run(load), Frame(text)
    scope = Scope(names, Scope(dict(GLOBALS), None, run, frame), run, frame)
    try:
        return bool(_condition(text.value)(scope))
    except TemplateError as error:
        raise _located(error, text) from None
