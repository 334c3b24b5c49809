"""Filters, tests and calls as closures."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from jinja2.runtime import LoopContext, Macro, StrictUndefined

from promptops.runtime.template import limits
from promptops.runtime.template.expressions import Expression, builds_expression, expression
from promptops.runtime.template.limits import LimitExceeded, length_of
from promptops.runtime.template.scope import Run, Scope
from promptops.runtime.template.template import TemplateError
from promptops.runtime.template.values import Namespace, weigh_for_comparing, weigh_keys

if TYPE_CHECKING:
    from promptops.runtime.template.environment import TemplateEnvironment

# In units of work.
CALL_COST = 8

Given = tuple[list[Any], dict[str, Any]]


@builds_expression(nodes.Filter)
def _filter(node: nodes.Filter) -> Expression:
    known_filter(node)
    name, given = node.name, arguments(node)
    assert node.node is not None
    value = expression(node.node)

    def apply(scope: Scope) -> Any:
        return filtered(name, value(scope), given(scope), scope)

    return apply


def known_filter(node: nodes.Filter) -> None:
    """Raises TemplateError if there is no filter of that name."""
    if node.name not in environment().filters:
        end = node.lineno + len(node.name)
        raise TemplateError(f"there is no filter `{node.name}`", node.lineno, end, "TPL002")


def filtered(name: str, value: Any, given: Given, scope: Scope) -> Any:
    """Apply a filter by name, and charge for it."""
    args, kwargs = given
    return environment().call_filter(name, value, args, kwargs, _context(scope.run))


@cache
def environment() -> TemplateEnvironment:
    """The environment with the filters and tests, imported for the first one that is used."""
    from promptops.runtime.template.environment import ENVIRONMENT

    return ENVIRONMENT


def _context(run: Run) -> Any:
    if run.context is None:
        from promptops.runtime.template.environment import MeteredContext

        run.context = MeteredContext(run.meter)
    return run.context


@builds_expression(nodes.Test)
def _test(node: nodes.Test) -> Expression:
    name = node.name
    if name not in environment().tests:
        raise TemplateError(f"there is no test `{name}`", node.lineno, node.lineno + 2, "TPL002")
    value, given = expression(node.node), arguments(node)

    def apply(scope: Scope) -> Any:
        tested = value(scope)
        args, kwargs = given(scope)
        return environment().call_test(name, tested, args, kwargs, _context(scope.run))

    return apply


def arguments(node: nodes.Filter | nodes.Test | nodes.Call) -> Callable[[Scope], Given]:
    """A closure that evaluates the positional and the named arguments of a call."""
    args = tuple(expression(argument) for argument in node.args)
    kwargs = tuple((pair.key, expression(pair.value)) for pair in _pairs(node.kwargs))
    more = expression(node.dyn_args) if node.dyn_args is not None else None
    named = expression(node.dyn_kwargs) if node.dyn_kwargs is not None else None

    def evaluate(scope: Scope) -> Given:
        positional = [argument(scope) for argument in args]
        if more is not None:
            values = more(scope)
            scope.run.meter.charge(length_of(values))
            positional.extend(scope.run.meter.sized(list(values)))
        keywords = {key: value(scope) for key, value in kwargs}
        if named is not None:
            _add_named(keywords, scope.run.meter.sized(named(scope)))
        return positional, keywords

    return evaluate


def _pairs(kwargs: Any) -> list[nodes.Keyword]:
    # Filters and tests parse theirs into Pairs with constant keys in some releases of Jinja.
    return [pair for pair in kwargs or () if isinstance(pair, nodes.Keyword)]


def _add_named(keywords: dict[str, Any], more: Any) -> None:
    if not isinstance(more, dict):
        raise TypeError("the value after `**` is not an object")
    twice = keywords.keys() & more.keys()
    if twice:
        raise TypeError(f"the argument {min(twice, key=str)!r} is passed twice")
    keywords.update(more)


@builds_expression(nodes.Call)
def _call(node: nodes.Call) -> Expression:
    callee, given = expression(node.node), arguments(node)
    start, end = callee_span(node.node)

    def call(scope: Scope) -> Any:
        function = callee(scope)
        if not isinstance(function, StrictUndefined) and not _may_be_called(function):
            raise LimitExceeded(
                "only macros, `range` and `namespace` can be called; values have no methods"
            )
        args, kwargs = given(scope)
        args = _charged(function, args, scope)
        scope.run.site = (scope.frame, start, end)
        return function(*args, **kwargs)

    return call


def _charged(function: Any, args: list[Any], scope: Scope) -> list[Any]:
    meter = scope.run.meter
    meter.charge(CALL_COST)
    if isinstance(getattr(function, "__self__", None), LoopContext):
        weigh_for_comparing(args, meter)  # `loop.changed` compares them
    elif function is Namespace:
        args = [
            argument if isinstance(argument, dict) else meter.sized(list(argument))
            for argument in args
        ]
        for argument in args:
            meter.charge(2 * len(argument))
            weigh_keys(argument if isinstance(argument, dict) else map(_first, argument), meter)
    return args


def _first(pair: Any) -> Any:
    return pair[0] if isinstance(pair, (list, tuple)) and pair else None


def callee_span(node: nodes.Node) -> tuple[int, int]:
    """The offsets of the called name, or of the first character of another callee."""
    if isinstance(node, nodes.Name):
        return node.lineno, node.lineno + len(node.name)
    if isinstance(node, nodes.Getattr):
        return node.lineno + 1, node.lineno + 1 + len(node.attr)
    return node.lineno, node.lineno + 1


def _may_be_called(function: Any) -> bool:
    if isinstance(function, (Macro, LoopContext)) or getattr(function, "template_callable", False):
        return True
    owner = getattr(function, "__self__", None)
    return (
        function is limits.capped_range or function is Namespace or isinstance(owner, LoopContext)
    )
