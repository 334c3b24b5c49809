"""Translate Python expressions, the earlier notation, to Jinja for the hint of an error."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from promptops.evals.python_comprehensions import (
    COMPARISONS,
    FILTERS,
    Comprehension,
    ComprehensionNode,
    Level,
    NoEquivalent,
)

Jinja = tuple[str, Level]
"""An expression, and how tightly its outermost operator binds."""

_OPERATORS: Mapping[type[ast.AST], tuple[str, Level]] = {
    ast.Add: ("+", Level.ADDED),
    ast.Sub: ("-", Level.ADDED),
    ast.Mult: ("*", Level.MULTIPLIED),
    ast.Div: ("/", Level.MULTIPLIED),
    ast.FloorDiv: ("//", Level.MULTIPLIED),
    ast.Mod: ("%", Level.MULTIPLIED),
}
_CONSTANTS = {"True": "true", "False": "false", "None": "none"}


def hint(text: str, called: str = "") -> str | None:
    """The same expression as Jinja, or the reason why not; None if neither is known.

    `called` is the name of a function or a method in it: if not all of the expression is Python,
    the hint shows the Jinja for this name.
    """
    tree = _tree(text)
    if tree is None or any(isinstance(node, ast.BitOr) for node in ast.walk(tree)):
        return f"write `… | {FILTERS[called]}`" if called in FILTERS else None
    try:
        return f"write `{_at(tree, Level.IF)}`"
    except NoEquivalent as error:
        return f"Jinja has no equivalent of `{error}`; a `python` assertion can check it"


def has_comprehension(text: str) -> bool:
    """Whether an expression is Python and contains a comprehension."""
    tree = _tree(text)
    parts = ast.walk(tree) if tree is not None else ()
    return any(isinstance(node, ComprehensionNode) for node in parts)


def _tree(text: str) -> ast.expr | None:
    """The syntax tree of Python, newlines anywhere in it; None for anything else."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a backslash in a string
            return ast.parse(f"({text}\n)", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _at(node: ast.expr, level: Level) -> str:
    """The Jinja of a part, in brackets where its operator binds less tightly than `level`."""
    text, own = _jinja(node)
    return text if own >= level else f"({text})"


def _next(level: Level) -> Level:
    return Level(level + 1)


def _jinja(node: ast.expr) -> Jinja:
    translate = _TRANSLATIONS.get(type(node))
    return translate(node) if translate else (_atom(node), Level.ATOM)


def _boolean(node: ast.BoolOp) -> Jinja:
    word, level = ("and", Level.AND) if isinstance(node.op, ast.And) else ("or", Level.OR)
    return f" {word} ".join(_at(value, _next(level)) for value in node.values), level


def _binary(node: ast.BinOp) -> Jinja:
    if type(node.op) not in _OPERATORS:
        raise NoEquivalent(node)
    word, level = _OPERATORS[type(node.op)]
    return f"{_at(node.left, level)} {word} {_at(node.right, _next(level))}", level


def _conditional(node: ast.IfExp) -> Jinja:
    test, yes, no = (_at(part, Level.OR) for part in (node.test, node.body, node.orelse))
    return f"{yes} if {test} else {no}", Level.IF


def _comprehension(node: ComprehensionNode) -> Jinja:
    return Comprehension(node, _at).listed(), Level.FILTERED


def _unary(node: ast.UnaryOp) -> Jinja:
    if isinstance(node.op, ast.Not):
        return f"not {_at(node.operand, Level.NOT)}", Level.NOT
    if isinstance(node.op, ast.USub):
        return f"-{_at(node.operand, Level.ATOM)}", Level.SIGNED
    raise NoEquivalent(node)


def _comparison(node: ast.Compare) -> Jinja:
    parts = [_at(node.left, Level.ADDED)]
    for operator, other in zip(node.ops, node.comparators, strict=True):
        if type(operator) not in COMPARISONS:
            raise NoEquivalent(node)
        parts += [COMPARISONS[type(operator)][0], _at(other, Level.ADDED)]
    return " ".join(parts), Level.COMPARED


def _atom(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_at(node.value, Level.ATOM)}.{node.attr}"
    if isinstance(node, ast.Subscript):
        return f"{_at(node.value, Level.ATOM)}[{_index(node.slice)}]"
    if isinstance(node, (ast.List, ast.Tuple)):
        return f"[{', '.join(_at(item, Level.IF) for item in node.elts)}]"
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, int, float, type(None))):
        return _CONSTANTS.get(repr(node.value), repr(node.value))
    raise NoEquivalent(node)


