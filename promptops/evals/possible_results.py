"""What an expression can give, whatever it looks at: worked out without any data.

Nothing is left out that can come out, and more may be allowed for. Errors are not values.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from itertools import pairwise
from math import ceil, floor, isfinite
from typing import Any

from promptops.evals import formulas
from promptops.evals.expressions import FUNCTIONS, MAX_WORK, WrongExpression, operators
from promptops.evals.possible import ANYTHING, BOTH, TRUTH, Possible, either, of_kind, only, within
from promptops.evals.possible_comparisons import compared
from promptops.records import field, record, replace

_LONGEST = MAX_WORK * 100  # characters or items; an expression over more is in error
_OF_FUNCTION = {
    **dict.fromkeys(("all", "any"), "boolean"),
    **dict.fromkeys(("abs", "float", "int", "len", "round", "sum"), "number"),
    **dict.fromkeys(("lower", "strip", "text", "upper"), "string"),
    **dict.fromkeys(("keys", "lines", "sorted", "split", "words"), "array"),
}


@record(frozen=True, slots=True, eq=False)
class Scope:
    """What names can be, and what was found of the expressions that see them."""

    names: Mapping[str, Possible]
    found: dict[int, Possible] = field(default_factory=dict)


def possible(node: ast.expr, scope: Scope) -> Possible:
    """What an expression can give; each node of a tree is looked at once."""
    known = scope.found.get(id(node))
    if known is None:
        known = _by_formula(node, scope) if formulas.is_formula(node) else _by_rule(node, scope)
        scope.found[id(node)] = known
    return known


def _by_rule(node: ast.expr, scope: Scope) -> Possible:
    rule = _RULES.get(type(node))
    return ANYTHING if rule is None else rule(node, scope)


def _by_formula(node: ast.expr, scope: Scope) -> Possible:
    found = _by_rule(node, scope)
    if found.truths != BOTH:
        return found
    truths = formulas.truths(node, lambda part: possible(part, scope))
    if len(truths) != 1:
        return found
    return only(*truths) if found.kinds == {"boolean"} else replace(found, limited=truths)


def _constant(node: ast.Constant, _scope: Scope) -> Possible:
    return only(node.value) if isinstance(node.value, (str, int, float, type(None))) else ANYTHING


def _name(node: ast.Name, scope: Scope) -> Possible:
    return scope.names.get(node.id, ANYTHING)


def _attribute(node: ast.Attribute, scope: Scope) -> Possible:
    """The provider counts no fewer than 0 tokens."""
    of_usage = isinstance(node.value, ast.Name) and node.value.id == "usage" in scope.names
    return of_kind("number", low=0) if of_usage else ANYTHING


def _subscript(node: ast.Subscript, scope: Scope) -> Possible:
    whole = possible(node.value, scope)
    if isinstance(node.slice, ast.Slice):
        kinds = whole.kinds & {"string", "array"}
        if _is_empty(node.slice, scope):
            return only(*([""] if "string" in kinds else []), *([[]] if "array" in kinds else []))
        return Possible(kinds=kinds, items=whole.items)
    index = possible(node.slice, scope)
    if isinstance(node.value, (ast.List, ast.Tuple)) and index.constant and index.values:
        try:
            return possible(node.value.elts[index.values[0]], scope)
        except (IndexError, TypeError):
            return ANYTHING
    return of_kind("string") if whole.kinds == {"string"} else ANYTHING


def _is_empty(part: ast.Slice, scope: Scope) -> bool:
    """Whether a slice takes nothing of anything: `[:0]`, `[3:1]`."""
    low, high = (_number_of(bound, scope) for bound in (part.lower, part.upper))
    low = 0 if part.lower is None else low
    return part.step is None and low is not None and high is not None and 0 <= high <= low


def _number_of(node: ast.expr | None, scope: Scope) -> Any:
    found = possible(node, scope) if node is not None else ANYTHING
    return (
        found.values[0] if found.constant and found.values and found.kinds == {"number"} else None
    )


def _unary(node: ast.UnaryOp, scope: Scope) -> Possible:
    of = possible(node.operand, scope)
    if isinstance(node.op, ast.Not):
        return only(*(not each for each in sorted(of.truths)))
    if of.values is not None and of.kinds == {"number"}:
        return only(*(-value for value in of.values))
    return of_kind("number", low=-of.high, high=-of.low)


def _bool(node: ast.BoolOp, scope: Scope) -> Possible:
    """What ends it early, or its last part."""
    ends = isinstance(node.op, ast.Or)
    *earlier, last = (
        _by_rule(part, scope) if formulas.is_formula(part) else possible(part, scope)
        for part in node.values
    )
    result: Possible | None = None
    for part in earlier:
        if ends in part.truths:
            ending = _with_truth(part, ends)
            result = ending if result is None else either(result, ending)
        if part.truths == {ends}:
            return part if result is None else result
    return last if result is None else either(result, last)


def _with_truth(of: Possible, truth: bool) -> Possible:
    return of if of.values is None else only(*(v for v in of.values if bool(v) is truth))


def _if(node: ast.IfExp, scope: Scope) -> Possible:
    truths = possible(node.test, scope).truths or BOTH
    ways = [node.body] if True in truths else []
    ways += [node.orelse] if False in truths else []
    first, *others = (possible(way, scope) for way in ways)
    return either(first, *others) if others else first


def _list(node: ast.List | ast.Tuple, scope: Scope) -> Possible:
    items = [possible(item, scope) for item in node.elts]
    if all(item.constant for item in items):
        return only([value for item in items for value in item.values or ()])
    return of_kind("array")


def _comprehension(node: ast.ListComp | ast.GeneratorExp, scope: Scope) -> Possible:
    inner = scope
    for part in node.generators:
        over = possible(part.iter, inner)
        given = {n.id: ANYTHING for n in ast.walk(part.target) if isinstance(n, ast.Name)}
        inner = Scope({**inner.names, **given})
        never = any(possible(test, inner).truths == {False} for test in part.ifs)
        if never or over.truths == {False}:
            return only([])
    return Possible(kinds=frozenset(("array",)), items=possible(node.elt, inner))


def _call(node: ast.Call, scope: Scope) -> Possible:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    arguments = [possible(argument, scope) for argument in node.args]
    if arguments and all(each.constant for each in arguments):
        return _folded(name, [value for each in arguments for value in each.values or ()])
    if name == "len":
        return of_kind("number", low=0, high=_LONGEST)
    if name == "abs":
        return of_kind("number", low=0)
    if name in ("all", "any") and len(arguments) == 1:
        return _of_items(arguments[0], stays=name == "all")
    return _of_numbers(name, arguments)


def _of_numbers(name: str, arguments: list[Possible]) -> Possible:
    numbers = bool(arguments) and all(each.kinds == {"number"} for each in arguments)
    if name in ("float", "int", "round") and numbers:
        low, high = arguments[0].low, arguments[0].high
        return within(floor(low) if isfinite(low) else low, ceil(high) if isfinite(high) else high)
    if name in ("min", "max") and numbers and len(arguments) > 1:
        chosen = min if name == "min" else max
        return within(
            chosen(each.low for each in arguments), chosen(each.high for each in arguments)
        )
    kind = _OF_FUNCTION.get(name)
    return of_kind(kind) if kind else ANYTHING


def _folded(name: str, arguments: list[Any]) -> Possible:
    try:
        result = FUNCTIONS[name](*arguments)
    except Exception:  # noqa: BLE001  # as various as Python; then it has no value
        return ANYTHING
    return only(result) if isinstance(result, (str, int, float, list)) else ANYTHING


def _of_items(of: Possible, *, stays: bool) -> Possible:
    """`all` (which stays true) or `any` (which stays false) of items that are all alike."""
    known = of.items is not None and of.items.truths == {stays}
    return only(stays) if known else TRUTH


def _binary(node: ast.BinOp, scope: Scope) -> Possible:
    one, other = possible(node.left, scope), possible(node.right, scope)
    if one.constant and other.constant:
        return _operated(type(node.op), one, other)
    if isinstance(node.op, ast.Add) and "string" in one.kinds & other.kinds:
        return of_kind(*one.kinds & other.kinds & {"string", "number"})
    if isinstance(node.op, ast.Add):
        return within(one.low + other.low, one.high + other.high)
    if isinstance(node.op, ast.Sub) and ast.dump(node.left) != ast.dump(node.right):
        return within(one.low - other.high, one.high - other.low)
    return _multiplied(node, one, other)


def _multiplied(node: ast.BinOp, one: Possible, other: Possible) -> Possible:
    if isinstance(node.op, ast.Sub):
        return only(0)  # of a part from itself
    if isinstance(node.op, ast.Mod) and other.constant and other.low > 0:
        whole = other.low == 1 and _is_len(node.left)
        return only(0) if whole else of_kind("number", low=0, high=other.low)
    if isinstance(node.op, ast.Mult) and any(each.values == (0,) for each in (one, other)):
        return only(0)
    return of_kind("number", low=0) if min(one.low, other.low) >= 0 else of_kind("number")


def _is_len(node: ast.expr) -> bool:
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Name) and called.id == "len"


def _operated(operator: type[ast.AST], one: Possible, other: Possible) -> Possible:
    try:
        return only(operators()[operator](*(one.values or ()), *(other.values or ())))
    except (WrongExpression, ArithmeticError, TypeError, ValueError):
        return ANYTHING


def _compare(node: ast.Compare, scope: Scope) -> Possible:
    sides = [node.left, *node.comparators]
    each = [
        compared(operator, left, possible(left, scope), right, possible(right, scope))
        for operator, (left, right) in zip(node.ops, pairwise(sides), strict=True)
    ]
    if any(found == {False} for found in each):
        return only(False)
    return only(True) if all(found == {True} for found in each) else TRUTH


_RULES: Mapping[type[ast.AST], Any] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.UnaryOp: _unary,
    ast.BoolOp: _bool,
    ast.IfExp: _if,
    ast.List: _list,
    ast.Tuple: _list,
    ast.ListComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.Call: _call,
    ast.BinOp: _binary,
    ast.Compare: _compare,
}
