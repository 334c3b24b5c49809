"""Expressions of test cases: Python's notation, data only, bounded work.

simpleeval evaluates. What it lets through and we do not: attributes and methods of objects (`a.b`
is the key `b` of a mapping), `**`, formats, keyword arguments, and work without end.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from promptops.evals import json_values
from promptops.records import record
from promptops.source.explain import nearest, type_name

MAX_LENGTH = 2_000
MAX_NODES = 300
MAX_WORK = 200_000
"""Nodes evaluated, items looked at, and hundreds of characters: about half a second."""

_MAX_TEXT = 1_000_000
_TOO_MUCH = "the expression does too much work"
_MAX_BITS = 4_096


class WrongExpression(ValueError):
    """An expression that can't be read, or has no value for this data."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@record(frozen=True, slots=True, eq=False)
class Expression:
    """An expression, read and found harmless.

    Attributes:
        names: What it looks at; never empty.
    """

    text: str
    tree: ast.expr
    names: frozenset[str]

    def value(self, names: Mapping[str, Any]) -> Any:
        """Its value where the names have these; raises WrongExpression."""
        try:
            return _evaluator()(names).eval(self.text, self.tree)
        except WrongExpression:
            raise
        except RecursionError:
            raise WrongExpression("the data is nested too deep") from None
        except Exception as error:  # noqa: BLE001  # as various as Python; all of it is its own fault
            raise WrongExpression(_said(error)) from None


@lru_cache(maxsize=512)
def read(text: str, known: tuple[str, ...]) -> Expression:
    """An expression over the names that are known; raises WrongExpression."""
    tree = _parsed(text)
    nodes = list(ast.walk(tree))
    if len(nodes) > MAX_NODES:
        raise WrongExpression(f"the expression has over {MAX_NODES} parts")
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    own = {name for node in nodes for name in _named_by(node)}
    used = set()
    for node in nodes:
        _refuse_kind(node)
        if isinstance(node, ast.Name) and id(node) not in called and node.id not in own:
            used.add(_known(node.id, known))
    if not used:
        raise WrongExpression("the expression looks at nothing", f"known: {', '.join(known)}")
    return Expression(text, tree, frozenset(used))


def _parsed(text: str) -> ast.expr:
    if len(text) > MAX_LENGTH:
        raise WrongExpression(f"the expression has over {MAX_LENGTH:,} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a backslash in a text
            return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise WrongExpression(f"no expression: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError):
        raise WrongExpression("no expression") from None


def _named_by(node: ast.AST) -> Iterator[str]:
    """The names that a comprehension gives."""
    if isinstance(node, ast.comprehension):
        yield from (part.id for part in ast.walk(node.target) if isinstance(part, ast.Name))


def _refuse_kind(node: ast.AST) -> None:
    if not isinstance(node, _ALLOWED):
        kind = type(node).__name__
        raise WrongExpression(f"{_CALLED.get(kind, f'`{kind}`')} can't be used in an expression")
    if isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Name):
            raise WrongExpression("there are no methods in an expression", _FUNCTIONS_THERE_ARE)
        if node.func.id not in FUNCTIONS:
            hint = nearest(node.func.id, FUNCTIONS) or _FUNCTIONS_THERE_ARE
            raise WrongExpression(f"`{node.func.id}` is no function here", hint)


def _known(name: str, known: tuple[str, ...]) -> str:
    if name not in known:
        raise WrongExpression(
            f"`{name}` is no name here", nearest(name, known) or f"known: {', '.join(known)}"
        )
    return name


_ALLOWED: tuple[type[ast.AST], ...] = (
    *(ast.Name, ast.Load, ast.Store, ast.Constant, ast.Attribute, ast.Subscript, ast.Slice),
    *(ast.UnaryOp, ast.Not, ast.USub, ast.BoolOp, ast.And, ast.Or, ast.IfExp, ast.Call),
    *(ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod),
    *(ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn),
    *(ast.List, ast.Tuple, ast.ListComp, ast.GeneratorExp, ast.comprehension),
)
_CALLED = {
    "Pow": "`**`",
    "JoinedStr": "a text with `f` before it",
    "Lambda": "`lambda`",
    "keyword": "an argument with a name",
    "Is": "`is`",
    "IsNot": "`is not`",
    "NamedExpr": "`:=`",
}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise WrongExpression(f"expected a text, got {type_name(value)}")
    return value


def _json(value: Any) -> Any:
    parsed = json_values.parsed(_text(value))
    if parsed is json_values.NOTHING:
        raise WrongExpression("`json` of a text that is no JSON")
    return parsed


def _rounded(value: Any) -> int:
    """To a whole number; to -10**9 digits would never end."""
    rounded: int = round(_number(value))
    return rounded


def _sum(values: Any) -> Any:
    """Of numbers; lists added one after the other would take the square of their length."""
    return sum(map(_number, values))


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else str(_number(value))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "all": all,
    "any": any,
    "float": float,
    "int": int,
    "json": _json,
    "keys": list,
    "len": len,
    "lines": lambda text: _text(text).splitlines(),
    "lower": lambda text: _text(text).lower(),
    "max": max,
    "min": min,
    "round": _rounded,
    "sorted": sorted,
    "split": lambda text, by: _text(text).split(_text(by)),
    "strip": lambda text: _text(text).strip(),
    "sum": _sum,
    "text": _as_text,
    "upper": lambda text: _text(text).upper(),
    "words": lambda text: _text(text).split(),
}
_FUNCTIONS_THERE_ARE = f"functions: {', '.join(FUNCTIONS)}"


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise WrongExpression(f"expected a number, got {type_name(value)}")
    return value