def _index(node: ast.expr) -> str:
    if not isinstance(node, ast.Slice):
        return _at(node, Level.IF)
    low, high = (_at(part, Level.OR) if part else "" for part in (node.lower, node.upper))
    return f"{low}:{high}" + (f":{_at(node.step, Level.OR)}" if node.step else "")


def _call(node: ast.Call) -> Jinja:
    if node.keywords:
        raise NoEquivalent(node)
    if isinstance(node.func, ast.Attribute):
        return _method(node, node.func)
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name in ("all", "any") and len(node.args) == 1:
        return _quantified(node.args[0], every=name == "all")
    if name in ("max", "min") and len(node.args) > 1:
        items = ", ".join(_at(argument, Level.IF) for argument in node.args)
        return f"[{items}] | {name}", Level.FILTERED
    if name not in FILTERS or not node.args:
        raise NoEquivalent(node)
    return _filtered(_at(node.args[0], Level.FILTERED), FILTERS[name], node.args[1:])


def _method(node: ast.Call, method: ast.Attribute) -> Jinja:
    value, name, arguments = method.value, method.attr, node.args
    first = arguments[0] if arguments else None
    if name == "join" and first is not None:
        return _filtered(_at(first, Level.FILTERED), "join", [value])
    if name == "get" and first is not None:
        default = arguments[1] if len(arguments) > 1 else ast.Constant(None)
        item = f"{_at(value, Level.ATOM)}[{_at(first, Level.IF)}]"
        return _filtered(item, "default", [default])
    if name in ("startswith", "endswith") and isinstance(first, ast.Constant):
        size = len(str(first.value))
        part = f":{size}" if name == "startswith" else f"-{size}:"
        return f"{_at(value, Level.ATOM)}[{part}] == {_atom(first)}", Level.COMPARED
    if name not in FILTERS:
        raise NoEquivalent(node)
    return _filtered(_at(value, Level.FILTERED), FILTERS[name], arguments)


def _filtered(value: str, name: str, arguments: list[ast.expr]) -> Jinja:
    listed = ", ".join(_at(argument, Level.IF) for argument in arguments)
    return f"{value} | {name}" + (f"({listed})" if arguments else ""), Level.FILTERED


def _quantified(node: ast.expr, *, every: bool) -> Jinja:
    """`all`: no item fails the test; `any`: some item passes it."""
    end = "== 0" if every else "> 0"
    if not isinstance(node, ComprehensionNode):
        word = "reject" if every else "select"
        return f"{_at(node, Level.FILTERED)} | {word} | list | length {end}", Level.COMPARED
    comprehension = Comprehension(node, _at)
    tests = list(_tests(node.elt, ast.And if every else ast.Or))
    texts = [f"{comprehension.counted(test, every=every)} | list | length {end}" for test in tests]
    if len(texts) == 1:
        return texts[0], Level.COMPARED
    return f" {'and' if every else 'or'} ".join(texts), Level.AND if every else Level.OR


def _tests(test: ast.expr, joined_by: type[ast.boolop]) -> Iterator[ast.expr]:
    """The tests that `all` or `any` can make one after the other."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, joined_by):
        for value in test.values:
            yield from _tests(value, joined_by)
    elif isinstance(test, ast.Compare) and len(test.ops) > 1 and joined_by is ast.And:
        sides = [test.left, *test.comparators]
        for index, operator in enumerate(test.ops):
            yield ast.Compare(sides[index], [operator], [sides[index + 1]])
    else:
        yield test


_TRANSLATIONS: Mapping[type[ast.AST], Callable[[Any], Jinja]] = {
    ast.BoolOp: _boolean,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.IfExp: _conditional,
    ast.Compare: _comparison,
    ast.Call: _call,
    ast.ListComp: _comprehension,
    ast.GeneratorExp: _comprehension,
}
