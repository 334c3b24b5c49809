"""Jinja statements as closures: the registry of statements, and the places of failures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from jinja2 import nodes
from jinja2.exceptions import TemplateError as JinjaError

from promptops.runtime.template.expressions import Expression, expression
from promptops.runtime.template.limits import LimitExceeded
from promptops.runtime.template.node_facts import facts, walk
from promptops.runtime.template.scope import Frame, Scope, TemplateFailure, TracedText
from promptops.runtime.template.template import TemplateError
from promptops.runtime.template.type_names import in_plain_words

Out = list[Any]
"""The output: texts, or pieces if the run is traced."""


class _Nowhere(list[Any]):
    """Discards output; expressions that would only be printed are not even evaluated."""


NOWHERE: Out = _Nowhere()

Statement = Callable[[Scope, Out], None]
Condition = Callable[[Scope], bool]
Build = Callable[[Any], Statement]
B = TypeVar("B", bound=Build)

FAILURES = (
    JinjaError,
    LimitExceeded,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    AssertionError,
    RuntimeError,
    MemoryError,
)
"""The exceptions that an expression may raise; any other is a bug of promptops."""

MAX_MESSAGE_CHARS = 300

_WRITTEN: Mapping[type[nodes.Node], str] = {nodes.Scope: "autoescape"}
_BUILDERS: dict[type[nodes.Node], Build] = {}


def builds(kind: type[nodes.Node]) -> Callable[[B], B]:
    """Register the function that builds the closure for one kind of statement."""

    def mark(build: B) -> B:
        _BUILDERS[kind] = build
        return build

    return mark


def statements(body: Iterable[nodes.Node]) -> Statement:
    """One closure for a list of statements, in order."""
    steps = tuple(statement(node) for node in body)
    if len(steps) == 1:
        return steps[0]

    def run(scope: Scope, out: Out) -> None:
        for step in steps:
            step(scope, out)

    return run


def statement(node: nodes.Node) -> Statement:
    """The closure that renders a statement; raises TemplateError for forbidden syntax."""
    build = _BUILDERS.get(type(node))
    if build is None:
        start = min(part.lineno for part in walk(node) if part.lineno is not None)
        kind = _WRITTEN.get(type(node), type(node).__name__.lower())
        raise TemplateError(f"`{kind}` is not allowed", start, start + 1, "TPL005")
    return build(node)


def counted(body: Sequence[nodes.Node]) -> Statement:
    """Like `statements`, for a body that can be rendered many times; each time is charged for."""
    run, size = statements(body), sum(facts(node).size for node in body)

    def render(scope: Scope, out: Out) -> None:
        scope.run.meter.charge(size * farness(scope))
        run(scope, out)

    return render


def farness(scope: Scope) -> int:
    """The cost factor of a body that is nested in many scopes, where names are searched."""
    return 1 + (scope.depth >> 4)


def guarded(node: nodes.Node) -> Expression:
    """The closure of an expression whose failures have a place."""
    evaluate = expression(node)

    def run(scope: Scope) -> Any:
        try:
            return evaluate(scope)
        except FAILURES as error:
            raise failure(error, node, scope.frame) from None

    return run


def condition(node: nodes.Node) -> Condition:
    """The closure that returns whether an expression is true; its failures have a place."""
    evaluate = expression(node)

    def run(scope: Scope) -> bool:
        try:
            return bool(evaluate(scope))
        except FAILURES as error:
            raise failure(error, node, scope.frame) from None

    return run


def failure(error: BaseException, node: nodes.Node, frame: Frame) -> TemplateFailure:
    """The failure for an exception of an expression, at the part that raised it."""
    message = in_plain_words((str(error) or type(error).__name__)[:MAX_MESSAGE_CHARS])
    if isinstance(error, RecursionError):
        message = "the template is nested too deep"
    elif isinstance(error, MemoryError):
        message = "the template needs too much memory"
    start, end = _offender(message, node, frame.text.value)
    if isinstance(error, JinjaError):
        message = message.replace("'", "`").rstrip(".")
    refused = isinstance(error, (LimitExceeded, RecursionError, MemoryError))
    return TemplateFailure(message[:1].lower() + message[1:], frame, start, end, refused)


def _offender(message: str, node: nodes.Node, source: str) -> tuple[int, int]:
    """The span of the name or the attribute in a message, or of the expression."""
    found = re.search(r"['`]([^'`]+)['`](?: is undefined)?$", message)
    named = found[1] if found else None
    for part in walk(node) if named else ():
        if isinstance(part, nodes.Name) and part.name == named:
            return part.lineno, part.lineno + len(part.name)
        if isinstance(part, nodes.Getattr) and part.attr == named:
            start = source.find(part.attr, part.lineno)
            return start, start + len(part.attr)
    return span(node)


def span(node: nodes.Node) -> tuple[int, int]:
    """The span from the first to the last name of an expression, as exact as its nodes allow."""
    start, end = node.lineno, node.lineno + 1
    for part in walk(node):
        if part.lineno is None:  # an auxiliary node, such as one side of a comparison
            continue
        start = min(start, part.lineno)
        name = getattr(part, "name", None) or getattr(part, "attr", None)
        extra = len(name) + isinstance(part, nodes.Getattr) if isinstance(name, str) else 1
        end = max(end, part.lineno + extra)
    return start, end


def capture(body: Statement, scope: Scope) -> str:
    """The output of a body as one text; when traced, one that keeps its pieces."""
    out: Out = []
    body(scope, out)
    meter = scope.run.meter
    if not scope.run.traced:
        return meter.joined(out)
    text = TracedText(meter.joined([piece.text for piece in out]))
    text.pieces = tuple(out)
    return text
