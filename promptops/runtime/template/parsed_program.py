"""The parsed program of a text in a bundle: its syntax tree as a string of JSON, and back.

`[operation, at, …]`: the operation stands for a class of `nodes.py`, `at` is the offset in the
text, and then come the fields of the class in order; trailing defaults are left out.
Literal text is a string without an offset. The program of a condition is its expression. A program
comes from a bundle that may have been written by anybody, so each part of it is checked.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from promptops.records import record
from promptops.runtime.template import nodes
from promptops.runtime.template.limits import MAX_TEMPLATE_CHARS
from promptops.runtime.template.template import (
    MAX_DEPTH,
    MAX_NODES,
    TemplateError,
    parse,
    parse_expression,
)

VERSION = 1
"""Of the operations and of what they mean."""

MAX_PROGRAM_CHARS = 8 * MAX_TEMPLATE_CHARS

_COMPARISONS = frozenset(("eq", "ne", "gt", "gteq", "lt", "lteq", "in", "notin"))
_ARITHMETIC = frozenset(("+", "-", "*", "/", "//", "%", "**"))


def program_of(source: str) -> str | None:
    """The program of a template.

    None for one that has an error, which is reported when it is rendered, or that JSON can't hold.
    """
    try:
        return _written(parse(source).tree)
    except TemplateError:
        return None


def program_of_condition(source: str) -> str | None:
    """The program of a `when`; None as in `program_of`."""
    try:
        output = parse_expression(source).tree.body[0]
    except TemplateError:
        return None
    assert isinstance(output, nodes.Output)
    return _written(output.nodes[0])


def _written(tree: nodes.Node) -> str | None:
    try:
        program = _ENCODER.encode(_data(tree))
        program.encode()
    except ValueError:  # an infinite number, or half of a surrogate pair
        return None
    return program


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _data(value: Any) -> Any:
    if isinstance(value, nodes.TemplateData):
        return value.data
    if isinstance(value, nodes.Node):
        names, defaults = value.all_fields, value.defaults_of_fields
        parts = [getattr(value, name) for name in names]
        while len(parts) > 1 and parts[-1] == defaults.get(names[len(parts) - 1], _NO_DEFAULT):
            parts.pop()
        return [value.code, *map(_data, parts)]
    if isinstance(value, frozenset):
        return sorted(value)
    return list(map(_data, value)) if isinstance(value, tuple) else value


_NO_DEFAULT = object()


def tree_of(program: str) -> nodes.Template:
    """The syntax tree of a template; offsets of literal text are 0. Raises TemplateError."""
    tree = _read(program, nodes.Template)
    assert isinstance(tree, nodes.Template)
    return tree


def condition_of(program: str) -> nodes.Expression:
    """The syntax tree of a condition; raises TemplateError."""
    tree = _read(program, nodes.Expression)
    assert isinstance(tree, nodes.Expression)
    return tree


def _read(program: str, kind: type[nodes.Node]) -> nodes.Node:
    if len(program) > MAX_PROGRAM_CHARS:
        raise _wrong("it is too large")
    try:
        value = json.loads(program, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise _wrong("it is not JSON") from None
    return _Reader().node(value, kind, 0)


def _refuse_constant(written: str) -> Any:
    raise _wrong(f"{written} is not a number")


def _wrong(problem: str) -> TemplateError:
    message = f"the bundle has no valid program of this text: {problem}"
    return TemplateError(message, 0, 1, "TPL005", "build the bundle again")


class _Reader:
    """Turns the data of one program into nodes, within the limits of a parsed template."""

    def __init__(self) -> None:
        self._count = 0

    def node(self, value: Any, kind: type[nodes.Node], depth: int) -> nodes.Node:
        """A node of a class, or of one below it; uses one stack frame for each level."""
        self._count += 1
        if self._count > MAX_NODES or depth > MAX_DEPTH:
            raise _wrong("it is too large")
        if type(value) is str and issubclass(nodes.TemplateData, kind):
            return nodes.TemplateData(0, value)
        parts: list[Any] = []
        found, fields = _fields_of(value, kind)
        for field, part in zip(fields, value[1:], strict=False):
            if field.kind is None:
                parts.append(field.read(part))
            elif field.is_sequence:
                inner: list[Any] = []
                for each in _typed(part, list):  # a comprehension is one more frame
                    inner += (self.node(each, field.kind, depth + 1),)
                parts.append(tuple(inner))
            elif part is None and field.is_optional:
                parts.append(None)
            else:
                parts.append(self.node(part, field.kind, depth + 1))
        made: nodes.Node = found(*parts)
        _check_operator(made)
        return made


def _check_operator(node: nodes.Node) -> None:
    if isinstance(node, nodes.Operand) and node.op not in _COMPARISONS:
        raise _wrong(f"there is no comparison {node.op[:20]!r}")
    if isinstance(node, nodes.Binary) and node.op not in _ARITHMETIC:
        raise _wrong(f"there is no operator {node.op[:20]!r}")


def _typed(value: Any, kind: type[Any]) -> Any:
    if type(value) is not kind:
        raise _wrong(f"a field is not a {kind.__name__}")
    return value


# The fields of operations, by the annotations of the nodes.


def _offset(value: Any) -> int:
    found: int = _typed(value, int)
    if not 0 <= found <= MAX_TEMPLATE_CHARS:
        raise _wrong("an offset outside of the text")
    return found


def _names(value: Any) -> frozenset[str]:
    return frozenset([_typed(name, str) for name in _typed(value, list)])


def _imported(value: Any) -> tuple[str | tuple[str, str], ...]:
    return tuple([_pair(each) if type(each) is list else _typed(each, str) for each in value])


def _pair(value: list[Any]) -> tuple[str, str]:
    if [type(name) for name in value] != [str, str]:
        raise _wrong("an imported name is not a name and an alias")
    return value[0], value[1]


def _constant(value: Any) -> Any:
    if value is not None and type(value) not in (str, int, float, bool):
        raise _wrong("a constant is a string, a number, a boolean or null")
    return value


@record(frozen=True, slots=True)
class _Field:
    """How a field is read.

    Attributes:
        read: Of a value; it is not called for nodes.
        kind: The class of the node, or of the nodes of a sequence; None for a value.
    """

    read: Callable[[Any], Any]
    kind: type[nodes.Node] | None = None
    is_sequence: bool = False
    is_optional: bool = False


_VALUES: dict[str, Callable[[Any], Any]] = {
    "int": _offset,
    "str": lambda value: _typed(value, str),
    "bool": lambda value: _typed(value, bool),
    "Names": _names,
    "Any": _constant,
    "tuple[str | tuple[str, str], ...]": lambda value: _imported(_typed(value, list)),
}


def _fields_of(value: Any, kind: type[nodes.Node]) -> tuple[Any, tuple[_Field, ...]]:
    """The class and the fields of an operation that is allowed in a place of a class."""
    if type(value) is not list or len(value) < 2 or type(value[0]) is not str:
        raise _wrong("an operation is missing")
    found = nodes.BY_CODE.get(value[0])
    if found is None:
        raise _wrong(f"the operation {value[0][:20]!r} is unknown; install a newer promptops")
    if not issubclass(found, kind):
        raise _wrong(f"`{value[0]}` in a place for {kind.__name__.lower()}")
    if not found.least_fields <= len(value) - 1 <= len(found.all_fields):
        raise _wrong(f"`{value[0]}` has {len(value) - 1} fields")
    return found, _read_as(found)


@cache
def _read_as(kind: Any) -> tuple[_Field, ...]:
    return tuple(map(_field, kind.annotations))


def _field(annotation: str) -> _Field:
    if annotation in _VALUES:
        return _Field(_VALUES[annotation])
    name = "tuple[Statement, ...]" if annotation == "Body" else annotation
    is_sequence, is_optional = name.startswith("tuple["), name.endswith(" | None")
    name = name.removeprefix("tuple[").removesuffix(", ...]").removesuffix(" | None")
    return _Field(_constant, getattr(nodes, name), is_sequence, is_optional)
