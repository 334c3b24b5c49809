"""Expressions in Python source code that may be prompts; no code is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from promptops.formats.python_strings import called_name
from promptops.patterns import lazy_pattern
from promptops.records import record

NAMED = lazy_pattern(r"(?i)prompt|template|system|instruction|message|persona")
"""Names of prompts."""
TEMPLATE_CALLS = frozenset(("PromptTemplate", "from_template"))
"""Calls whose argument is a format string."""
_EXTENDING = frozenset(("append", "extend", "insert"))


@record(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An expression with the name that it is assigned to; of a function: `function.name`."""

    name: str
    node: ast.expr


def candidates(tree: ast.Module) -> Iterator[Candidate]:
    """What is assigned, returned, or a value of a dictionary, in the order of the file."""
    for scope, statement in _statements(tree.body, ""):
        if isinstance(statement, ast.Return) and statement.value is not None:
            if scope and NAMED.search(scope):
                yield Candidate(name=scope.rstrip("."), node=statement.value)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            yield from _assigned(statement, scope)


def _statements(body: list[ast.stmt], scope: str) -> Iterator[tuple[str, ast.stmt]]:
    """Each statement with the classes and functions around it: "" or `Bot.answer.`."""
    for statement in body:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _statements(statement.body, f"{scope}{statement.name}.")
            continue
        yield scope, statement
        for block in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(statement, block, []), scope)


def extended_names(tree: ast.Module) -> dict[str, ast.stmt]:
    """The first statement that adds to a name after its assignment: `+=`, `append`."""
    found: dict[str, ast.stmt] = {}
    for scope, statement in _statements(tree.body, ""):
        target: ast.expr | None = None
        if isinstance(statement, ast.AugAssign):
            target = statement.target
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            function = statement.value.func
            if isinstance(function, ast.Attribute) and function.attr in _EXTENDING:
                target = function.value
        name = _name_of(target)
        if name is not None:
            found.setdefault(f"{scope}{name}", statement)
    return found


def _name_of(target: ast.expr | None) -> str | None:
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", None)


def _assigned(statement: ast.Assign | ast.AnnAssign, scope: str) -> Iterator[Candidate]:
    value = statement.value
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    name = _name_of(targets[0])
    if value is None or name is None:
        return
    if isinstance(value, ast.Dict):
        for key, item in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield Candidate(name=f"{scope}{name}.{key.value}", node=item)
    else:
        yield Candidate(name=f"{scope}{name}", node=value)


def formatted_names(tree: ast.Module) -> frozenset[str]:
    """Names of which `.format` is called, or that a prompt template gets."""
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if called_name(node) == "format" and isinstance(node.func, ast.Attribute):
            found.add(getattr(node.func.value, "id", ""))
        if called_name(node) in TEMPLATE_CALLS:
            values = [*node.args, *(keyword.value for keyword in node.keywords)]
            found |= {value.id for value in values if isinstance(value, ast.Name)}
    return frozenset(found)
