"""Macros, call blocks, and blocks whose output is captured before it is used."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any

from jinja2 import nodes
from jinja2.runtime import Macro, StrictUndefined
from jinja2.utils import missing

from promptops.runtime.template.calls import arguments, environment, filtered, known_filter
from promptops.runtime.template.expressions import Expression
from promptops.runtime.template.flow import binder, printed
from promptops.runtime.template.limits import MAX_MACRO_DEPTH, LimitExceeded
from promptops.runtime.template.node_facts import MACRO_NAMES, macro_names, unset_at_start
from promptops.runtime.template.scope import Frame, Piece, Run, Scope
from promptops.runtime.template.statements import (
    FAILURES,
    NOWHERE,
    Out,
    Statement,
    builds,
    capture,
    counted,
    failure,
    guarded,
    statements,
)
from promptops.runtime.template.template import TemplateError
from promptops.runtime.template.values import shown

# In units of work: binding the arguments, and creating a scope for them.
MACRO_COST = 16


def _maker(node: nodes.Macro | nodes.CallBlock, name: str) -> Callable[[Scope], Macro]:
    """A function that creates the macro of a scope: Jinja's class with our closure."""
    parameters = [argument.name for argument in node.args]
    own = macro_names(node)
    _check_parameters(node, own)
    defaults = dict(zip(parameters[::-1], [guarded(d) for d in node.defaults[::-1]], strict=False))
    special = [word for word in MACRO_NAMES if word in own and word not in parameters]
    body, unset = counted(node.body), unset_at_start(node)

    def make(scope: Scope) -> Macro:
        def invoke(*values: Any) -> str:
            run = scope.run
            inner = Scope({}, scope, run, _called_frame(scope))
            inner.unset = unset
            for key, value in zip([*parameters, *special], values, strict=True):
                inner.names[key] = _argument_value(key, value, defaults, inner)
            return _deeper(run, lambda: capture(body, inner))

        return Macro(
            environment(),
            invoke,
            name,
            parameters,
            "kwargs" in special,
            "varargs" in special,
            "caller" in special,
        )

    return make


def _check_parameters(node: nodes.Macro | nodes.CallBlock, own: Set[str]) -> None:
    parameters = [argument.name for argument in node.args]
    optional = parameters[len(parameters) - len(node.defaults) :]
    for argument in node.args:
        name, at = argument.name, argument.lineno
        if parameters.count(name) > 1:
            raise TemplateError(f"two parameters `{name}`", at, at + len(name), "TPL005")
        if name == "caller" and name in own and name not in optional:
            message = "the parameter `caller` has no default: write `caller=none`, or remove it"
            raise TemplateError(message, at, at + len(name), "TPL005")


def _argument_value(key: str, value: Any, defaults: dict[str, Expression], scope: Scope) -> Any:
    if value is not missing:
        return value
    if key in defaults:
        return defaults[key](scope)
    return StrictUndefined(f"parameter {key!r} was not provided", name=key)


def _called_frame(scope: Scope) -> Frame:
    """The frame of the macro's own template, called from the call site."""
    site = scope.run.site
    if not scope.run.traced or site is None:
        return scope.frame
    return Frame(scope.frame.text, *site, depth=scope.frame.depth)


def _deeper(run: Run, render: Callable[[], str]) -> str:
    run.meter.charge(MACRO_COST)
    run.macro_depth += 1
    if run.macro_depth > MAX_MACRO_DEPTH:
        raise LimitExceeded(f"macros that call each other over {MAX_MACRO_DEPTH} deep")
    try:
        return render()
    finally:
        run.macro_depth -= 1


@builds(nodes.Macro)
def _macro(node: nodes.Macro) -> Statement:
    make, key = _maker(node, node.name), node.name

    def run(scope: Scope, out: Out) -> None:
        scope.names[key] = make(scope)

    return run


@builds(nodes.CallBlock)
def _call_block(node: nodes.CallBlock) -> Statement:
    make = _maker(node, "caller")
    # `caller` is an additional named argument; its name is impossible in a template.
    caller = nodes.Name(" caller", "load", lineno=node.lineno)
    hidden = nodes.Keyword("caller", caller, lineno=node.lineno)
    call = nodes.Call(
        node.call.node,
        node.call.args,
        [*node.call.kwargs, hidden],
        node.call.dyn_args,
        node.call.dyn_kwargs,
        lineno=node.call.lineno,
    )
    write = printed(call)

    def run(scope: Scope, out: Out) -> None:
        inner = scope.inner({" caller": make(scope)})
        write(inner, out)

    return run


@builds(nodes.AssignBlock)
def _assign_block(node: nodes.AssignBlock) -> Statement:
    bind, body, unset = binder(node.target), statements(node.body), unset_at_start(node)
    apply = _filters(node.filter) if node.filter is not None else None

    def run(scope: Scope, out: Out) -> None:
        text: Any = capture(body, scope.inner(unset=unset))
        bind(scope, apply(text, scope) if apply is not None else text)

    return run


def _filters(node: nodes.Filter) -> Callable[[Any, Scope], Any]:
    """The chain of filters over a captured body; the innermost value is the body."""
    chain: list[nodes.Filter] = []
    part: Any = node
    while isinstance(part, nodes.Filter):
        chain.insert(0, part)
        part = part.node
    for link in chain:
        known_filter(link)
    steps = tuple((link.name, arguments(link), link) for link in chain)

    def apply(value: Any, scope: Scope) -> Any:
        for name, given, link in steps:
            try:
                value = filtered(name, value, given(scope), scope)
            except FAILURES as error:
                raise failure(error, link, scope.frame) from None
        return value

    return apply


@builds(nodes.FilterBlock)
def _filter_block(node: nodes.FilterBlock) -> Statement:
    body, apply, unset = statements(node.body), _filters(node.filter), unset_at_start(node)
    start, end = node.filter.lineno, node.filter.lineno + len(node.filter.name)

    def run(scope: Scope, out: Out) -> None:
        text = shown(apply(capture(body, scope.inner(unset=unset)), scope), scope.run.meter)
        if out is NOWHERE:
            return
        out.append(Piece(text, scope.frame, start, end, False) if scope.run.traced else text)

    return run
