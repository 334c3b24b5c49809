"""Jinja expressions as closures, with filters, tests and calls."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from promptops.runtime.template import limits, nodes
from promptops.runtime.template.data import MAX_INTEGER_BITS
from promptops.runtime.template.limits import LimitExceeded, length_of
from promptops.runtime.template.template import TemplateError
from promptops.runtime.template.text_rendering import Run, Scope
from promptops.runtime.template.values import (
    Namespace,
    is_loop,
    is_opaque,
    is_undefined,
    kind,
    lookup,
    shown,
    undefined,
    weigh_for_comparing,
    weigh_key,
    weigh_keys,
    weighed_items,
)

if TYPE_CHECKING:
    from promptops.runtime.template.environment import TemplateEnvironment


Expression = Callable[[Scope], Any]
Build = Callable[[Any], Expression]
B = TypeVar("B", bound=Build)

_BUILDERS: dict[type[nodes.Node], Build] = {}


def builds_expression(kind: type[nodes.Node]) -> Callable[[B], B]:
    """Register the function that builds the closure for one kind of expression."""

    def mark(build: B) -> B:
        _BUILDERS[kind] = build
        return build

    return mark


def expression(node: nodes.Node) -> Expression:
    """The closure that evaluates an expression; raises TemplateError for forbidden syntax."""
    build = _BUILDERS.get(type(node))
    if build is None:
        kind = type(node).__name__.lower()
        raise TemplateError(f"`{kind}` is not allowed here", node.at, node.at + 1, "TPL005")
    return build(node)


def _name(node: nodes.Name) -> Expression:
    key = node.name

    def load(scope: Scope | None) -> Any:
        while scope is not None:
            names = scope.names
            if key in names:
                return names[key]
            if scope.unset and key in scope.unset:
                break
            scope = scope.parent
        return undefined(name=key)

    return load


def _const(node: nodes.Const) -> Expression:
    value = node.value
    if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
        raise TemplateError("a number that is too large", node.at, node.at + 1, "TPL005")
    return lambda scope: value


def _data(node: nodes.TemplateData) -> Expression:
    value = node.data
    return lambda scope: value


def _getattr(node: nodes.Getattr) -> Expression:
    return _member(expression(node.node), node.attr)


def _member(owner: Expression, key: str) -> Expression:
    def find(scope: Scope) -> Any:
        value = owner(scope)
        if type(value) is dict and key in value:  # most values are objects
            return value[key]
        return lookup(value, key)

    return find


def _getitem(node: nodes.Getitem) -> Expression:
    owner = expression(node.node)
    if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        return _member(owner, node.arg.value)
    key = expression(node.arg)
    return lambda scope: _subscripted(owner(scope), key(scope), scope)


def _subscripted(value: Any, key: Any, scope: Scope) -> Any:
    if isinstance(key, slice):
        return scope.run.meter.sized(value[key] if _is_sliced(value) else _no_slice(value))
    weigh_key(key, length_of(value), scope.run.meter)
    return lookup(value, key)


def _is_sliced(value: Any) -> bool:
    return isinstance(value, (str, list, tuple, range)) or is_undefined(value)


def _no_slice(value: Any) -> Any:
    raise TypeError(f"a slice needs a list or a string, not {kind(value)}")


def _slice(node: nodes.Slice) -> Expression:
    parts = [
        expression(p) if p is not None else _nothing for p in (node.start, node.stop, node.step)
    ]
    return lambda scope: slice(*(part(scope) for part in parts))


def _nothing(scope: Scope) -> None:
    return None


def _sequence(node: nodes.List | nodes.Tuple) -> Expression:
    items = tuple(expression(item) for item in node.items)
    make = list if isinstance(node, nodes.List) else tuple
    cost = 1 + len(items)

    def build(scope: Scope) -> Any:
        scope.run.meter.charge(cost)
        return make([_data_only(item(scope)) for item in items])

    return build


def _data_only(value: Any) -> Any:
    """A list with macros in it could be printed, including memory addresses."""
    if is_opaque(value):
        raise LimitExceeded("a list can contain data only")
    return value


def _dict(node: nodes.Dict) -> Expression:
    pairs = tuple((expression(pair.key), expression(pair.value)) for pair in node.items)
    cost = 1 + 4 * len(pairs)

    def build(scope: Scope) -> dict[Any, Any]:
        scope.run.meter.charge(cost)
        mapping: dict[Any, Any] = {}
        for key, value in pairs:
            name = _data_only(key(scope))
            weigh_key(name, len(mapping), scope.run.meter)
            mapping[name] = _data_only(value(scope))
        return mapping

    return build


def _and(node: nodes.And) -> Expression:
    left, right = expression(node.left), expression(node.right)
    return lambda scope: left(scope) and right(scope)


def _or(node: nodes.Or) -> Expression:
    left, right = expression(node.left), expression(node.right)
    return lambda scope: left(scope) or right(scope)


_Unary = nodes.Not | nodes.Neg | nodes.Pos


def _unary(apply: Callable[[Any], Any]) -> Callable[[_Unary], Expression]:
    def build(node: _Unary) -> Expression:
        operand = expression(node.node)
        return lambda scope: apply(operand(scope))

    return build


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": limits.multiply,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": limits.remainder,
    "**": limits.power,
}


def _binary(node: nodes.Binary) -> Expression:
    apply = _ARITHMETIC[node.op]
    left, right = expression(node.left), expression(node.right)
    return lambda scope: scope.run.meter.sized(apply(left(scope), right(scope)))


def _concat(node: nodes.Concat) -> Expression:
    parts = tuple(expression(part) for part in node.nodes)

    def join(scope: Scope) -> str:
        meter = scope.run.meter
        return meter.joined([shown(part(scope), meter) for part in parts])

    return join


COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
    "in": lambda left, right: left in right,
    "notin": lambda left, right: left not in right,
}
"""By the `op` of an operand."""


def _compare(node: nodes.Compare) -> Expression:
    first = expression(node.expr)
    rest = tuple((COMPARISONS[operand.op], expression(operand.expr)) for operand in node.ops)

    def compare(scope: Scope) -> Any:
        left, result = first(scope), True
        for apply, operand in rest:
            right = operand(scope)
            result = apply(left, _charged_for_comparing(left, right, scope))
            if not result:
                return result
            left = right
        return result

    return compare


def _charged_for_comparing(left: Any, right: Any, scope: Scope) -> Any:
    """The right operand, with a charge for each of its items if they are compared one by one."""
    meter = scope.run.meter
    meter.charge(1)
    for value in (left, right):
        if isinstance(value, (list, tuple, dict)):
            weigh_for_comparing(value, meter)
        elif isinstance(value, str):
            meter.charge(len(value) >> 6)
    return weighed_items(right, meter) if hasattr(right, "__next__") else right


def _conditional(node: nodes.CondExpr) -> Expression:
    test, yes = expression(node.test), expression(node.expr1)
    no = expression(node.expr2) if node.expr2 is not None else _no_else
    return lambda scope: yes(scope) if test(scope) else no(scope)


def _no_else(scope: Scope) -> Any:
    # Jinja is lenient here, and here only: it prints nothing.
    from jinja2.runtime import Undefined

    return Undefined("the condition is false and there is no `else`")


_BUILDERS |= {
    nodes.Name: _name,
    nodes.Const: _const,
    nodes.TemplateData: _data,
    nodes.Getattr: _getattr,
    nodes.Getitem: _getitem,
    nodes.Slice: _slice,
    nodes.List: _sequence,
    nodes.Tuple: _sequence,
    nodes.Dict: _dict,
    nodes.And: _and,
    nodes.Or: _or,
    nodes.Not: _unary(operator.not_),
    nodes.Neg: _unary(operator.neg),
    nodes.Pos: _unary(operator.pos),
    nodes.Binary: _binary,
    nodes.Concat: _concat,
    nodes.Compare: _compare,
    nodes.CondExpr: _conditional,
}


# Filters, tests and calls as closures.

# In units of work.
CALL_COST = 8

Given = tuple[list[Any], dict[str, Any]]


@builds_expression(nodes.Filter)
def _filter(node: nodes.Filter) -> Expression:
    known_filter(node)
    name, given = node.name, arguments(node)
    if node.node is None:
        raise TemplateError(f"`{name}` has no value", node.at, node.at + len(name), "TPL005")
    value = expression(node.node)

    def apply(scope: Scope) -> Any:
        return filtered(name, value(scope), given(scope), scope)

    return apply


def known_filter(node: nodes.Filter) -> None:
    """Raises TemplateError if there is no filter of that name."""
    if node.name not in environment().filters:
        end = node.at + len(node.name)
        raise TemplateError(f"there is no filter `{node.name}`", node.at, end, "TPL002")


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
        raise TemplateError(f"there is no test `{name}`", node.at, node.at + 2, "TPL002")
    value, given = expression(node.node), arguments(node)

    def apply(scope: Scope) -> Any:
        tested = value(scope)
        args, kwargs = given(scope)
        return environment().call_test(name, tested, args, kwargs, _context(scope.run))

    return apply


def arguments(node: nodes.Filter | nodes.Test | nodes.Call) -> Callable[[Scope], Given]:
    """A closure that evaluates the positional and the named arguments of a call."""
    args = tuple(expression(argument) for argument in node.args)
    kwargs = tuple((pair.key, expression(pair.value)) for pair in node.kwargs)
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
        if not is_undefined(function) and not _may_be_called(function):
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
    if is_loop(getattr(function, "__self__", None)):
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
        return node.at, node.at + len(node.name)
    if isinstance(node, nodes.Getattr):
        return node.at + 1, node.at + 1 + len(node.attr)
    return node.at, node.at + 1


def _may_be_called(function: Any) -> bool:
    if type(function).__name__ == "Macro" or getattr(function, "template_callable", False):
        return True
    if function is limits.capped_range or function is Namespace:
        return True
    return is_loop(function) or is_loop(getattr(function, "__self__", None))