def _added(one: Any, other: Any) -> Any:
    if isinstance(one, str) and isinstance(other, str):
        if len(one) + len(other) > _MAX_TEXT:
            raise WrongExpression("what it adds is too long")
        return one + other
    return _number(one) + _number(other)


def _of_numbers(operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda one, other: operate(_number(one), _number(other))


@cache
def operators() -> Mapping[type[ast.AST], Callable[..., Any]]:
    """How operators work on JSON values; they raise WrongExpression, or TypeError."""
    import operator

    return {
        ast.Add: _added,
        ast.Sub: _of_numbers(operator.sub),
        ast.Mult: _of_numbers(operator.mul),
        ast.Div: _of_numbers(operator.truediv),
        ast.FloorDiv: _of_numbers(operator.floordiv),
        ast.Mod: _of_numbers(operator.mod),
        ast.USub: lambda value: -_number(value),
        ast.Not: operator.not_,
        ast.Eq: json_values.same,
        ast.NotEq: lambda one, other: not json_values.same(one, other),
        ast.Lt: operator.lt,
        ast.LtE: operator.le,
        ast.Gt: operator.gt,
        ast.GtE: operator.ge,
        ast.In: lambda item, whole: item in whole,
        ast.NotIn: lambda item, whole: item not in whole,
    }


@cache
def _evaluator() -> Callable[[Mapping[str, Any]], Any]:
    from simpleeval import EvalWithCompoundTypes  # type: ignore[import-untyped]  # it ships no types

    class Evaluator(EvalWithCompoundTypes):  # type: ignore[misc]  # so its class is Any
        def __init__(self, names: Mapping[str, Any]) -> None:
            super().__init__(dict(operators()), dict(FUNCTIONS), dict(names))
            self._work = 0

        def _eval(self, node: ast.AST) -> Any:
            value = super()._eval(node)
            self._work += _size(value, MAX_WORK - self._work)
            if self._work > MAX_WORK:
                raise WrongExpression(_TOO_MUCH)
            return value

        def _eval_attribute(self, node: ast.Attribute) -> Any:
            return _key(self._eval(node.value), node.attr)

    return Evaluator


def _size(value: Any, most: int) -> int:
    """What it costs to look at a value; counted no further than to about `most`."""
    size, waiting = 0, [value]
    while waiting and size <= most:
        item = waiting.pop()
        size += 1
        if isinstance(item, str):
            size += len(item) // 100
        elif isinstance(item, (list, tuple)):
            waiting.extend(item)
        elif isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, int) and item.bit_length() > _MAX_BITS:
            raise WrongExpression("a number is too large")
    return size


def _key(whole: Any, key: str) -> Any:
    if not isinstance(whole, Mapping):
        raise WrongExpression(f"`.{key}` of {type_name(whole)}, which has no keys")
    if key not in whole:
        raise WrongExpression(f"there is no key `{key}`", nearest(key, map(str, whole)))
    return whole[key]


def _said(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"there is no key `{error.args[0]}`"
    if type(error).__name__ == "IterableTooLong":  # simpleeval's bound on comprehensions
        return _TOO_MUCH
    if isinstance(error, IndexError):
        return "there is no such item: the list is shorter"
    return str(error) or type(error).__name__
