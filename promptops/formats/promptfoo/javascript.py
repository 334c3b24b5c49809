"""One expression of JavaScript or Python over an answer, as an expression for `expr`."""

from __future__ import annotations

from collections.abc import Callable

from promptops.patterns import lazy_pattern

_TOKEN = lazy_pattern(
    r"""\s*(?:
      (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      |(?P<number>\d+(?:\.\d+)?)
      |(?P<name>[A-Za-z_$][\w$]*)
      |(?P<operator>===|!==|==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]])
    )""",
    64,  # re.VERBOSE
)
_OPERATORS = {"===": "==", "!==": "!=", "&&": " and ", "||": " or ", "!": "not "}
_WORDS = {
    "true": "true",
    "false": "false",
    "null": "none",
    "None": "none",
    "True": "true",
    "False": "false",
    "and": "and",
    "or": "or",
    "not": "not",
    "in": "in",
    "output": "text",
}
_METHODS = {
    "toLowerCase": "lower",
    "toUpperCase": "upper",
    "trim": "trim",
    "lower": "lower",
    "upper": "upper",
    "strip": "trim",
}
_LENGTHS = ("length",)
_STARTS = "({owner}[:({argument} | length)] == {argument})"
_ENDS = "({owner}[-({argument} | length):] == {argument})"
_CALLS = {
    "includes": "({argument} in {owner})",
    "startsWith": _STARTS,
    "startswith": _STARTS,
    "endsWith": _ENDS,
    "endswith": _ENDS,
    "split": "({owner} | split({argument}))",
}


class NoCounterpart(Exception):
    """An expression that has no counterpart."""


Variable = Callable[[str], str | None]
"""What a variable of the test is in the expression; None if it has no counterpart."""


def expression(source: str, variable: Variable = lambda name: f"inputs.{name}") -> str | None:
    """The expression here; None for statements, functions and anything unknown."""
    try:
        written = source.strip().removeprefix("return ").removesuffix(";")
        parser = _Parser(_tokens(written), variable)
        found = parser.ternary()
    except (NoCounterpart, RecursionError):
        return None
    return found if parser.at_end else None


def _tokens(source: str) -> list[tuple[str, str]]:
    found, position = [], 0
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None:
            if not source[position:].strip():
                break
            raise NoCounterpart
        kind = match.lastgroup or ""
        found.append((kind, match[kind]))
        position = match.end()
    return found


class _Parser:
    """Recursive descent over the operators of both languages, weakest first."""

    def __init__(self, tokens: list[tuple[str, str]], variable: Variable) -> None:
        self._tokens = tokens
        self._variable = variable
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._tokens)

    def ternary(self) -> str:
        """`a ? 1 : 0`, which is the truth of `a`, or a plain expression."""
        found = self._either()
        if self._took("?"):
            yes = self._either()
            self._need(":")
            no = self._either()
            if (yes, no) in (("1", "0"), ("true", "false")):
                return found
            raise NoCounterpart
        return found

    def _either(self) -> str:
        found = self._both()
        while self._took("||", "or"):
            found = f"{found} or {self._both()}"
        return found

    def _both(self) -> str:
        found = self._negated()
        while self._took("&&", "and"):
            found = f"{found} and {self._negated()}"
        return found

    def _negated(self) -> str:
        if self._took("!", "not"):
            return f"not {self._negated()}"
        return self._compared()

    def _compared(self) -> str:
        left = self._sum()
        operator = self._took("===", "!==", "==", "!=", "<=", ">=", "<", ">", "in")
        if operator is None:
            return left
        return f"{left} {_OPERATORS.get(operator, operator)} {self._sum()}"

    def _sum(self) -> str:
        found = self._product()
        while operator := self._took("+", "-"):
            found = f"{found} {operator} {self._product()}"
        return found

    def _product(self) -> str:
        found = self._postfix()
        while operator := self._took("*", "/", "%"):
            found = f"{found} {operator} {self._postfix()}"
        return found

    def _postfix(self) -> str:
        found = self._atom()
        while True:
            if self._took("."):
                found = self._member(found)
            elif self._took("["):
                found = f"{found}[{self._either()}]"
                self._need("]")
            else:
                return found

    def _member(self, owner: str) -> str:
        name = self._name()
        if name in _LENGTHS:
            return f"({owner} | length)"
        if not self._took("("):
            return f"{owner}.{name}"
        if name in _METHODS:
            self._need(")")
            return f"({owner} | {_METHODS[name]})"
        argument = self._either()
        self._need(")")
        found = _CALLS.get(name)
        if found is None:
            raise NoCounterpart
        return found.format(owner=owner, argument=argument)

    def _atom(self) -> str:
        if self._took("("):
            found = self.ternary()
            self._need(")")
            return f"({found})"
        kind, value = self._next()
        if kind in ("string", "number"):
            return value
        if kind != "name":
            raise NoCounterpart
        if value in ("len", "str", "JSON", "json", "context"):
            return self._known(value)
        if value in _WORDS:
            return _WORDS[value]
        raise NoCounterpart

    def _known(self, value: str) -> str:
        if value == "context":
            return self._of_test()
        if value in ("JSON", "json"):
            self._need(".")
            if self._name() not in ("parse", "loads"):
                raise NoCounterpart
        self._need("(")
        inner = self._either()
        self._need(")")
        filters = {"len": "length", "str": "string", "JSON": "parse_json", "json": "parse_json"}
        return f"({inner} | {filters[value]})"

    def _of_test(self) -> str:
        """`.vars.name`, or Python's `["vars"]["name"]`."""
        if self._key() != "vars":
            raise NoCounterpart
        found = self._variable(self._key())
        if found is None:
            raise NoCounterpart
        return found

    def _key(self) -> str:
        if self._took("."):
            return self._name()
        self._need("[")
        kind, value = self._next()
        self._need("]")
        if kind != "string":
            raise NoCounterpart
        return value[1:-1]

    def _took(self, *values: str) -> str | None:
        if self.at_end:
            return None
        kind, value = self._tokens[self._at]
        if kind in ("operator", "name") and value in values:
            self._at += 1
            return value
        return None

    def _need(self, value: str) -> None:
        if self._took(value) is None:
            raise NoCounterpart

    def _name(self) -> str:
        kind, value = self._next()
        if kind != "name":
            raise NoCounterpart
        return value

    def _next(self) -> tuple[str, str]:
        if self.at_end:
            raise NoCounterpart
        self._at += 1
        return self._tokens[self._at - 1]
