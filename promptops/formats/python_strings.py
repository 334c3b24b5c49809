"""Strings of Python source code as parts of a template; no code is run."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence

from promptops.formats.input_names import InputNames
from promptops.formats.languages.format_fields import inner
from promptops.formats.languages.format_string import format_call
from promptops.formats.languages.percent import percent_string
from promptops.formats.parts import TemplatePart, TextPart
from promptops.formats.python_expressions import PythonExpressions
from promptops.formats.python_scopes import called_name, is_plain_value
from promptops.formats.translation import Translation
from promptops.model.place import Text
from promptops.patterns import lazy_pattern
from promptops.source.document import MAX_BYTES

Parts = tuple[TemplatePart, ...]

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
_MAX_PARTS = 1_000


class PythonStrings:
    """The strings of one file.

    Attributes:
        used: Names of constants that other strings contain.
    """

    def __init__(
        self, path: str, expressions: PythonExpressions, constants: Mapping[str, ast.expr]
    ) -> None:
        self.used: set[str] = set()
        self._path = path
        self._expressions = expressions
        self._constants = constants
        self._open: set[str] = set()
        self._known: dict[str, tuple[InputNames, Parts | None]] = {}

    def parts(self, node: ast.expr, names: InputNames) -> Parts | None:
        """The parts of a string; None if the expression is no string that can be read."""
        if isinstance(node, ast.Constant):
            return (TextPart(node.value),) if isinstance(node.value, str) else None
        if isinstance(node, ast.JoinedStr):
            return tuple(part for value in node.values for part in self._piece(value, names))
        if isinstance(node, ast.BinOp):
            return self._operation(node, names)
        if isinstance(node, ast.Call):
            return self._call(node, names)
        return self._constant(node.id, names) if isinstance(node, ast.Name) else None

    def filled(self, text: Text, use: ast.expr, names: InputNames) -> Translation:
        """A string that code elsewhere fills in: by `.format`, `%`, or a prompt template.

        Its named fields are inputs; a field with a position is the value that this code passes.
        """
        if isinstance(use, ast.BinOp):
            return self._percent(text, use, names, {})
        assert isinstance(use, ast.Call)
        values = use.args if called_name(use) == "format" else ()
        return format_call(text, names, self._positional(values, names, {}))

    def _piece(self, value: ast.expr, names: InputNames) -> Parts:
        """A text or a field of an f-string."""
        if not isinstance(value, ast.FormattedValue):
            return (TextPart(str(getattr(value, "value", ""))),)
        if value.format_spec is not None or value.conversion != -1:
            return (self._expressions.field(value, names),)
        return self._value(value.value, names)

    def _value(self, node: ast.expr, names: InputNames) -> Parts:
        """A value that a string contains: a string of the file, or an expression."""
        return self.parts(node, names) or (self._expressions.printed(node, names),)

    def _operation(self, node: ast.BinOp, names: InputNames) -> Parts | None:
        if isinstance(node.op, ast.Mod):
            return self._filled(node.left, node, names)
        return self._added(node, names) if isinstance(node.op, ast.Add) else None

    def _added(self, node: ast.BinOp, names: InputNames) -> Parts | None:
        """Operands of `+`, of which at least one is a string."""
        operands = list(_operands(node))
        found = [self.parts(operand, names) for operand in operands]
        if all(parts is None for parts in found):
            return None
        pairs = zip(operands, found, strict=True)
        return tuple(
            part
            for operand, parts in pairs
            for part in (parts or (self._expressions.printed(operand, names),))
        )

    def _call(self, node: ast.Call, names: InputNames) -> Parts | None:
        name = called_name(node)
        if name in _CLEANERS and len(node.args) == 1:
            return self._cleaned(node.args[0], _CLEANERS[name], names)
        if not isinstance(node.func, ast.Attribute):
            return None
        if name in _STRIPPERS and not node.args:
            return self._cleaned(node.func.value, _STRIPPERS[name], names)
        if name == "format":
            return self._filled(node.func.value, node, names)
        return self._joined(node.func.value, node, names) if name == "join" else None

    def _joined(self, owner: ast.expr, node: ast.Call, names: InputNames) -> Parts | None:
        """The strings of a list, with a separator; None for a list that is computed."""
        if not isinstance(owner, ast.Constant) or len(node.args) != 1:
            return None
        listed = node.args[0]
        if not isinstance(listed, ast.List | ast.Tuple) or not isinstance(owner.value, str):
            return None
        if any(isinstance(element, ast.Starred) for element in listed.elts):
            return None
        found = [self.parts(element, names) for element in listed.elts]
        if all(parts is None for parts in found):
            return None
        pieces = [self._value(element, names) for element in listed.elts]
        separated = [part for piece in pieces for part in (TextPart(owner.value), *piece)]
        return tuple(separated[1:])

    def _filled(self, owner: ast.expr, use: ast.expr, names: InputNames) -> Parts | None:
        """A constant string that is filled in where it stands; constants become text."""
        found = self.parts(owner, names)
        if found is None or not all(isinstance(part, TextPart) for part in found):
            return None
        value = "".join(part.text for part in found if isinstance(part, TextPart))
        place = self._expressions.place(owner)
        text = Text(self._path, value, lambda _offset: (place.line, place.column))
        if isinstance(use, ast.Call):
            literals = _literals(use)
            arguments = {**literals, **self._positional(use.args, names, literals)}
            read = format_call(text, names, arguments)
        else:
            assert isinstance(use, ast.BinOp)
            read = self._percent(text, use, names, _literals(use.right))
        self._expressions.losses += read.losses
        return read.parts

    def _percent(
        self, text: Text, use: ast.BinOp, names: InputNames, literals: Mapping[str, str]
    ) -> Translation:
        right = use.right
        if isinstance(right, ast.Tuple):
            arguments = {**literals, **self._positional(right.elts, names, literals)}
            starred = any(isinstance(element, ast.Starred) for element in right.elts)
            return percent_string(text, names, arguments, None if starred else len(right.elts))
        if isinstance(right, ast.Dict) or "%(" in text.value:
            return percent_string(text, names, literals, None)
        if isinstance(right, ast.Constant):
            return percent_string(text, names, literals, 1)
        value = self._expressions.value(right, names)
        count = text.value.count("%") - 2 * text.value.count("%%")
        if count < 2:
            return percent_string(text, names, {"0": value}, 1)
        elements = {str(index): f"{inner(value)}[{index}]" for index in range(count)}
        return percent_string(text, names, elements, None)

    def _positional(
        self, values: Sequence[ast.expr], names: InputNames, literals: Mapping[str, str]
    ) -> dict[str, str]:
        """The expressions of arguments by their index, without constants and what follows a `*`.

        The caller passes these, unless they are literals: IMP224.
        """
        found: dict[str, str] = {}
        for index, value in enumerate(values):
            if not isinstance(value, ast.Constant | ast.Starred):
                found[str(index)] = self._expressions.value(value, names)
            elif str(index) not in literals:
                source = ast.unparse(value)
                message = f"the caller has to pass `arg{index}`: it was `{source}` in the code"
                self._expressions.lose("IMP224", message, value)
            if isinstance(value, ast.Starred):
                break
        return found

    def _constant(self, name: str, names: InputNames) -> Parts | None:
        """The text of a constant of this file, which is a string or a number."""
        node = self._constants.get(name)
        if node is None or name in self._open or not name.isupper():
            return None
        known = self._known.get(name)
        if known is None or known[0] is not names:
            self._open.add(name)
            found = _number(node) or self.parts(node, names)
            known = self._known[name] = (names, self._limited(found))
            self._open.discard(name)
        if known[1] is not None:
            self.used.add(name)
        return known[1]

    @staticmethod
    def _limited(found: Parts | None) -> Parts | None:
        """None for a constant that is too long, such as one that contains others many times."""
        if found is None or len(found) > _MAX_PARTS:
            return None
        size = sum(len(part.text) for part in found if isinstance(part, TextPart))
        return found if size <= MAX_BYTES else None

    def _cleaned(
        self, node: ast.expr, clean: Callable[[str], str], names: InputNames
    ) -> Parts | None:
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


def _operands(node: ast.expr) -> Iterator[ast.expr]:
    """The operands of a chain of `+`, from left to right."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _operands(node.left)
        yield from _operands(node.right)
    else:
        yield node


def _number(node: ast.expr) -> Parts | None:
    """The text of a number; None for any other expression."""
    value = node.value if isinstance(node, ast.Constant) else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return (TextPart(str(value)),) if is_number else None


def _literals(found: ast.expr) -> dict[str, str]:
    """The constants among arguments, as expressions, by their names and indexes."""
    pairs: list[tuple[object, ast.expr]] = []
    if isinstance(found, ast.Call):
        pairs = [*enumerate(found.args), *((one.arg, one.value) for one in found.keywords)]
    elif isinstance(found, ast.Dict):
        keys = (getattr(key, "value", None) for key in found.keys)
        pairs = list(zip(keys, found.values, strict=True))
    else:
        pairs = list(enumerate(found.elts if isinstance(found, ast.Tuple) else [found]))
    return {
        str(name): _literal(value.value) for name, value in pairs if isinstance(value, ast.Constant)
    }


def _literal(value: object) -> str:
    """A constant as an expression that prints what Python prints."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return json.dumps(value if is_number and is_plain_value(value) else str(value))
