"""Translate Python comprehensions to chains of Jinja filters; the tables of equivalents."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum

from promptops.records import record

ComprehensionNode = ast.ListComp | ast.GeneratorExp


class Level(IntEnum):
    """How tightly an operator of Jinja binds."""

    IF = 0
    OR = 1
    AND = 2
    NOT = 3
    COMPARED = 4
    ADDED = 5
    MULTIPLIED = 6
    SIGNED = 7
    FILTERED = 8
    ATOM = 9


COMPARISONS: Mapping[type[ast.AST], tuple[str, str]] = {
    ast.Eq: ("==", "eq"),
    ast.NotEq: ("!=", "ne"),
    ast.Lt: ("<", "lt"),
    ast.LtE: ("<=", "le"),
    ast.Gt: (">", "gt"),
    ast.GtE: (">=", "ge"),
    ast.In: ("in", "in"),
    ast.NotIn: ("not in", "in"),
}
"""From a comparison to Jinja's operator, and to the test of `select` that does the same."""

_MIRRORED: Mapping[type[ast.AST], type[ast.cmpop]] = {
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
}
_SAME_NAME = str.split("abs float int list lower max min round split sum title upper capitalize")
FILTERS: Mapping[str, str] = {
    **{name: name for name in _SAME_NAME},
    "json": "parse_json",
    "keys": "list",
    "len": "length",
    "lines": "split('\\n')",
    "replace": "replace",
    "sorted": "sort(case_sensitive=true)",
    "splitlines": "split('\\n')",
    "str": "string",
    "strip": "trim",
    "text": "string",
    "words": "split",
}
"""From a function or a method to the filter that does the same."""


class NoEquivalent(Exception):
    """A part of an expression has no Jinja equivalent; the message is the part."""

    def __init__(self, node: ast.AST) -> None:
        text = ast.unparse(ast.fix_missing_locations(node))
        super().__init__(text if len(text) <= 60 else f"{text[:59]}…")


@record(frozen=True, slots=True, eq=False)
class Comprehension:
    """A comprehension, whose parts become filters.

    Its methods raise NoEquivalent.

    Attributes:
        translate: From a part of an expression to its Jinja, in brackets where its operator binds
            less tightly than the given level.
    """

    node: ComprehensionNode
    translate: Callable[[ast.expr, Level], str]

    def listed(self) -> str:
        """The Jinja for the list of its items."""
        return " | ".join([self._source(), *self._maps(self.node.elt), "list"])

    def counted(self, test: ast.expr, *, every: bool) -> str:
        """The Jinja for the items that fail the test (`every`), or for those that pass it."""
        try:
            return " | ".join([self._source(), *self._chosen(test, keep=not every)])
        except NoEquivalent:
            tested, arguments, positive = self._tested(test)
            word = "select" if positive is not every else "reject"
            return " | ".join([self._source(), *self._maps(tested), _filter(word, None, arguments)])

    @property
    def _item(self) -> str:
        """The name of its variable."""
        target = self.node.generators[0].target
        if len(self.node.generators) > 1 or not isinstance(target, ast.Name):
            raise NoEquivalent(self.node)
        return target.id

    def _source(self) -> str:
        """The iterated value, without the items that the conditions exclude."""
        generator = self.node.generators[0]
        steps = (step for test in generator.ifs for step in self._chosen(test, keep=True))
        return " | ".join([self.translate(generator.iter, Level.FILTERED), *steps])

    def _maps(self, node: ast.expr) -> list[str]:
        """The filters that compute an expression for each item."""
        if self._is_item(node):
            return []
        path = self._path(node)
        if path is not None:
            return [f"map(attribute={path!r})"]
        if isinstance(node, ast.Subscript) and isinstance(node.slice, (ast.Constant, ast.UnaryOp)):
            name = {"0": "first", "-1": "last"}.get(ast.unparse(node.slice))
            if name is not None:
                return [*self._maps(node.value), f"map('{name}')"]
        if isinstance(node, ast.Call) and not node.keywords:
            return self._map_of_call(node)
        raise NoEquivalent(node)

    def _map_of_call(self, node: ast.Call) -> list[str]:
        if isinstance(node.func, ast.Attribute):
            name, parts = node.func.attr, [node.func.value, *node.args]
        else:
            name, parts = getattr(node.func, "id", ""), node.args
        if name not in FILTERS or "(" in FILTERS[name] or not parts or self._uses(*parts[1:]):
            raise NoEquivalent(node)
        arguments = "".join(f", {self.translate(part, Level.IF)}" for part in parts[1:])
        return [*self._maps(parts[0]), f"map('{FILTERS[name]}'{arguments})"]

    def _chosen(self, test: ast.expr, *, keep: bool) -> Iterator[str]:
        """The filters that keep the items for which a test holds, or that exclude them."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            yield from self._chosen(test.operand, keep=not keep)
            return
        if isinstance(test, ast.BoolOp):
            if isinstance(test.op, ast.And) is not keep:
                raise NoEquivalent(test)
            for part in test.values:
                yield from self._chosen(part, keep=keep)
            return
        tested, arguments, positive = self._tested(test)
        path, word = self._path(tested), "select" if keep is positive else "reject"
        if path is None and not self._is_item(tested):
            raise NoEquivalent(test)
        yield _filter(word, path, arguments)

    def _tested(self, test: ast.expr) -> tuple[ast.expr, list[str], bool]:
        """The tested value, the arguments of `select` for it, and whether it is not negated."""
        if not isinstance(test, ast.Compare):
            return test, [], True
        operator, left, right = test.ops[0], test.left, test.comparators[0]
        if self._uses(right) and not self._uses(left) and type(operator) in _MIRRORED:
            operator, left, right = _MIRRORED[type(operator)](), right, left
        if len(test.ops) > 1 or type(operator) not in COMPARISONS or self._uses(right):
            raise NoEquivalent(test)
        name = COMPARISONS[type(operator)][1]
        arguments = [repr(name), self.translate(right, Level.IF)]
        return left, arguments, not isinstance(operator, ast.NotIn)

    def _path(self, node: ast.expr) -> str | None:
        """The keys that lead from an item to a part of it, as Jinja joins them."""
        keys: list[str] = []
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            key = node.attr if isinstance(node, ast.Attribute) else _key(node.slice)
            if key is None:
                return None
            keys.insert(0, key)
            node = node.value
        return ".".join(keys) if keys and self._is_item(node) else None

    def _is_item(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id == self._item

    def _uses(self, *parts: ast.expr) -> bool:
        return any(self._is_item(node) for part in parts for node in ast.walk(part))


def _filter(word: str, path: str | None, arguments: list[str]) -> str:
    if path is not None:
        word, arguments = f"{word}attr", [repr(path), *arguments]
    return f"{word}({', '.join(arguments)})" if arguments else word


def _key(node: ast.expr) -> str | None:
    known = isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value
    return known if known and known.isidentifier() else None
