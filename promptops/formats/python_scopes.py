"""The nodes of Python code with the classes and functions around them; no code is run."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import TypeGuard

from promptops.records import record

_LARGEST = 2**53

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@record(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where a node is.

    Attributes:
        name: "" in a module, `Bot.answer.` in a method.
        function: The innermost function around it.
        of_class: The name of the innermost class around it, `Bot.`, or "".
    """

    name: str = ""
    function: Function | None = None
    of_class: str = ""


def scoped_nodes(tree: ast.Module) -> Iterator[tuple[Scope, ast.AST]]:
    """All nodes in the order of the code, each before the nodes in it."""
    stack: list[tuple[Scope, ast.AST]] = [(Scope(), tree)]
    while stack:
        scope, node = stack.pop()
        yield scope, node
        below = _below(scope, node)
        stack += [(below, child) for child in reversed(list(ast.iter_child_nodes(node)))]


def _below(scope: Scope, node: ast.AST) -> Scope:
    if isinstance(node, ast.ClassDef):
        name = f"{scope.name}{node.name}."
        return Scope(name=name, function=None, of_class=name)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return Scope(name=f"{scope.name}{node.name}.", function=node, of_class=scope.of_class)
    return scope


def target_name(target: ast.AST | None, scope: Scope) -> str | None:
    """The full name of what a name or an attribute refers to where it is assigned.

    `Bot.answer.text` for `text` in a method, `Bot.text` for `self.text`; None for anything else.
    """
    if isinstance(target, ast.Name):
        return f"{scope.name}{target.id}"
    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        owned = target.value.id in ("self", "cls") and scope.of_class
        return f"{scope.of_class if owned else ''}{target.attr}"
    return None


def resolved(name: str, known: Collection[str]) -> str | None:
    """The name that a full name refers to: the same, or one of an outer scope; None if unknown."""
    scope, _, last = name.rpartition(".")
    while True:
        found = f"{scope}.{last}" if scope else last
        if found in known:
            return found
        if not scope:
            return None
        scope = scope.rpartition(".")[0]


def called_name(node: ast.Call) -> str:
    """The last name of what is called: `dedent` for `textwrap.dedent(…)`."""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def is_plain_value(value: object) -> TypeGuard[str | float | bool]:
    """Whether a constant is a string, a boolean, or a number that JSON can have exactly."""
    if isinstance(value, int | float):
        return abs(value) <= _LARGEST
    return isinstance(value, str)


def argument_defaults(function: Function | None) -> dict[str, str | float | bool]:
    """The defaults of arguments that are plain values, without arguments that are set again."""
    if function is None:
        return {}
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    given = [*positional[len(positional) - len(arguments.defaults) :], *arguments.kwonlyargs]
    pairs = zip(given, [*arguments.defaults, *arguments.kw_defaults], strict=True)
    found = {
        argument.arg: default.value
        for argument, default in pairs
        if isinstance(default, ast.Constant) and is_plain_value(default.value)
    }
    if found:
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                found.pop(node.id, None)
    return found
