"""Output, conditions, loops and assignments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from jinja2 import nodes
from jinja2.runtime import LoopContext, StrictUndefined

from promptops.runtime.template.expressions import expression
from promptops.runtime.template.limits import LimitExceeded, length_of
from promptops.runtime.template.node_facts import facts, has_loop, mentions, unset_at_start
from promptops.runtime.template.scope import Piece, Scope, TracedText
from promptops.runtime.template.statements import (
    FAILURES,
    NOWHERE,
    Out,
    Statement,
    builds,
    capture,
    condition,
    failure,
    farness,
    guarded,
    span,
    statements,
)
from promptops.runtime.template.template import TemplateError
from promptops.runtime.template.type_names import kind
from promptops.runtime.template.values import Namespace, is_opaque, shown

# In units of work: a scope, and the attributes of `loop`.
ITERATION_COST = 3
PIECE_COST = 4
EXTENDED_COST = 6


@builds(nodes.Output)
def _output(node: nodes.Output) -> Statement:
    steps = tuple(
        _literal(part) if isinstance(part, nodes.TemplateData) else printed(part)
        for part in node.nodes
    )
    if len(steps) == 1:
        return steps[0]

    def run(scope: Scope, out: Out) -> None:
        for step in steps:
            step(scope, out)

    return run


def _literal(node: nodes.TemplateData) -> Statement:
    text, start, end = node.data, node.lineno, node.lineno + len(node.data)
    cost = PIECE_COST + (len(text) >> 3)

    def write(scope: Scope, out: Out) -> None:
        if out is NOWHERE:
            return
        run = scope.run
        run.meter.charge(cost)
        out.append(Piece(text, scope.frame, start, end, True) if run.traced else text)

    return write


def printed(node: nodes.Expr) -> Statement:
    """`{{ … }}`: a value as text; a captured text keeps its pieces."""
    evaluate = expression(node)
    start, end = span(node)

    def write(scope: Scope, out: Out) -> None:
        if out is NOWHERE:
            return
        run = scope.run
        try:
            value = evaluate(scope)
            text = value if type(value) is str else shown(value, run.meter)
            run.meter.charge(PIECE_COST + (len(text) >> 2))
        except FAILURES as error:
            raise failure(error, node, scope.frame) from None
        if not run.traced:
            out.append(text)
        elif not text:
            return  # an empty text has no source
        elif isinstance(value, TracedText):
            out.extend(value.pieces)
        else:
            out.append(Piece(text, scope.frame, start, end, False))

    return write


@builds(nodes.If)
def _if(node: nodes.If) -> Statement:
    branches = [(condition(node.test), statements(node.body), "then", node.lineno)]
    branches += [(condition(e.test), statements(e.body), "then", e.lineno) for e in node.elif_]
    otherwise = statements(node.else_)
    offset = node.lineno

    def run(scope: Scope, out: Out) -> None:
        for test, body, branch, at in branches:
            if test(scope):
                record_branch(scope, at, branch)
                return body(scope, out)
        record_branch(scope, offset, "else")
        return otherwise(scope, out)

    return run


def record_branch(scope: Scope, offset: int, branch: str) -> None:
    """Record, when traced, the branch that a tag took."""
    if scope.run.traced:
        scope.run.branches.add((scope.frame.text, offset, branch))


@builds(nodes.For)
def _for(node: nodes.For) -> Statement:
    if mentions([node.target], "loop"):
        at = node.target.lineno
        raise TemplateError("`loop` is the name of the loop itself", at, at + 4, "TPL005")
    iterable, body, otherwise = guarded(node.iter), statements(node.body), statements(node.else_)
    bind, offset = binder(node.target), node.lineno
    unset, unset_in_else = unset_at_start(node, "body"), unset_at_start(node, "else")
    extended = has_loop(node)
    cost = ITERATION_COST + sum(facts(part).size for part in node.body)
    cost += EXTENDED_COST if extended else 0
    test_cost = ITERATION_COST + (facts(node.test).size if node.test is not None else 0)
    test = condition(node.test) if node.test is not None else None

    def chosen(scope: Scope, values: list[Any]) -> Iterator[Any]:
        for value in values:
            scope.run.meter.charge(test_cost * farness(scope))
            inner = scope.inner()
            bind(inner, value)
            if test is None or test(inner):
                yield value

    def iterate(
        scope: Scope, out: Out, values: list[Any], again: Any = None, depth: int = 0
    ) -> None:
        items: Any = values if test is None else chosen(scope, values)
        # `loop` looks ahead; a loop that doesn't use it saves that.
        pairs: Any = LoopContext(items, StrictUndefined, again, depth) if extended else items
        taken = False
        charge, far_cost = scope.run.meter.charge, cost * farness(scope)
        for pair in pairs:
            taken = True
            charge(far_cost)
            inner = scope.inner({"loop": pair[1]} if extended else {}, unset)
            bind(inner, pair[0] if extended else pair)
            body(inner, out)
        record_branch(scope, offset, "taken" if taken else "empty")
        if not taken:
            otherwise(scope.inner(unset=unset_in_else), out)

    def plain(scope: Scope, out: Out) -> None:
        try:
            iterate(scope, out, _iterable(iterable(scope), scope))
        except FAILURES as error:
            raise failure(error, node.iter, scope.frame) from None

    def recursive(scope: Scope, out: Out) -> None:
        def again(values: Any, again: Any, depth: int = 0) -> str:
            scope.run.meter.charge(cost)
            items = _iterable(values, scope)
            return capture(lambda s, o: iterate(s, o, items, again, depth), scope)

        try:
            text = again(iterable(scope), again)
        except FAILURES as error:
            raise failure(error, node.iter, scope.frame) from None
        if out is not NOWHERE:
            out.extend(text.pieces if isinstance(text, TracedText) else (text,))

    return recursive if node.recursive else plain


def _iterable(value: Any, scope: Scope) -> list[Any]:
    if is_opaque(value):
        raise LimitExceeded(f"{kind(value)} has no items")
    scope.run.meter.charge(length_of(value))
    return list(value)


Bind = Callable[[Scope, Any], None]


def binder(target: nodes.Node) -> Bind:
    """How a value is bound to the name, or the names, on the left of `in` or `=`."""
    if isinstance(target, nodes.Name):
        key = target.name

        def bind_name(scope: Scope, value: Any) -> None:
            scope.names[key] = value

        return bind_name
    if isinstance(target, nodes.NSRef):
        return _attribute_binder(target)
    if not isinstance(target, (nodes.Tuple, nodes.List)):
        raise TemplateError("not a name", target.lineno, target.lineno + 1, "TPL005")
    binders = tuple(binder(item) for item in target.items)

    def bind_each(scope: Scope, value: Any) -> None:
        scope.run.meter.charge(length_of(value))
        values = list(value)
        if len(values) != len(binders):
            raise ValueError(f"{len(binders)} names for {len(values)} values")
        for bind, item in zip(binders, values, strict=True):
            bind(scope, item)

    return bind_each


def _attribute_binder(target: nodes.NSRef) -> Bind:
    find = expression(nodes.Name(target.name, "load", lineno=target.lineno))
    attribute = target.attr

    def bind(scope: Scope, value: Any) -> None:
        namespace = find(scope)
        if not isinstance(namespace, Namespace):
            raise LimitExceeded("only a `namespace` has attributes that can be set")
        namespace.names[attribute] = value

    return bind


@builds(nodes.Assign)
def _assign(node: nodes.Assign) -> Statement:
    bind, value = binder(node.target), expression(node.node)

    def run(scope: Scope, out: Out) -> None:
        try:
            scope.run.meter.charge(1)
            bind(scope, value(scope))
        except FAILURES as error:
            raise failure(error, node.node, scope.frame) from None

    return run


@builds(nodes.With)
def _with(node: nodes.With) -> Statement:
    values = tuple(guarded(value) for value in node.values)
    binders = tuple(binder(target) for target in node.targets)
    body, unset = statements(node.body), unset_at_start(node)

    def run(scope: Scope, out: Out) -> None:
        scope.run.meter.charge(ITERATION_COST)
        inner = scope.inner(unset=unset)
        for bind, value in zip(binders, values, strict=True):
            bind(inner, value(scope))
        body(inner, out)

    return run
