"""Facts that tests in a template prove about the type of a value: `{% if x is mapping %}`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from promptops.analysis.input_schemas import InputSchemas
from promptops.analysis.uses import Path, Step, TemplateSpan, Use
from promptops.lint.guards import guards_of, test_of, written_path
from promptops.lint.subject import PromptFacts, TemplateScope
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.runtime.template import nodes
from promptops.runtime.template.template import TemplateError, parse

MISSING = "missing"
"""The kind of a missing value; the others are JSON Schema's types without `integer`."""

Fact = tuple[Path, str]
"""A name with the steps below it, as written there, and a kind that it does not have."""
Facts = frozenset[Fact]

_NOTHING: Facts = frozenset()
_NULL = frozenset(("null",))
_NO_VALUE = frozenset(("null", MISSING))
_SIZED = frozenset(("array", "object", "string"))
_COUNTED = frozenset(("boolean", "number"))
_ALL = _SIZED | _COUNTED | _NO_VALUE

# The kinds that can pass a test, and those of them that can also fail it.
_TESTS = {
    "string": (frozenset(("string",)), _NOTHING),
    "mapping": (frozenset(("object",)), _NOTHING),
    "sequence": (_SIZED, _NOTHING),
    "iterable": (_SIZED, _NOTHING),
    "boolean": (frozenset(("boolean",)), _NOTHING),
    "true": (frozenset(("boolean",)), frozenset(("boolean",))),
    "false": (frozenset(("boolean",)), frozenset(("boolean",))),
    "number": (_COUNTED, _NOTHING),  # in Jinja a boolean is a number, too
    "integer": (frozenset(("number",)), frozenset(("number",))),
    "float": (frozenset(("number",)), frozenset(("number",))),
    "none": (_NULL, _NOTHING),
    "defined": (_ALL - {MISSING}, _NOTHING),
    "undefined": (frozenset((MISSING,)), _NOTHING),
}
_DIVIDED = frozenset(("divisibleby", "even", "odd"))
_EQUAL = {"==": "eq", "eq": "eq", "equalto": "eq", "!=": "ne", "ne": "ne", "in": "in"}
_ORDER = frozenset(str.split("< <= > >= lt le gt ge lessthan greaterthan"))
_SIZES = frozenset(("length", "count"))
_FALLBACKS = frozenset(("default", "d"))


def excluded_kinds(use: Use, whens: Sequence[TemplateScope]) -> frozenset[str]:
    """The kinds that the value of a use can't have, because the template tested it before.

    `whens` are the conditions of the text.
    """
    written = _written(use)
    facts = [fact for each in _around(use, whens) for fact in each if fact[0] == written]
    for site in use.aliases:
        facts += (fact for fact in _known_at(site) if fact[0][0] == site.source)
    return frozenset(kind for _, kind in facts)


def is_unreachable(use: Use, scope: TemplateScope, subject: PromptFacts) -> bool:
    """Whether the tests and the schema of the inputs together exclude every caller.

    An example is the `else` of an `is defined` for a required key.
    """
    excluded: dict[tuple[str, Path], set[str]] = {}
    inputs = _inputs(scope, subject)
    for facts in _around(use, guards_of(scope, subject.scopes)):
        for written, kind in facts:
            meant = _meant(written, use, inputs)
            if meant is not None:
                excluded.setdefault(meant, set()).add(kind)
    schemas = subject.input_schemas
    return any(_possible(schemas, *meant) <= kinds for meant, kinds in excluded.items())


def _inputs(scope: TemplateScope, subject: PromptFacts) -> frozenset[str]:
    """The names that refer to an input everywhere in the templates of a text."""
    declared = subject.prompt.inputs.get("properties") or {} if subject.prompt else {}
    return frozenset(declared) - {each.name for each in scope.scope.definitions}


def _meant(written: Path, use: Use, inputs: frozenset[str]) -> tuple[str, Path] | None:
    """The input, and the path below it, that a name with its steps refers to near a use."""
    name, below = str(written[0]), written[1:]
    if name == use.site.source:
        steps = len(_written(use)) - 1
        return use.name, (*use.path[: len(use.path) - steps], *below)
    return (name, below) if name in inputs else None


def _possible(schemas: InputSchemas, name: str, path: Path) -> frozenset[str]:
    """The kinds that a schema allows; all kinds if that is not certain."""
    shape = schemas.at(name, path)
    if shape is None or not shape.declared or not shape.types:
        return _ALL
    optional = any(
        above is None or above.optional
        for above in (schemas.at(name, path[:length]) for length in range(len(path) + 1))
    )
    return shape.types | {MISSING} if optional else shape.types


def _around(use: Use, whens: Sequence[TemplateScope]) -> Iterator[Facts]:
    """The facts known at a use, and at the includes that lead to it."""
    yield from (_facts_of_name(when) for when in whens)
    yield from (_known_at(site) for site in (use.site, *use.stack))


def _written(use: Use) -> Path:
    """The name of a use and the steps after it, rather than where its value comes from."""
    steps: list[Step] = []
    for step, site in zip(reversed(use.path), reversed(use.path_sites), strict=True):
        if site.text is not use.site.text or site.start < use.site.end:
            break
        steps.append(step)
    return (use.site.source, *reversed(steps))


def _facts_of_name(when: TemplateScope) -> Facts:
    test = test_of(when)
    return _NOTHING if test is None else _excluded_by(test, True)


