"""Expressions of Python as expressions of Jinja; no code is run."""

from __future__ import annotations

import ast
import json
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.input_names import InputNames
from promptops.formats.languages.format_fields import inner, printf_spec
from promptops.formats.parts import ExpressionPart, TextPart
from promptops.formats.python_scopes import called_name
from promptops.model.place import Place
from promptops.patterns import lazy_pattern

_FILTERS = {
    "strip": "trim",
    "upper": "upper",
    "lower": "lower",
    "title": "title",
    "capitalize": "capitalize",
}
_FUNCTIONS = {"len": "length", "str": "string"}
_NOT_IN_NAMES = lazy_pattern(r"[^A-Za-z0-9]+")
_MAX_NAME = 40
_MAX_SOURCE = 300


class PythonExpressions:
    """The expressions of one file.

    Attributes:
        losses: Of the expressions that were read.
    """

    def __init__(self, path: str, source: str) -> None:
        self.losses: list[Loss] = []
        self._path = path
        self._lines = source.splitlines()

    def place(self, node: ast.AST) -> Place:
        """The place of a node."""
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        end_line = getattr(node, "end_lineno", line) or line
        end_column = getattr(node, "end_col_offset", column + 1) or column + 1
        return Place(
            self._path,
            line,
            self._characters(line, column) + 1,
            end_line,
            self._characters(end_line, end_column) + 1,
        )

    def lose(self, code: str, message: str, node: ast.AST) -> None:
        """Report a loss at a node."""
        self.losses.append(Loss(code=code, message=message, place=self.place(node)))

    def value(self, node: ast.expr, names: InputNames) -> str:
        """An expression of Jinja; an input that the application computes without a counterpart."""
        return self._expression(node, names) or self._computed(node, names)

    def printed(self, node: ast.expr, names: InputNames) -> ExpressionPart | TextPart:
        """A value that is printed as it is; a constant is text."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float):
            return TextPart(str(node.value))
        return ExpressionPart(self.value(node, names))

    def field(self, found: ast.FormattedValue, names: InputNames) -> ExpressionPart:
        """A field of an f-string, with its format and its conversion."""
        expression = self.value(found.value, names)
        if found.format_spec is not None:
            written = printf_spec(_written(found.format_spec))
            if written is not None and found.conversion == -1:
                return ExpressionPart(f'"{written}" | format({expression})')
            self.lose("IMP103", f"the format `{_shown(found)}` is not carried", found)
        if found.conversion not in (ord("r"), ord("a")):
            return ExpressionPart(expression)
        self._prints_otherwise(found, "is written as JSON, with other quotes")
        return ExpressionPart(f"{expression} | json")

    def _characters(self, line: int, column: int) -> int:
        """A column of `ast`, in bytes, as a column in characters."""
        text = self._lines[line - 1] if line <= len(self._lines) else ""
        return len(text.encode()[:column].decode(errors="ignore"))

    def _prints_otherwise(self, node: ast.AST, message: str) -> None:
        self.lose("IMP213", f"`{_shown(node)}` {message}", node)

    def _expression(self, node: ast.expr, names: InputNames) -> str | None:
        """An expression of Jinja; None if it has no counterpart."""
        if isinstance(node, ast.Name):
            return names.name(node.id)
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                return names.name(node.attr)
            below = self._expression(node.value, names)
            return None if below is None else f"{inner(below)}.{node.attr}"
        if isinstance(node, ast.Subscript):
            return self._subscript(node, names)
        if isinstance(node, ast.Call):
            return self._filtered(node, names)
        return None

    def _subscript(self, node: ast.Subscript, names: InputNames) -> str | None:
        below = self._expression(node.value, names)
        if below is None:
            return None
        if isinstance(node.slice, ast.Slice):
            bounds = [_number(one) for one in (node.slice.lower, node.slice.upper)]
            if node.slice.step is not None or None in bounds:
                return None
            return f"{inner(below)}[{bounds[0]}:{bounds[1]}]"
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str | int):
            return f"{inner(below)}[{json.dumps(node.slice.value)}]"
        return None

    def _filtered(self, node: ast.Call, names: InputNames) -> str | None:
        """A call of a function or a method that has a filter as its counterpart."""
        name = called_name(node)
        if name == "dumps" and len(node.args) == 1:
            return self._encoded(node, names)
        if node.keywords:
            return None
        if name in _FUNCTIONS and len(node.args) == 1:
            return self._with_filter(node.args[0], _FUNCTIONS[name], names)
        return self._method(node, name, names) if isinstance(node.func, ast.Attribute) else None

    def _method(self, node: ast.Call, name: str, names: InputNames) -> str | None:
        owner = getattr(node.func, "value", node)
        if name == "join" and isinstance(owner, ast.Constant) and len(node.args) == 1:
            return self._with_filter(node.args[0], f"join({json.dumps(owner.value)})", names)
        if name not in _FILTERS or node.args:
            return None
        if name == "title":
            self._prints_otherwise(node, "also begins a word after a quote or a digit in Python")
        return self._with_filter(owner, _FILTERS[name], names)

    def _with_filter(self, node: ast.expr, written: str, names: InputNames) -> str | None:
        below = self._expression(node, names)
        return None if below is None else f"{below} | {written}"

    def _encoded(self, node: ast.Call, names: InputNames) -> str | None:
        """`json.dumps` with an indent and `ensure_ascii`, and no other options."""
        options = {one.arg: getattr(one.value, "value", None) for one in node.keywords}
        indent = options.pop("indent", None)
        ascii_only = options.pop("ensure_ascii", True)
        below = self._expression(node.args[0], names)
        if below is None or options or not isinstance(indent, int | None):
            return None
        if ascii_only is not False:
            self._prints_otherwise(node, "writes only ASCII characters in Python")
        return f"{below} | json" if indent is None else f"{below} | json(indent={indent})"

    def _computed(self, node: ast.expr, names: InputNames) -> str:
        source = _shown(node)
        name = _NOT_IN_NAMES.sub("_", source).strip("_").lower()[:_MAX_NAME].strip("_") or "value"
        message = f"the caller has to pass `{names.name(name)}`: it was `{source}` in the code"
        self.lose("IMP224", message, node)
        return names.name(name)


def _shown(node: ast.AST) -> str:
    """The source of a node, at most a few lines."""
    source = ast.unparse(node)
    return source if len(source) <= _MAX_SOURCE else f"{source[:_MAX_SOURCE]}…"


def _written(spec: ast.expr) -> str:
    """A format that is constant; "" for any other."""
    if isinstance(spec, ast.JoinedStr) and len(spec.values) == 1:
        only = spec.values[0]
        return str(only.value) if isinstance(only, ast.Constant) else ""
    return ""


def _number(node: Any) -> str | None:
    """A bound of a slice; "" without one, None if it is computed."""
    if node is None:
        return ""
    return str(node.value) if isinstance(node, ast.Constant) and type(node.value) is int else None
