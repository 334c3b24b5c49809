"""Expressions of Jinja with methods become expressions with filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from promptops.formats.document import Loss
from promptops.model.place import Text
from promptops.records import record

_PLAIN_METHODS = {
    "items": "items",
    "strip": "trim",
    "lower": "lower",
    "upper": "upper",
    "title": "title",
    "capitalize": "capitalize",
    "keys": "list",
    "toUpperCase": "upper",
    "toLowerCase": "lower",
    "trim": "trim",
}
"""Methods without arguments, and the filters that do the same."""

_WITH_ARGUMENTS = {"replace": "replace", "split": "split"}
_OF_ELEMENTS = frozenset(("first", "last"))
"""Filters that give nothing for an empty list there, and fail here."""
NOT_HERE = frozenset(("dict", "cycler", "joiner", "lipsum", "now", "random"))
"""Functions of Jinja that do not exist in promptops."""


@record(frozen=True, slots=True)
class Token:
    """A token of a template; `start` is its offset in the text."""

    kind: str
    value: str
    start: int


def promptops_expression(tokens: Sequence[Token], text: Text) -> tuple[str, list[Loss]]:
    """The source of an expression in our Jinja, and what has no counterpart."""
    writer = _Writer(text)
    return writer.written(list(tokens)).strip(), writer.losses


class _Writer:
    def __init__(self, text: Text) -> None:
        self.losses: list[Loss] = []
        self._text = text

    def written(self, tokens: Sequence[Token]) -> str:
        """The tokens as text, each method as a filter."""
        out, index = "", 0
        while index < len(tokens):
            method = self._method(tokens, index)
            if method is not None:
                name, end = method
                arguments = self.written(tokens[index + 3 : end]).strip()
                out = self._called(out, tokens[index + 1], name, arguments)
                index = end + 1
                continue
            out += self._token(tokens, index)
            index += 1
        return out

    def _method(self, tokens: Sequence[Token], index: int) -> tuple[str, int] | None:
        """The name of a method that is called at a dot, and the index of its last bracket."""
        following = [token.value for token in tokens[index : index + 3]]
        if len(following) < 3 or following[0] != "." or following[2] != "(":
            return None
        if tokens[index + 1].kind != "name":
            return None
        return following[1], _closing(tokens, index + 2)

    def _called(self, out: str, token: Token, name: str, arguments: str) -> str:
        if name == "title":
            message = "in Python, `.title()` also capitalises after a quote or a digit"
            self._note("IMP213", token, message)
        if name in _PLAIN_METHODS and not arguments:
            return f"{out} | {_PLAIN_METHODS[name]}"
        if name in _WITH_ARGUMENTS and arguments:
            return f"{out} | {_WITH_ARGUMENTS[name]}({arguments})"
        if name == "split":
            return f"{out} | split"
        special = _SPECIAL.get(name)
        found = special(out, arguments) if special is not None else None
        if found is not None:
            return found
        self._lost(token, f"the method `{name}` has no counterpart in promptops")
        return f"{out}.{name}({arguments})"

    def _token(self, tokens: Sequence[Token], index: int) -> str:
        token = tokens[index]
        before = _name_before(tokens, index)
        if token.kind == "name" and before == "|":
            if token.value == "safe":
                self._note("IMP207", token, "`safe` is dropped: promptops escapes nothing")
                return "string"
            if token.value in _OF_ELEMENTS and not _is_called(tokens, index, ""):
                return f'{token.value} | default("")'
            if token.value not in _filters():
                self._lost(token, f"the filter `{token.value}` does not exist in promptops")
        elif token.kind == "name" and before in ("is", "is not"):
            if token.value != "not" and token.value not in _tests():
                self._lost(token, f"the test `{token.value}` does not exist in promptops")
        elif token.kind == "name" and token.value in NOT_HERE and _is_called(tokens, index):
            self._lost(token, f"the function `{token.value}` does not exist in promptops")
        return token.value

    def _note(self, code: str, token: Token, message: str) -> None:
        place = self._text.place(token.start, token.start + len(token.value))
        self.losses.append(Loss(code=code, message=message, place=place))

    def _lost(self, token: Token, message: str) -> None:
        place = self._text.place(token.start, token.start + len(token.value))
        self.losses.append(Loss(code="IMP102", message=message, place=place, refuses=True))


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for index in range(opening, len(tokens)):
        depth += (tokens[index].value in "([{") - (tokens[index].value in ")]}")
        if depth == 0:
            return index
    return len(tokens) - 1


def _name_before(tokens: Sequence[Token], index: int) -> str:
    """The operator or word before a name; `is not` counts as one."""
    words: list[str] = []
    at = index - 1
    while at >= 0 and len(words) < 2:
        if tokens[at].kind != "whitespace":
            words.append(tokens[at].value)
        at -= 1
    if not words:
        return ""
    return "is not" if words == ["not", "is"] else words[0]


def _is_called(tokens: Sequence[Token], index: int, not_after: str = ".") -> bool:
    at = index + 1
    while at < len(tokens) and tokens[at].kind == "whitespace":
        at += 1
    after = tokens[at].value if at < len(tokens) else ""
    return after == "(" and _name_before(tokens, index) != not_after


def _joined(out: str, arguments: str) -> str | None:
    """`", ".join(x)`: the separator is what `out` ends with."""
    quote = out[-1:]
    start = out.rfind(quote, 0, len(out) - 1) if quote in ("'", '"') else -1
    if start < 0:
        return None
    return f"{out[:start]}({arguments}) | join({out[start:]})"


def _got(out: str, arguments: str) -> str | None:
    key, comma, default = arguments.partition(",")
    return f"{out}[{key.strip()}] | default({default.strip() if comma else 'none'})"


_SPECIAL: Mapping[str, Callable[[str, str], str | None]] = {
    "join": _joined,
    "get": _got,
    "values": lambda out, _arguments: f"{out} | items | map(attribute=1)",
}


@cache
def _filters() -> frozenset[str]:
    from promptops.runtime.template.filters import allowed_filters

    return frozenset(allowed_filters())


@cache
def _tests() -> frozenset[str]:
    from promptops.runtime.template.filters import allowed_tests

    return frozenset(allowed_tests())
