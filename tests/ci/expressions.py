"""The expressions of GitHub's workflows, as far as ours use them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"\s*(\|\||&&|==|!=|[!(),]|'(?:[^']|'')*'|[A-Za-z_][\w.-]*|\d+)")
_EMBEDDED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_STATUS = re.compile(r"\b(always|success|failure|cancelled)\(")


def text(template: Any, contexts: Mapping[str, Any]) -> str:
    """A value of a workflow with its expressions evaluated."""
    return _EMBEDDED.sub(lambda found: _shown(evaluate(found[1], contexts)), _shown(template))


def holds(condition: Any, contexts: Mapping[str, Any]) -> bool:
    """An `if`, whose marks may be left out; after a step that failed, it must ask for that."""
    bare = _EMBEDDED.sub(r"\1", str(condition))
    success = contexts.get("success", True)
    return bool((success or _STATUS.search(bare)) and evaluate(bare, contexts))


def evaluate(expression: str, contexts: Mapping[str, Any]) -> Any:
    return _Parser(expression, contexts).whole()


class _Parser:
    def __init__(self, expression: str, contexts: Mapping[str, Any]) -> None:
        self._tokens = _TOKEN.findall(expression)
        assert "".join(self._tokens) == re.sub(r"\s+(?=([^']*'[^']*')*[^']*$)", "", expression)
        self._contexts = contexts

    def whole(self) -> Any:
        value = self._either()
        assert self._tokens == []
        return value

    def _either(self) -> Any:
        value = self._both()
        while self._next("||"):
            other = self._both()
            value = value or other
        return value

    def _both(self) -> Any:
        value = self._compared()
        while self._next("&&"):
            other = self._compared()
            value = value and other
        return value

    def _compared(self) -> Any:
        value = self._one()
        while self._tokens and self._tokens[0] in ("==", "!="):
            wanted = self._tokens.pop(0) == "=="
            value = _equal(value, self._one()) is wanted
        return value

    def _one(self) -> Any:
        token = self._tokens.pop(0)
        if token == "!":
            return not self._one()
        if token == "(":
            value = self._either()
            assert self._next(")")
            return value
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        return self._call(token) if self._next("(") else self._looked_up(token)

    def _call(self, name: str) -> Any:
        arguments = []
        while not self._next(")"):
            arguments.append(self._either())
            self._next(",")
        if name == "format":
            return str(arguments[0]).format(*map(_shown, arguments[1:]))
        return {"always": True, "success": self._contexts.get("success", True)}[name]

    def _looked_up(self, path: str) -> Any:
        value: Any = self._contexts
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def _next(self, token: str) -> bool:
        found = self._tokens[:1] == [token]
        if found:
            self._tokens.pop(0)
        return found


def _equal(left: Any, right: Any) -> bool:
    """Texts whatever their case; what is of two kinds as numbers, and a text is hardly one."""
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    if type(left) is type(right):
        return bool(left == right)
    return _number(left) == _number(right)


def _number(value: Any) -> float:
    if value is None or value == "":
        return 0
    return float(value) if isinstance(value, bool | int) else math.nan


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
