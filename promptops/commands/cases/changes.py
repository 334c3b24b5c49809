"""Changes of inputs that make an expression of a template true or false, and how they are applied.

A change is a guess: only a rendering shows whether it has the effect.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from itertools import islice, product
from typing import Any, Literal

from promptops.analysis.uses import ITEM
from promptops.commands.cases.conditions import (
    Bound,
    Chain,
    InputPath,
    Level,
    Looping,
    Scope,
    meanings_of,
    nodes_in,
    paths_of,
)
from promptops.commands.cases.example_values import ExampleValues
from promptops.records import record
from promptops.runtime.template import nodes

MAX_ALTERNATIVES = 40
_MAX_DEPTH = 8
_MAX_NUMBER = 2**63
_MAX_SIZE = 10_000
"""Elements of a list, or characters of a text, that a change may make."""

Element = Literal["first", "new", "last"]
ELEMENTS: tuple[Element, ...] = ("first", "new", "last")
"""Which element of a list a change is made in."""


Kind = Literal["set", "missing", "size", "other", "has", "lacks", "copies", "copy"]


@record(frozen=True, slots=True)
class Change:
    """One change at a path.

    Attributes:
        kind: set · missing · size: of a list or text · other: a value that is not in `value`, a
            tuple · has · lacks: a list or text with, without `value` · copies: so many of the
            changed element · copy: the value of another path.
    """

    path: InputPath
    kind: Kind
    value: Any = None


Alternative = tuple[Change, ...]
"""Changes that are made together."""

Solve = Callable[[Any, bool, Scope], Iterable[Alternative]]


class Solver:
    """Finds changes for tests."""

    def __init__(self, values: ExampleValues) -> None:
        self._values = values
        self._depth = 0
        self._by_kind: dict[type, Solve] = {
            nodes.Not: lambda node, truth, scope: self.of(node.node, not truth, scope),
            nodes.And: self._both,
            nodes.Or: self._both,
            nodes.Compare: self._compare,
            nodes.Test: self._test,
            nodes.Filter: self._filter,
            nodes.Call: self._call,
            nodes.CondExpr: self._conditional,
        }

    def level(self, level: Level) -> list[Alternative]:
        """Alternatives that make all tests of a level have their outcome."""
        return _products([self.of(test.node, test.truth, test.scope) for test in level.tests])

    def chain(self, chain: Chain) -> list[Alternative]:
        """Alternatives for all levels of a chain."""
        return _products([self.level(level) for level in chain])

    def of(self, node: nodes.Node, truth: bool, scope: Scope) -> list[Alternative]:
        """Alternatives for one expression; empty if none is known."""
        if self._depth > _MAX_DEPTH:
            return []
        self._depth += 1
        solve = self._by_kind.get(type(node), self._value)
        merged = map(_merged, solve(node, truth, scope))
        found = {repr(changes): changes for changes in islice(merged, 4 * MAX_ALTERNATIVES)}
        self._depth -= 1
        return list(islice(found.values(), MAX_ALTERNATIVES))

    def _both(self, node: nodes.And | nodes.Or, truth: bool, scope: Scope) -> Iterable[Alternative]:
        left = self.of(node.left, truth, scope)
        right = self.of(node.right, truth, scope)
        if isinstance(node, nodes.And) == truth:
            # A side that is not known may hold already.
            return [*_products([left, right]), *([] if left and right else [*left, *right])]
        return [*left, *right]

    def _conditional(
        self, node: nodes.CondExpr, truth: bool, scope: Scope
    ) -> Iterable[Alternative]:
        for outcome, test_truth in ((node.expr1, True), (node.expr2, False)):
            test = self.of(node.test, test_truth, scope)
            if outcome is None or isinstance(outcome, nodes.Const):
                yield from test if bool(outcome and outcome.value) == truth else ()
            else:
                yield from _products([test, self.of(outcome, truth, scope)])

    def _value(self, node: nodes.Node, truth: bool, scope: Scope) -> Iterable[Alternative]:
        """An expression as a condition: a value that is true, or false or missing."""
        yield from self._of_names(node, scope, lambda value: bool(value) == truth, truth)
        looping = _looping(node, scope)
        if looping is not None:
            yield from self._sizes(looping, (2, 1, 3, 4))
        for path in paths_of(node, scope):
            if truth:
                yield from _each_change(path, "set", self._values.truthy(path))
            else:
                yield (Change(path, "missing"),)
                yield from _each_change(path, "set", self._values.falsy(path))

    def _of_names(
        self,
        node: nodes.Node,
        scope: Scope,
        fits: Callable[[Any], bool],
        truth: bool | None = None,
    ) -> Iterator[Alternative]:
        """Alternatives from the expressions that gave a name its value."""
        for meaning in meanings_of(node, scope):
            if not isinstance(meaning, Bound):
                continue
            constant = constant_of(meaning.node)
            around: list[Alternative] = self.chain(meaning.chain) if meaning.chain else [()]
            if constant is not None:
                if fits(constant[0]):
                    yield from (each for each in around if each)
            elif isinstance(meaning.node, nodes.CondExpr):
                for outcome, holds in ((meaning.node.expr1, True), (meaning.node.expr2, False)):
                    own = constant_of(outcome)
                    if own is not None and fits(own[0]):
                        test = self.of(meaning.node.test, holds, meaning.scope)
                        yield from _products([around, test])
            elif truth is not None:
                inner = self.of(meaning.node, truth, meaning.scope)
                yield from _products([around, inner])

    def _sizes(self, looping: Looping, sizes: Iterable[int]) -> Iterator[Alternative]:
        for path in paths_of(looping.iterable, looping.scope):
            yield from _each_change(path, "size", (size for size in sizes if size >= 0))

    # Comparisons.

    def _compare(self, node: nodes.Compare, truth: bool, scope: Scope) -> Iterable[Alternative]:
        sides = [node.expr, *(operand.expr for operand in node.ops)]
        each = []
        for left, operand in zip(sides, node.ops, strict=False):
            op = operand.op if truth else _NEGATED[operand.op]
            each.append(list(self._compared(left, op, operand.expr, scope)))
        return _products(each) if truth else [way for ways in each for way in ways]

    def _compared(
        self, left: nodes.Node, op: str, right: nodes.Node, scope: Scope
    ) -> Iterable[Alternative]:
        given = constant_of(right)
        if given is not None:
            yield from self._with_constant(left, op, given[0], scope)
            return
        given = constant_of(left)
        if given is not None:
            if op in ("in", "notin"):
                for path in paths_of(right, scope):
                    yield (Change(path, "has" if op == "in" else "lacks", given[0]),)
            else:
                yield from self._with_constant(right, _MIRRORED[op], given[0], scope)
            return
        yield from self._two_paths(left, op, right, scope)

    def _with_constant(
        self, node: nodes.Node, op: str, value: Any, scope: Scope
    ) -> Iterable[Alternative]:
        yield from self._of_names(node, scope, lambda own: _holds(own, op, value))
        members = list(value) if isinstance(value, (list, tuple, str, dict)) else []
        if op == "in":
            for member in members[:10]:
                yield from self._equal(node, "eq", member, scope)
        elif op == "notin":
            yield from self._equal(node, "none", members, scope)
        elif op in ("eq", "ne"):
            yield from self._equal(node, op, value, scope)
        elif isinstance(value, (int, float)):
            for wanted in _numbers(op, value):
                yield from self._equal(node, "eq", wanted, scope)
        else:
            yield from self._equal(node, "eq", value, scope)
            yield from self._equal(node, "ne", value, scope)

    def _equal(self, node: nodes.Node, op: str, value: Any, scope: Scope) -> Iterable[Alternative]:
        """Changes after which an expression equals a value, or (`ne`, `none`) does not."""
        base, inverse, counts = _inverse(node)
        looping = _looping(base, scope)
        if looping is not None and isinstance(value, (int, float)):
            yield from self._sizes(looping, (int(value) + 1, int(value), int(value) + 2, 2, 1))
            return
        for path in paths_of(base, scope):
            if counts:
                selecting = next((f for f in _filters(node) if f.name in _SELECTING), None)
                if selecting is not None and op == "eq" and value:
                    for way in self._selected(selecting, True, scope):
                        yield (*way, Change(path, "copies", int(value)))
                elif op == "eq" and isinstance(value, (int, float)) and value >= 0:
                    yield (Change(path, "size", int(value)),)
                elif op == "ne":
                    yield from _each_change(path, "size", (value + 1, value - 1))
            elif op == "eq":
                yield from _each_change(path, "set", inverse(value))
            else:
                refused = tuple(value) if op == "none" else (value,)
                yield (Change(path, "other", tuple(map(_frozen, refused))),)
                yield (Change(path, "missing"),)
        # The default of a filter is the value of what is missing.
        default = next((f for f in _filters(node) if f.name in ("default", "d")), None)
        if default is not None:
            for path in paths_of(base, scope):
                yield (Change(path, "missing"),)

    def _two_paths(
        self, left: nodes.Node, op: str, right: nodes.Node, scope: Scope
    ) -> Iterable[Alternative]:
        for one, other in product(paths_of(left, scope), paths_of(right, scope)):
            if op == "eq":
                yield (Change(one, "copy", other),)
                yield (Change(other, "copy", one),)
            elif op == "ne":
                yield (Change(one, "other", ()),)
            elif op in ("in", "notin"):
                yield (Change(other, "has" if op == "in" else "lacks", one),)
                if op == "notin":
                    yield (Change(one, "other", ()),)
            else:
                low, high = (one, other) if op in ("lt", "lteq") else (other, one)
                yield (Change(low, "set", 1), Change(high, "set", 2))
                yield (Change(low, "size", 1), Change(high, "size", 2))

    # Tests, filters and calls.

    def _test(self, node: nodes.Test, truth: bool, scope: Scope) -> Iterable[Alternative]:
        name, truth = (node.name, truth) if node.name != "undefined" else ("defined", not truth)
        if name in _COMPARING and node.args:
            op = _COMPARING[name] if truth else _NEGATED[_COMPARING[name]]
            yield from self._compared(node.node, op, node.args[0], scope)
            return
        (number,) = (constant_of(node.args[0]) if node.args else None) or (2,)
        base, _, _ = _inverse(node.node)
        looping = _looping(base, scope)
        if looping is not None:
            yield from self._sizes(looping, (2, 1, 3, 4))
        for path in paths_of(base, scope):
            missing = Change(path, "missing")
            if name == "defined":
                yield (Change(path, "set", self._values.at(path)) if truth else missing,)
                continue
            fitting, others = _OF_TEST.get(name, ((), ()))
            if name == "divisibleby":
                fitting, others = (number, 2 * number), (number + 1, 1)
            own = (self._values.at(path), *self._values.falsy(path))
            yield from _each_change(path, "set", fitting if truth else (*others, *own))
            if not truth:
                yield (missing,)

    def _filter(self, node: nodes.Filter, truth: bool, scope: Scope) -> Iterable[Alternative]:
        if node.name in _SELECTING:
            yield from self._selected(node, truth, scope)
        elif node.name in ("length", "count", "wordcount"):
            for path in paths_of(node.node, scope):
                yield from _each_change(path, "size", (1, 2) if truth else (0,))
                if not truth:
                    yield (Change(path, "missing"),)
        elif node.node is not None and node.name in _PASSING:
            yield from self.of(node.node, truth, scope)
        if node.name in ("default", "d") and node.args:
            fallback = constant_of(node.args[0])
            if fallback is not None and bool(fallback[0]) == truth:
                yield from ((Change(p, "missing"),) for p in paths_of(node.node, scope))

    def _selected(self, node: nodes.Filter, truth: bool, scope: Scope) -> Iterable[Alternative]:
        """A list with an element that is selected, or without one."""
        keeps = node.name in ("selectattr", "select")
        for path in paths_of(node.node, scope):
            element = nodes.Name(node.at, "_element")
            inner: Scope = {**scope, "_element": (path.step(ITEM),)}
            args = list(node.args)
            subject: nodes.Expression = element
            if node.name.endswith("attr"):
                attribute = constant_of(args.pop(0)) if args else None
                if attribute is None:
                    continue
                for step in str(attribute[0]).split("."):
                    subject = nodes.Getattr(node.at, subject, step)
            test: nodes.Expression = subject
            if args and (named := constant_of(args[0])) is not None:
                test = nodes.Test(node.at, subject, str(named[0]), tuple(args[1:]))
            yield from self.of(test, keeps == truth, inner)
            if not truth:
                yield (Change(path, "size", 0),)
                yield (Change(path, "missing"),)

    def _call(self, node: nodes.Call, truth: bool, scope: Scope) -> Iterable[Alternative]:
        if isinstance(node.node, nodes.Name) and node.node.name == "range":
            for path in paths_of(node.args[min(1, len(node.args) - 1)], scope):
                yield (Change(path, "set", 2 if truth else 0),)


def _each_change(path: InputPath, kind: Kind, values: Iterable[Any]) -> Iterator[Alternative]:
    """One change at a path for each value, as alternatives."""
    return ((Change(path, kind, value),) for value in values)


_NEGATED = {
    "eq": "ne", "ne": "eq", "lt": "gteq", "gteq": "lt", "gt": "lteq", "lteq": "gt",
    "in": "notin", "notin": "in",
}  # fmt: skip
_MIRRORED = {
    "eq": "eq", "ne": "ne", "lt": "gt", "gt": "lt", "lteq": "gteq", "gteq": "lteq",
}  # fmt: skip
_COMPARING = {
    "eq": "eq", "equalto": "eq", "==": "eq", "ne": "ne", "!=": "ne", "lt": "lt", "<": "lt",
    "lessthan": "lt", "gt": "gt", ">": "gt", "greaterthan": "gt", "le": "lteq", "<=": "lteq",
    "ge": "gteq", ">=": "gteq", "in": "in", "sameas": "eq",
}  # fmt: skip
"""Tests that compare with an argument."""

_OF_TEST: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {
    "none": ((None,), ()),
    "string": (("some text",), (1, ["some text"], {"text": "some text"})),
    "number": ((1, 2.5), ("some text",)),
    "integer": ((1,), (2.5, "some text")),
    "float": ((2.5,), (1, "some text")),
    "boolean": ((True,), ("some text", 1)),
    "true": ((True,), (False, "some text")),
    "false": ((False,), (True, "some text")),
    "mapping": (({"first": "some text"},), ("some text", ["some text"])),
    "sequence": ((["some text"], "some text"), (1, None, True)),
    "iterable": ((["some text"], "some text"), (1, None, True)),
    "even": ((2, 4), (3, 1)),
    "odd": ((3, 1), (2, 4)),
    "lower": (("some text",), ("SOME TEXT",)),
    "upper": (("SOME TEXT",), ("some text",)),
}
"""Values for which a test is true, and values for which it is false."""

_SELECTING = frozenset(("selectattr", "rejectattr", "select", "reject"))
_PASSING = frozenset(
    str.split("default d trim sort list unique reverse lower upper string items dictsort first last"
              " join map int float abs round title capitalize safe")
)  # fmt: skip
"""Filters whose result is true if their input is."""


def constant_of(node: nodes.Node | None) -> tuple[Any] | None:
    """The value of a literal, in a tuple; None if it is not one, or a number that is too large."""
    if isinstance(node, nodes.Const):
        is_number = isinstance(node.value, (int, float))
        return None if is_number and abs(node.value) > _MAX_NUMBER else (node.value,)
    if isinstance(node, (nodes.List, nodes.Tuple)):
        items = [constant_of(item) for item in node.items]
        if all(item is not None for item in items):
            return ([item[0] for item in items if item is not None],)
    if isinstance(node, nodes.Neg):
        inner = constant_of(node.node)
        return (-inner[0],) if inner is not None and isinstance(inner[0], (int, float)) else None
    return None


def _looping(node: nodes.Node, scope: Scope) -> Looping | None:
    """The loop whose variable an expression reads: `loop.index % 2`."""
    for each in nodes_in(node, nodes.Getattr):
        if isinstance(each.node, nodes.Name):
            for meaning in scope.get(each.node.name, ()):
                if isinstance(meaning, Looping):
                    return meaning
    return None


def _filters(node: nodes.Node | None) -> Iterator[nodes.Filter]:
    while isinstance(node, nodes.Filter):
        yield node
        node = node.node


def _inverse(
    node: nodes.Node | None,
) -> tuple[nodes.Node, Callable[[Any], Iterable[Any]], bool]:
    """The value that an expression is computed from, how to compute back, and whether it counts.

    `score * 2 + 1` is computed from `score`; 7 comes from 3.
    """
    if isinstance(node, nodes.Filter):
        base, inverse, counts = _inverse(node.node)
        if node.name in ("length", "count", "wordcount"):
            return base, inverse, True
        if node.name in ("lower", "upper", "title", "capitalize", "trim", "string", "int", "float"):
            return base, lambda value: _written(inverse(value), node.name), counts
        if node.name in ("abs", "round", "default", "d", "list", "sort", "unique", "first", "last"):
            kept = node if node.name in ("first", "last") else base
            return kept, inverse, counts
        return node, _same, False
    if isinstance(node, nodes.Binary) and node.op in _ARITHMETIC:
        (number,) = constant_of(node.right) or (None,)
        if isinstance(number, (int, float)) and number:
            op = node.op
            base, inverse, counts = _inverse(node.left)
            return base, lambda value: _each(inverse, _operands(op, value, number)), counts
    return node or nodes.Const(0, None), _same, False


def _same(value: Any) -> Iterable[Any]:
    return (value,)


def _each(inverse: Callable[[Any], Iterable[Any]], values: Iterable[Any]) -> list[Any]:
    return [found for value in values for found in inverse(value)]


def _operands(op: str, value: Any, number: float) -> tuple[Any, ...]:
    """The left operands with which arithmetic with a number may give a value."""
    try:
        return _ARITHMETIC[op](value, number) if isinstance(value, (int, float)) else ()
    except ArithmeticError:
        return ()


_ARITHMETIC: dict[str, Callable[[Any, Any], tuple[Any, ...]]] = {
    "+": lambda value, n: (value - n,),
    "-": lambda value, n: (value + n,),
    "*": lambda value, n: (value // n, value / n),
    "/": lambda value, n: (value * n,),
    "//": lambda value, n: (value * n,),
    "%": lambda value, n: (value, value + n),
}


def _written(values: Iterable[Any], name: str) -> Iterator[Any]:
    """What a filter may have made these values from."""
    for value in values:
        yield value
        if isinstance(value, str) and name in ("lower", "upper", "title", "capitalize"):
            yield value.title() if name != "title" else value.lower()
        if isinstance(value, (int, float)) and name in ("int", "float", "string"):
            yield str(value)


def _numbers(op: str, value: float) -> tuple[float, ...]:
    if op == "gt":
        return (value + 1, value + 0.5)
    if op == "lt":
        return (value - 1, value - 0.5)
    return (value, value + 1) if op == "gteq" else (value, value - 1)


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "lteq": operator.le,
    "gt": operator.gt, "gteq": operator.ge,
    "in": lambda own, value: own in value, "notin": lambda own, value: own not in value,
}  # fmt: skip


def _holds(own: Any, op: str, value: Any) -> bool:
    try:
        return bool(_OPERATORS[op](own, value))
    except TypeError:
        return False


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _products(each: Sequence[list[Alternative]]) -> list[Alternative]:
    """One alternative of each, together."""
    found = (sum(ways, ()) for ways in product(*each))
    return list(islice(found, MAX_ALTERNATIVES))


def _merged(changes: Alternative) -> Alternative:
    """Changes of one path to other values, as one change."""
    refused: dict[InputPath, tuple[Any, ...]] = {}
    found: list[Change] = []
    for change in changes:
        if change.kind == "other":
            refused[change.path] = (*refused.get(change.path, ()), *change.value)
        elif change not in found:
            found.append(change)
    set_ = {change.path for change in found if change.kind == "set"}
    others = (Change(path, "other", values) for path, values in refused.items() if path not in set_)
    return (*found, *others)


# Applying changes.


def changed(
    inputs: dict[str, Any], changes: Sequence[Change], element: Element, values: ExampleValues
) -> dict[str, Any] | None:
    """A copy of the inputs with changes; None if one can't be made."""
    applying = _Applying(deepcopy(inputs), element, values)
    try:
        for change in changes:
            applying.make(change)
    except (LookupError, TypeError, ValueError):
        return None
    return applying.inputs