def _known_at(site: TemplateSpan) -> Facts:
    return _facts(site.text.value).get(site.start, _NOTHING)


@lru_cache(maxsize=256)
def _facts(source: str) -> dict[int, Facts]:
    """The facts known at each name and literal, by offset."""
    found: dict[int, Facts] = {}
    with suppress(TemplateError):
        _walk(parse(source).tree, _NOTHING, found)
    return found


def _walk(node: nodes.Node, known: Facts, found: dict[int, Facts]) -> None:
    if known and isinstance(node, nodes.Name | nodes.Const):
        found[node.at] = known
    if known and isinstance(node, nodes.Getattr):
        found[node.at + 1] = known
    if isinstance(node, nodes.If):
        _walk_if(node, known, found)
    elif isinstance(node, nodes.For) and node.test is not None:
        inside = known | _excluded_by(node.test, True)
        for child in (node.iter, node.test, *node.else_):
            _walk(child, known, found)
        for child in node.body:
            _walk(child, inside, found)
    elif isinstance(node, nodes.And | nodes.Or):
        _walk(node.left, known, found)
        _walk(node.right, known | _excluded_by(node.left, isinstance(node, nodes.And)), found)
    elif isinstance(node, nodes.CondExpr):
        _walk(node.test, known, found)
        _walk(node.expr1, known | _excluded_by(node.test, True), found)
        if node.expr2 is not None:
            _walk(node.expr2, known | _excluded_by(node.test, False), found)
    else:
        for child in node.children():
            _walk(child, known, found)


def _walk_if(node: nodes.If, known: Facts, found: dict[int, Facts]) -> None:
    for part in (node, *node.elif_):
        _walk(part.test, known, found)
        for child in part.body:
            _walk(child, known | _excluded_by(part.test, True), found)
        known |= _excluded_by(part.test, False)
    for child in node.else_:
        _walk(child, known, found)


def _excluded_by(test: nodes.Node, truth: bool) -> Facts:
    """The kinds that a value does not have if a test has the given outcome."""
    if isinstance(test, nodes.Not):
        return _excluded_by(test.node, not truth)
    if isinstance(test, nodes.And | nodes.Or):
        left, right = _excluded_by(test.left, truth), _excluded_by(test.right, truth)
        return left | right if isinstance(test, nodes.And) == truth else left & right
    if isinstance(test, nodes.Test):
        return _tested(test, truth)
    if isinstance(test, nodes.Compare):
        return _not_of(test.expr, _compared(test.ops[0].op, test.ops[0].expr, truth))
    if isinstance(test, nodes.Filter):
        return _not_of(test.node, _filtered(test.name, truth))
    return _not_of(test, _NO_VALUE if truth else frozenset((MISSING,)))


def _tested(test: nodes.Test, truth: bool) -> Facts:
    if test.name in _TESTS:
        passing, either = _TESTS[test.name]
        return _not_of(test.node, _ALL - passing if truth else passing - either)
    if test.name in _DIVIDED:
        return _not_of(test.node, _ALL - _COUNTED)
    if test.name in _EQUAL and test.args:
        return _not_of(test.node, _compared(_EQUAL[test.name], test.args[0], truth))
    if test.name in _ORDER and test.args:
        return _not_of(test.node, _compared("lt", test.args[0], truth))
    return _NOTHING


def _compared(operator: str, other: nodes.Node, truth: bool) -> frozenset[str]:
    """The kinds that the left side of a comparison excludes; missing values can't be compared."""
    values = _literals(operator, other)
    # Comparing the order of two kinds fails, so it proves facts in both outcomes.
    if operator not in ("eq", "ne", "in", "notin") or truth == (operator in ("eq", "in")):
        return _NO_VALUE if values is None else _ALL - _kinds(values)
    return _NO_VALUE if values and None in values else frozenset((MISSING,))


def _literals(operator: str, other: nodes.Node) -> list[Any] | None:
    if operator not in ("in", "notin"):
        return [other.value] if isinstance(other, nodes.Const) else None
    items = other.items if isinstance(other, nodes.List | nodes.Tuple) else None
    if items is None or not all(isinstance(item, nodes.Const) for item in items):
        return None
    return [item.value for item in items if isinstance(item, nodes.Const)]


def _kinds(values: Iterable[Any]) -> frozenset[str]:
    """The kinds that literals can be equal to; 1 equals true."""
    found: set[str] = set()
    for value in values:
        found |= {"string"} if isinstance(value, str) else _NULL if value is None else _COUNTED
    return frozenset(found)


def _filtered(name: str, truth: bool) -> frozenset[str]:
    if name in _SIZES:
        return _ALL - _SIZED
    return _NULL if truth and name in _FALLBACKS else frozenset()


def _not_of(node: nodes.Node | None, kinds: Iterable[str]) -> Facts:
    path = written_path(node)
    return _NOTHING if path is None else frozenset((path, kind) for kind in kinds)


# Finds places where text can be inserted into a template safely.

_END = lazy_pattern(r"\s*[-+]?\}\}")


def end_of_expression(site: TemplateSpan) -> Place | None:
    """The empty place after a span at the end of a `{{ … }}`; None if more follows.

    Inserted text must be safe in every YAML scalar: no quotes, no `#`, no `: `.
    """
    if not _END.match(site.text.value, site.end):
        return None
    last = site.text.place(site.end - 1, site.end)
    return Place(last.path, last.end_line, last.end_column, last.end_line, last.end_column)
