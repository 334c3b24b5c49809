"""Strings, f-strings and templates of Python code as texts of a prompt."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from promptops.formats.document import ExpressionPart, Loss, TagPart, TemplatePart, TextPart
from promptops.formats.languages.by_syntax import OF_LANGCHAIN
from promptops.formats.languages.format_string import (
    format_call,
    inner,
    percent_string,
    printf_spec,
)
from promptops.formats.translation import InputNames, Translation
from promptops.model.place import Place, Text
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.document import MAX_BYTES

_LARGEST_NUMBER = 2**53

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


_SIGNS = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)


def scoped_nodes(tree: ast.Module) -> Iterator[tuple[Scope, ast.AST]]:
    """All nodes but for operators in the order of the code, each before the nodes in it."""
    stack: list[tuple[Scope, ast.AST]] = [(Scope(), tree)]
    while stack:
        scope, node = stack.pop()
        yield scope, node
        below = _below(scope, node)
        children = [one for one in ast.iter_child_nodes(node) if not isinstance(one, _SIGNS)]
        stack += [(below, child) for child in reversed(children)]


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
        return abs(value) <= _LARGEST_NUMBER
    return isinstance(value, str)


def argument_names(function: Function | None) -> Collection[str]:
    """The names of the arguments of a function."""
    if function is None:
        return ()
    given = function.args
    arguments = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
    return {one.arg for one in arguments if one is not None}


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


# Strings of Python source code as parts of a template; no code is run.

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
        used: Keys of constants that other strings contain.
        scope: That of the names in the string that is read.
    """

    def __init__(
        self, path: str, expressions: PythonExpressions, constants: Mapping[str, ast.expr]
    ) -> None:
        """Args:
        constants: The strings and numbers that are assigned once, by their full names.
        """
        self.used: set[str] = set()
        self.scope = Scope()
        self._path = path
        self._expressions = expressions
        self._constants = constants
        self._open: set[str] = set()
        self._known: dict[str, tuple[InputNames, Parts | None]] = {}

    def parts(  # noqa: PLR0911  # one line for each kind of expression
        self, node: ast.expr, names: InputNames
    ) -> Parts | None:
        """The parts of a string; None if the expression is no string that can be read."""
        if isinstance(node, ast.Constant):
            return (TextPart(node.value),) if isinstance(node.value, str) else None
        if isinstance(node, ast.JoinedStr):
            return tuple(part for value in node.values for part in self._piece(value, names))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            return self._filled(node.left, node, names)
        if isinstance(node, ast.BinOp):
            return self._added(node, names) if isinstance(node.op, ast.Add) else None
        if isinstance(node, ast.Call):
            return self._call(node, names)
        if isinstance(node, ast.IfExp) and self._is_text(node, names):
            return self._conditional(node, names)
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
        """A value that a string contains: a string of the file, one of two, or an expression."""
        if isinstance(node, ast.IfExp):
            return self._conditional(node, names)
        return self.parts(node, names) or (self._expressions.printed(node, names),)

    def _conditional(self, node: ast.IfExp, names: InputNames) -> Parts:
        """`{% if test %}…{% elif … %}…{% else %}…{% endif %}` for `… if test else …`."""
        found: list[TemplatePart] = []
        word, rest = "if", node
        if _is_empty(node.body) and not isinstance(node.orelse, ast.IfExp):
            rest = ast.IfExp(test=negated(node.test), body=node.orelse, orelse=node.body)
        while True:
            found.append(TagPart(f"{word} {self._expressions.test(rest.test, names)}"))
            found += self._value(rest.body, names)
            if not isinstance(rest.orelse, ast.IfExp):
                break
            word, rest = "elif", rest.orelse
        if not _is_empty(rest.orelse):
            found += (TagPart("else"), *self._value(rest.orelse, names))
        return (*found, TagPart("endif"))

    def _is_text(self, node: ast.expr, names: InputNames) -> bool:
        """Whether an expression is a string, or one of its values is."""
        if isinstance(node, ast.IfExp):
            return self._is_text(node.body, names) or self._is_text(node.orelse, names)
        if isinstance(node, ast.Name):
            return self._constant(node.id, names) is not None
        return any(
            isinstance(one, ast.JoinedStr) or isinstance(getattr(one, "value", None), str)
            for one in operands(node)
        )

    def _added(self, node: ast.BinOp, names: InputNames) -> Parts | None:
        """Operands of `+`, of which at least one is a string."""
        added = list(operands(node))
        found = [self.parts(operand, names) for operand in added]
        if all(parts is None for parts in found):
            return None
        pairs = zip(added, found, strict=True)
        return tuple(
            part for operand, parts in pairs for part in (parts or self._value(operand, names))
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
        if name == "replace":
            return self._replaced(node, names)
        return self._joined(node.func.value, node, names) if name == "join" else None

    def _replaced(self, node: ast.Call, names: InputNames) -> Parts | None:
        """A string in which the code replaces a constant placeholder: `"…".replace("{x}", x)`."""
        owner = node.func.value if isinstance(node.func, ast.Attribute) else node
        found = self.parts(owner, names)
        if found is None or len(node.args) != 2:
            return None
        old, new = node.args
        if not isinstance(old, ast.Constant) or not isinstance(old.value, str) or not old.value:
            return None
        value = self._value(new, names)
        return tuple(
            piece
            for part in found
            for piece in (
                _with_value(part.text, old.value, value) if isinstance(part, TextPart) else (part,)
            )
        )

    def _joined(self, owner: ast.expr, node: ast.Call, names: InputNames) -> Parts | None:
        """The strings of a list, with a separator; None for a list that is computed."""
        if not isinstance(owner, ast.Constant) or len(node.args) != 1:
            return None
        listed = node.args[0]
        if not isinstance(listed, ast.List | ast.Tuple) or not isinstance(owner.value, str):
            return None
        if any(isinstance(element, ast.Starred) for element in listed.elts):
            return None
        elements = [_optional(element) for element in listed.elts]
        values = [self.parts(element, names) for element, _ in elements]
        if all(value is None for value in values):
            return None
        separator, found, is_first = TextPart(owner.value), list[TemplatePart](), True
        for (element, test), known in zip(elements, values, strict=True):
            value = known or self._value(element, names)
            before = is_first and test is not None
            piece = (*value, separator) if before else (separator, *value)
            if test is not None:
                written = self._expressions.test(test, names)
                found += (TagPart(f"if {written}"), *piece, TagPart("endif"))
            else:
                found += value if is_first else piece
                is_first = False
        return None if is_first else tuple(found)

    def _filled(self, owner: ast.expr, use: ast.expr, names: InputNames) -> Parts | None:
        """A constant string that the code fills in at its place; constants become text."""
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

    def _constant(self, written: str, names: InputNames) -> Parts | None:
        """The text of a constant of this file, which is a string or a number."""
        if written in argument_names(self.scope.function):
            return None
        name = resolved(f"{self.scope.name}{written}", self._constants)
        if name is None or name in self._open:
            return None
        node = self._constants[name]
        known = self._known.get(name)
        if known is None or known[0] is not names:
            self._open.add(name)
            found = (_number(node) if written.isupper() else None) or self.parts(node, names)
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


def _with_value(text: str, old: str, value: Parts) -> Iterator[TemplatePart]:
    """A text with a value in place of each placeholder."""
    for index, piece in enumerate(text.split(old)):
        yield from value if index else ()
        yield TextPart(piece)


def negated(test: ast.expr) -> ast.expr:
    """The opposite of a test."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.copy_location(ast.UnaryOp(op=ast.Not(), operand=test), test)


def _optional(node: ast.expr) -> tuple[ast.expr, ast.expr | None]:
    """The value and the test of `value if test else None`; no test for any other expression."""
    tests: list[ast.expr] = []
    while isinstance(node, ast.IfExp) and getattr(node.orelse, "value", "") is None:
        tests.append(node.test)
        node = node.body
    return node, joined_tests(tests) if tests else None


def joined_tests(tests: Sequence[ast.expr]) -> ast.expr:
    """Tests of which all must hold."""
    if len(tests) == 1:
        return tests[0]
    return ast.copy_location(ast.BoolOp(op=ast.And(), values=list(tests)), tests[0])


def _is_empty(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == ""


def operands(node: ast.expr) -> Iterator[ast.expr]:
    """The operands of a chain of `+`, from left to right."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Add):
            waiting += (one.right, one.left)
        else:
            yield one


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


# Expressions of Python as expressions of Jinja; no code is run.

_FILTER_OF_METHOD = {
    "strip": "trim",
    "upper": "upper",
    "lower": "lower",
    "title": "title",
    "capitalize": "capitalize",
}
_FUNCTIONS = {"len": "length", "str": "string"}
_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
_NOT_IN_NAMES = lazy_pattern(r"[^A-Za-z0-9]+")
_MAX_NAME = 40
_MAX_SOURCE = 300


class PythonExpressions:
    """The expressions of one file.

    Attributes:
        losses: Of the expressions that were read.
        tests_null: Whether one of them compares a value with None.
    """

    def __init__(self, path: str, source: str) -> None:
        self.losses: list[Loss] = []
        self.tests_null = False
        self._path = path
        self._lines = source.split("\n")

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

    def test(self, node: ast.expr, names: InputNames) -> str:
        """The condition of an `if`; without a counterpart an input, with an IMP103."""
        found = self._condition(node, names)
        if found is not None:
            return found
        name = _name_for(node, names)
        message = f"the condition `{_shown(node)}` runs code: the caller has to pass `{name}`"
        self.lose("IMP103", message, node)
        return name

    def printed(self, node: ast.expr, names: InputNames) -> ExpressionPart | TextPart:
        """A value that is printed as it is; a constant is text."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | None):
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

    def _condition(self, node: ast.expr, names: InputNames) -> str | None:
        """A name, a comparison of one with constants, and these joined; None for any other test."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            operand = self._operand(node.operand, names, (ast.BoolOp, ast.Compare))
            return None if operand is None else f"not {operand}"
        if isinstance(node, ast.BoolOp):
            word = " and " if isinstance(node.op, ast.And) else " or "
            found = [self._operand(value, names, (ast.BoolOp,)) for value in node.values]
            return None if None in found else word.join(map(str, found))
        if isinstance(node, ast.Compare):
            return self._compared(node, names)
        return self._expression(node, names)

    def _operand(
        self, node: ast.expr, names: InputNames, in_parentheses: tuple[type[ast.expr], ...]
    ) -> str | None:
        found = self._condition(node, names)
        return f"({found})" if found is not None and isinstance(node, in_parentheses) else found

    def _compared(self, node: ast.Compare, names: InputNames) -> str | None:
        word = _COMPARISONS.get(type(node.ops[0])) if len(node.ops) == 1 else None
        left, right = node.left, node.comparators[0]
        if word is None or all(_constant(one) is None for one in (left, right)):
            return None
        found = [_constant(one) or self._expression(one, names) for one in (left, right)]
        if None in found or (word.startswith("is") and found[1] != "none"):
            return None
        if found[0] == "none" and word in ("==", "!="):
            found.reverse()
        self.tests_null |= found[1] == "none"
        return f"{found[0]} {word} {found[1]}"

    def _subscript(self, node: ast.Subscript, names: InputNames) -> str | None:
        below = self._expression(node.value, names)
        if below is None:
            return None
        if isinstance(node.slice, ast.Slice):
            bounds = [_number_fields(one) for one in (node.slice.lower, node.slice.upper)]
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
        if name not in _FILTER_OF_METHOD or node.args:
            return None
        if name == "title":
            self._prints_otherwise(node, "also begins a word after a quote or a digit in Python")
        return self._with_filter(owner, _FILTER_OF_METHOD[name], names)

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
        name = _name_for(node, names)
        message = f"the caller has to pass `{name}`: it was `{_shown(node)}` in the code"
        self.lose("IMP224", message, node)
        return name


def _name_for(node: ast.expr, names: InputNames) -> str:
    """The input for a value that the application computes."""
    written = _NOT_IN_NAMES.sub("_", _shown(node)).strip("_").lower()
    return names.name(written[:_MAX_NAME].strip("_") or "value")


def _constant(node: ast.expr) -> str | None:
    """A constant, or a list of some, as an expression of Jinja; None for anything else."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        items = [_constant(one) for one in node.elts]
        return None if None in items else f"[{', '.join(map(str, items))}]"
    if not isinstance(node, ast.Constant):
        return None
    if node.value is None or isinstance(node.value, bool):
        return str(node.value).lower()
    return json.dumps(node.value, ensure_ascii=False) if is_plain_value(node.value) else None


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


def _number_fields(node: Any) -> str | None:
    """A bound of a slice; "" without one, None if it is computed."""
    if node is None:
        return ""
    return str(node.value) if isinstance(node, ast.Constant) and type(node.value) is int else None


# Prompt templates of LangChain and of template engines in Python code; no code is run.

TEMPLATE_CALLS = frozenset(("PromptTemplate", "from_template"))
"""Calls whose argument is a template."""
_CHAT_CALLS = frozenset(("from_messages", "ChatPromptTemplate"))
_TEXT_CALLS = frozenset(("Template", "from_string"))
_WRAPPING = frozenset(("partial", "bind", "with_config", "with_retry", "pipe"))
_ROLE_OF_CLASS = {
    "System": "system",
    "Developer": "developer",
    "Human": "user",
    "User": "user",
    "AI": "assistant",
    "Assistant": "assistant",
}
_PAIRED = frozenset(("system", "human", "ai", "user", "assistant", "placeholder"))
_SENDING = frozenset(("invoke", "ainvoke", "stream", "astream"))
_MESSAGE_CLASSES = ("MessagePromptTemplate", "Message")


def unwrapped(node: ast.expr) -> ast.expr:
    """The template in a chain: `template` for `template.partial(a="b") | model`."""
    while True:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            node = node.left
        elif isinstance(node, ast.Call) and called_name(node) in _WRAPPING:
            if not isinstance(node.func, ast.Attribute):
                return node
            node = node.func.value
        else:
            return node


def partial_values(node: ast.expr) -> dict[str, str | float | bool]:
    """The constants that a template has for its variables, which the caller may replace."""
    found: dict[str, str | float | bool] = {}
    for name, value in _partials(node):
        if isinstance(value, ast.Constant) and is_plain_value(value.value):
            found.setdefault(name, value.value)
    return found


def _partials(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    for one in _chain(node):
        for keyword in one.keywords:
            if called_name(one) == "partial" and keyword.arg is not None:
                yield keyword.arg, keyword.value
            elif keyword.arg == "partial_variables" and isinstance(keyword.value, ast.Dict):
                pairs = zip(keyword.value.keys, keyword.value.values, strict=True)
                yield from ((str(getattr(key, "value", "")), value) for key, value in pairs)


def _chain(node: ast.expr) -> Iterator[ast.Call]:
    """The calls of a chain, the last one first; nothing for another expression."""
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        node = node.left
    while isinstance(node, ast.Call):
        yield node
        if not isinstance(node.func, ast.Attribute):
            return
        node = node.func.value


def template_syntax(node: ast.Call) -> str:
    """The syntax that `template_format` names; that of `str.format` without it."""
    for keyword in node.keywords:
        if keyword.arg == "template_format" and isinstance(keyword.value, ast.Constant):
            return OF_LANGCHAIN.get(str(keyword.value.value), "format")
    return "format"


def text_template(node: ast.Call) -> tuple[ast.expr, str] | None:
    """The text and the syntax of a template of Jinja or of `string`, as `Template("…")`.

    None for any other call.
    """
    text = argument(node, "source") if called_name(node) in _TEXT_CALLS else None
    if text is None:
        return None
    written = str(getattr(text, "value", ""))
    return text, "dollar" if "$" in written and "{{" not in written else "jinja"


def is_text_template(node: ast.AST) -> bool:
    """Whether a call makes a LangChain prompt of one string, which is not a message of a chat."""
    if not isinstance(node, ast.Call) or called_name(node) not in TEMPLATE_CALLS:
        return False
    if called_name(node) == "PromptTemplate":
        return argument(node, "template") is not None
    owner = getattr(node.func, "value", None)
    name = owner.attr if isinstance(owner, ast.Attribute) else str(getattr(owner, "id", ""))
    return name.endswith("PromptTemplate") and not name.endswith(_MESSAGE_CLASSES[0])


def is_chat_template(node: ast.Call) -> bool:
    """Whether a call makes a template of a list of messages."""
    return called_name(node) in _CHAT_CALLS


def is_message_list(node: ast.expr) -> bool:
    """Whether an expression is a list of `SystemMessage("…")`, or of `("system", "…")`."""
    if not isinstance(node, ast.List) or not node.elts:
        return False
    return any(map(_is_message, node.elts)) or all(map(_is_pair, node.elts))


def sent_messages(node: ast.Call) -> ast.List | None:
    """The messages that a call of LangChain sends: `llm.invoke([SystemMessage("…")])`."""
    first = next(iter(node.args), None)
    if not isinstance(first, ast.List) or called_name(node) not in _SENDING:
        return None
    return first if is_message_list(first) else None


def _is_message(node: ast.expr) -> bool:
    found = templated_message(node)
    return found is not None and found[0] != "assistant"


def _is_pair(node: ast.expr) -> bool:
    if not isinstance(node, ast.Tuple) or len(node.elts) != 2:
        return False
    return getattr(node.elts[0], "value", None) in _PAIRED


def is_other_template(node: ast.expr) -> bool:
    """Whether an expression makes a prompt template of more than one string."""
    if not isinstance(node, ast.Call) or called_name(node) in TEMPLATE_CALLS:
        return False
    return called_name(node).endswith("PromptTemplate") or is_chat_template(node)


def argument(node: ast.Call, name: str) -> ast.expr | None:
    """The argument with a name, or else the first one; None without it."""
    named = {keyword.arg: keyword.value for keyword in node.keywords}
    return named.get(name, next(iter(node.args), None))


def templated_message(node: ast.expr) -> tuple[str, ast.expr, bool] | None:
    """The role and the text of `SystemMessage("…")` and the like, and whether it is a template.

    None for any other expression.
    """
    if not isinstance(node, ast.Call):
        return None
    is_filled = called_name(node) == "from_template"
    made = node.func.value if is_filled and isinstance(node.func, ast.Attribute) else node.func
    name = made.attr if isinstance(made, ast.Attribute) else str(getattr(made, "id", ""))
    ending = _MESSAGE_CLASSES[0] if is_filled else _MESSAGE_CLASSES[1]
    role = _ROLE_OF_CLASS.get(name.removesuffix(ending)) if name.endswith(ending) else None
    text = argument(node, "template" if is_filled else "content")
    return None if role is None or text is None else (role, text, is_filled)