class _Applying:
    """Changes of one copy; all of them in the same element of a list."""

    def __init__(self, inputs: dict[str, Any], element: Element, values: ExampleValues) -> None:
        self.inputs = inputs
        self._element = element
        self._values = values
        self._grown: set[int] = set()

    def make(self, change: Change) -> None:
        """Raises LookupError or TypeError if it can't be made."""
        container, step, path = self._parent(change.path, create=change.kind != "missing")
        if change.kind != "missing":
            container[step] = self._new_value(change, path, _get(container, step))
        elif isinstance(container, dict):
            container.pop(step, None)

    def _new_value(self, change: Change, path: InputPath, old: Any) -> Any:
        values = self._values
        if change.kind in ("size", "copies") and change.value > _MAX_SIZE:
            raise ValueError(change.value)
        if change.kind == "size":
            if not isinstance(old, list):
                return values.sized(path, change.value)
            added = range(len(old), change.value)
            return [*old[: change.value], *(values.at(path.step(number)) for number in added)]
        if change.kind == "copies":
            changed_at = 0 if self._element == "first" else -1
            return [*old, *(deepcopy(old[changed_at]) for _ in range(change.value - 1))]
        if change.kind == "other":
            return values.other(path, [*change.value, *([] if change.value else [old])])
        wanted = change.value
        if isinstance(wanted, InputPath):
            source, last, _ = self._parent(wanted, create=True)
            wanted = source[last]
        if change.kind in ("has", "lacks"):
            return _with(old, wanted) if change.kind == "has" else _without(old, wanted)
        return deepcopy(wanted)

    def _parent(self, path: InputPath, create: bool) -> tuple[Any, Any, InputPath]:
        """The container of a value, its key or index there, and the concrete path."""
        container: Any = self.inputs
        here = InputPath(path.name)
        step: Any = path.name
        for following in path.steps:
            below = _get(container, step)
            if not isinstance(below, (dict, list)):
                if not create:
                    return None, step, here
                below = self._values.at(here)
                if not isinstance(below, (dict, list)):
                    below = {} if isinstance(following, str) else []
                container[step] = below
            container, step = below, self._step(below, following, here, create)
            here = here.step(step)
        return container, step, here

    def _step(self, container: Any, step: Any, path: InputPath, create: bool) -> Any:
        if isinstance(container, dict):
            if isinstance(step, str):
                return step
            return next(iter(container), "first")
        if isinstance(step, str):
            raise LookupError(step)
        if isinstance(step, int):
            if step > _MAX_SIZE:
                raise LookupError(step)
            while create and len(container) <= (step if step >= 0 else 0):
                container.append(self._values.at(path.step(len(container))))
            return step if step >= 0 else len(container) - 1
        if (
            create
            and (not container or self._element == "new")
            and id(container) not in self._grown
        ):
            self._grown.add(id(container))
            container.append(self._values.at(path.step(len(container))))
        if not container:
            raise LookupError(path.name)
        return 0 if self._element == "first" else len(container) - 1


def _get(container: Any, step: Any) -> Any:
    if isinstance(container, dict):
        return container.get(step)
    return container[step] if -len(container) <= step < len(container) else None


def _with(old: Any, wanted: Any) -> Any:
    if isinstance(old, list):
        return old if wanted in old else [*old, wanted]
    if isinstance(old, dict):
        return {**old, wanted: "some text"}
    return f"{old} {wanted}" if isinstance(old, str) and old else wanted


def _without(old: Any, wanted: Any) -> Any:
    if isinstance(old, list):
        return [each for each in old if each != wanted]
    if isinstance(old, dict):
        return {key: value for key, value in old.items() if key != wanted}
    return old.replace(str(wanted), "").strip() if isinstance(old, str) else old
