"""Strings of Python source code as parts of a template; no code is run."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.input_names import InputNames
from promptops.formats.parts import ExpressionPart, TemplatePart, TextPart
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.source.document import MAX_BYTES

_MARK = lazy_pattern("\ue000(\\d+)\ue001")
_CLEANERS: Mapping[str, Callable[[str], str]] = {
    "dedent": textwrap.dedent,
    "cleandoc": inspect.cleandoc,
}
_STRIPPERS: Mapping[str, Callable[[str], str]] = {
    "strip": str.strip,
    "lstrip": str.lstrip,
    "rstrip": str.rstrip,
}
_FILTERS = {
    "strip": "trim",
    "upper": "upper",
    "lower": "lower",
    "title": "title",
    "capitalize": "capitalize",
}
_SPECS = lazy_pattern(r"[-+ 0#]*\d*(?:\.\d+)?[dfeEgGxXo]")
_NOT_IN_NAMES = lazy_pattern(r"[^A-Za-z0-9]+")
_MAX_NAME = 40
_MAX_PARTS = 1_000


class PythonStrings:
    """The strings of one file.

    Attributes:
        losses: Of the strings that were read.
        used: Names of constants that other strings contain.
    """

    def __init__(self, path: str, source: str, constants: Mapping[str, ast.expr]) -> None:
        self.losses: list[Loss] = []
        self.used: set[str] = set()
        self._path = path
        self._lines = source.splitlines()
        self._constants = constants
        self._open: set[str] = set()
        self._known: dict[str, tuple[InputNames, tuple[TemplatePart, ...] | None]] = {}

    def parts(self, node: ast.expr, names: InputNames) -> tuple[TemplatePart, ...] | None:
        """The parts of a string; None if the expression is no string that can be read."""
        if isinstance(node, ast.Constant):
            return (TextPart(node.value),) if isinstance(node.value, str) else None
        if isinstance(node, ast.JoinedStr):
            return self._joined(node, names)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = self.parts(node.left, names), self.parts(node.right, names)
            return (*left, *right) if left is not None and right is not None else None
        if isinstance(node, ast.Call):
            return self._call(node, names)
        if isinstance(node, ast.Name):
            return self._constant(node.id, names)
        return None

    def is_plain(self, node: ast.expr) -> bool:
        """Whether a string has no f-string in it, so that its text may be a template itself."""
        return not any(isinstance(one, ast.JoinedStr) for one in ast.walk(node))

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

    def _characters(self, line: int, column: int) -> int:
        """A column of `ast`, in bytes, as a column in characters."""
        text = self._lines[line - 1] if line <= len(self._lines) else ""
        return len(text.encode()[:column].decode(errors="ignore"))

    def _joined(self, node: ast.JoinedStr, names: InputNames) -> tuple[TemplatePart, ...]:
        found: list[TemplatePart] = []
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                found += self._value(value, names)
            elif isinstance(value, ast.Constant):
                found.append(TextPart(str(value.value)))
        return tuple(found)

    def _value(self, value: ast.FormattedValue, names: InputNames) -> tuple[TemplatePart, ...]:
        inner = value.value
        if isinstance(inner, ast.Constant):
            return (TextPart(str(inner.value)),)
        if isinstance(inner, ast.Name) and value.format_spec is None:
            constant = self._constant(inner.id, names)
            if constant is not None:
                return constant
        expression = self._expression(inner, names)
        if expression is None:
            expression = self._computed(inner, names)
        return (ExpressionPart(self._formatted(expression, value)),)

    def _formatted(self, expression: str, value: ast.FormattedValue) -> str:
        spec = value.format_spec
        written = ""
        if isinstance(spec, ast.JoinedStr) and len(spec.values) == 1:
            only = spec.values[0]
            written = str(only.value) if isinstance(only, ast.Constant) else ""
        if written and _SPECS.fullmatch(written):
            return f'"%{written}" | format({expression})'
        if spec is not None:
            message = f"the format `{ast.unparse(value)}` is not carried"
            self.losses.append(Loss(code="IMP103", message=message, place=self.place(value)))
        if value.conversion not in (ord("r"), ord("a")):
            return expression
        self._prints_otherwise(value, "is written as JSON, with other quotes")
        return f"{expression} | json"

    def _prints_otherwise(self, node: ast.AST, message: str) -> None:
        written = f"`{ast.unparse(node)}` {message}"
        self.losses.append(Loss(code="IMP213", message=written, place=self.place(node)))

    def _constant(self, name: str, names: InputNames) -> tuple[TemplatePart, ...] | None:
        """The text of a constant of this file."""
        node = self._constants.get(name)
        if node is None or name in self._open or not name.isupper():
            return None
        known = self._known.get(name)
        if known is None or known[0] is not names:
            self._open.add(name)
            known = (names, self._limited(self.parts(node, names)))
            self._open.discard(name)
            self._known[name] = known
        found = known[1]
        if found is not None:
            self.used.add(name)
        return found

    @staticmethod
    def _limited(found: tuple[TemplatePart, ...] | None) -> tuple[TemplatePart, ...] | None:
        """None for a constant that is too long, such as one that contains others many times."""
        if found is None or len(found) > _MAX_PARTS:
            return None
        size = sum(len(part.text) for part in found if isinstance(part, TextPart))
        return found if size <= MAX_BYTES else None

    def _call(self, node: ast.Call, names: InputNames) -> tuple[TemplatePart, ...] | None:
        name = called_name(node)
        if name in _CLEANERS and len(node.args) == 1:
            return self._cleaned(node.args[0], _CLEANERS[name], names)
        if isinstance(node.func, ast.Attribute) and name in _STRIPPERS and not node.args:
            return self._cleaned(node.func.value, _STRIPPERS[name], names)
        return None

    def _cleaned(
        self, node: ast.expr, clean: Callable[[str], str], names: InputNames
    ) -> tuple[TemplatePart, ...] | None:
        found = self.parts(node, names)
        if found is None:
            return None
        kept = [part for part in found if not isinstance(part, TextPart)]
        marked = "".join(
            part.text if isinstance(part, TextPart) else f"\ue000{kept.index(part)}\ue001"
            for part in found
        )
        pieces = _MARK.split(clean(marked))
        return tuple(
            kept[int(piece)] if index % 2 else TextPart(piece) for index, piece in enumerate(pieces)
        )

    def _expression(self, node: ast.expr, names: InputNames) -> str | None:
        """An expression of Python as one of Jinja; None if it has no counterpart."""
        if isinstance(node, ast.Name):
            return names.name(node.id)
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                return names.name(node.attr)
            below = self._expression(node.value, names)
            return None if below is None else f"{below}.{node.attr}"
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
            return f"{below}[{bounds[0]}:{bounds[1]}]"
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str | int):
            return f"{below}[{json.dumps(node.slice.value)}]"
        return None

    def _filtered(self, node: ast.Call, names: InputNames) -> str | None:
        name = called_name(node)
        if name in ("len", "dumps", "str") and len(node.args) == 1:
            inner = self._expression(node.args[0], names)
            kind = {"len": "length", "dumps": "json", "str": "string"}[name]
            if name == "dumps":
                self._prints_otherwise(node, "writes only ASCII characters there")
            return None if inner is None else f"{inner} | {kind}"
        if not isinstance(node.func, ast.Attribute):
            return None
        owner = node.func.value
        if name == "join" and isinstance(owner, ast.Constant) and len(node.args) == 1:
            inner = self._expression(node.args[0], names)
            return None if inner is None else f"{inner} | join({json.dumps(owner.value)})"
        if name == "title":
            self._prints_otherwise(node, "also begins a word after a quote or a digit there")
        below = self._expression(owner, names) if name in _FILTERS and not node.args else None
        return None if below is None else f"{below} | {_FILTERS[name]}"

    def _computed(self, node: ast.expr, names: InputNames) -> str:
        source = ast.unparse(node)
        name = _NOT_IN_NAMES.sub("_", source).strip("_").lower()[:_MAX_NAME].strip("_") or "value"
        message = f"the caller has to pass `{names.name(name)}`: it was `{source}` in the code"
        self.losses.append(Loss(code="IMP224", message=message, place=self.place(node)))
        return names.name(name)


def called_name(node: ast.Call) -> str:
    """The last name of what is called: `dedent` for `textwrap.dedent(…)`."""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _number(node: Any) -> str | None:
    """A bound of a slice; "" without one, None if it is computed."""
    if node is None:
        return ""
    return str(node.value) if isinstance(node, ast.Constant) and type(node.value) is int else None
