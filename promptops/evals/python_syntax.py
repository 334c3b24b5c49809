"""Translate Python expressions, the earlier notation, to Jinja for the hint of an error."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Written = tuple[str, int]
"""Jinja, and how tightly its outermost operator binds."""

_IF, _OR, _AND, _NOT, _COMPARED, _ADDED, _MULTIPLIED, _SIGNED, _FILTERED, _ATOM = range(10)

_OPERATORS: Mapping[type[ast.AST], tuple[str, int]] = {
    ast.Add: ("+", _ADDED),
    ast.Sub: ("-", _ADDED),
    ast.Mult: ("*", _MULTIPLIED),
    ast.Div: ("/", _MULTIPLIED),
    ast.FloorDiv: ("//", _MULTIPLIED),
    ast.Mod: ("%", _MULTIPLIED),
}
_COMPARISONS: Mapping[type[ast.AST], tuple[str, str]] = {
    ast.Eq: ("==", "eq"),
    ast.NotEq: ("!=", "ne"),
    ast.Lt: ("<", "lt"),
    ast.LtE: ("<=", "le"),
    ast.Gt: (">", "gt"),
    ast.GtE: (">=", "ge"),
    ast.In: ("in", "in"),
    ast.NotIn: ("not in", "in"),
}
_MIRRORED: Mapping[type[ast.AST], type[ast.cmpop]] = {
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
}
_CONSTANTS = {"True": "true", "False": "false", "None": "none"}
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


class _NoEquivalent(Exception):
    """A part of an expression has no Jinja equivalent; the message is the part."""


def hint(text: str, called: str = "") -> str | None:
    """The same expression as Jinja, or why there is none; None if neither is known.

    `called` is the name of a function or a method in it: if not all of the expression is Python,
    the hint shows the Jinja for this name.
    """
    tree = _tree(text)
    if tree is None or any(isinstance(node, ast.BitOr) for node in ast.walk(tree)):
        return f"write `… | {FILTERS[called]}`" if called in FILTERS else None
    try:
        return f"write `{_at(tree, _IF)}`"
    except _NoEquivalent as error:
        return f"Jinja has no equivalent of `{error}`; a `python` assertion can check it"


def has_comprehension(text: str) -> bool:
    """Whether an expression is Python with a comprehension in it."""
    tree = _tree(text)
    parts = ast.walk(tree) if tree is not None else ()
    return any(isinstance(node, (ast.ListComp, ast.GeneratorExp)) for node in parts)


def _tree(text: str) -> ast.expr | None:
    """The syntax tree of Python, newlines anywhere in it; None for anything else."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a backslash in a string
            return ast.parse(f"({text}\n)", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _at(node: ast.expr, level: int) -> str:
    """The Jinja of a part, in brackets where its operator binds less tightly than `level`."""
    text, own = _written(node)
    return text if own >= level else f"({text})"


def _written(node: ast.expr) -> Written:
    write = _WRITERS.get(type(node))
    return write(node) if write else (_atom(node), _ATOM)


def _joined(node: ast.BoolOp) -> Written:
    word, level = ("and", _AND) if isinstance(node.op, ast.And) else ("or", _OR)
    return f" {word} ".join(_at(value, level + 1) for value in node.values), level


def _operated(node: ast.BinOp) -> Written:
    if type(node.op) not in _OPERATORS:
        raise _none(node)
    word, level = _OPERATORS[type(node.op)]
    return f"{_at(node.left, level)} {word} {_at(node.right, level + 1)}", level


def _chosen_by(node: ast.IfExp) -> Written:
    test, yes, no = (_at(part, _OR) for part in (node.test, node.body, node.orelse))
    return f"{yes} if {test} else {no}", _IF


def _listed(node: ast.ListComp | ast.GeneratorExp) -> Written:
    return f"{_mapped(node)} | list", _FILTERED


def _signed(node: ast.UnaryOp) -> Written:
    if isinstance(node.op, ast.Not):
        return f"not {_at(node.operand, _NOT)}", _NOT
    if isinstance(node.op, ast.USub):
        return f"-{_at(node.operand, _ATOM)}", _SIGNED
    raise _none(node)


def _compared(node: ast.Compare) -> Written:
    parts = [_at(node.left, _ADDED)]
    for operator, other in zip(node.ops, node.comparators, strict=True):
        if type(operator) not in _COMPARISONS:
            raise _none(node)
        parts += [_COMPARISONS[type(operator)][0], _at(other, _ADDED)]
    return " ".join(parts), _COMPARED


def _atom(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_at(node.value, _ATOM)}.{node.attr}"
    if isinstance(node, ast.Subscript):
        return f"{_at(node.value, _ATOM)}[{_index(node.slice)}]"
    if isinstance(node, (ast.List, ast.Tuple)):
        return f"[{', '.join(_at(item, _IF) for item in node.elts)}]"
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, int, float, type(None))):
        return _CONSTANTS.get(repr(node.value), repr(node.value))
    raise _none(node)


def _index(node: ast.expr) -> str:
    if not isinstance(node, ast.Slice):
        return _at(node, _IF)
    low, high = (_at(part, _OR) if part else "" for part in (node.lower, node.upper))
    return f"{low}:{high}" + (f":{_at(node.step, _OR)}" if node.step else "")


def _called(node: ast.Call) -> Written:
    if node.keywords:
        raise _none(node)
    if isinstance(node.func, ast.Attribute):
        return _method(node, node.func)
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name in ("all", "any") and len(node.args) == 1:
        return _quantified(node.args[0], every=name == "all")
    if name in ("max", "min") and len(node.args) > 1:
        return f"[{', '.join(_at(each, _IF) for each in node.args)}] | {name}", _FILTERED
    if name not in FILTERS or not node.args:
        raise _none(node)
    return _filtered(_at(node.args[0], _FILTERED), FILTERS[name], node.args[1:])


def _method(node: ast.Call, method: ast.Attribute) -> Written:
    whole, name, given = method.value, method.attr, node.args
    first = given[0] if given else None
    if name == "join" and first is not None:
        return _filtered(_at(first, _FILTERED), "join", [whole])
    if name == "get" and first is not None:
        instead = given[1] if len(given) > 1 else ast.Constant(None)
        return _filtered(f"{_at(whole, _ATOM)}[{_at(first, _IF)}]", "default", [instead])
    if name in ("startswith", "endswith") and isinstance(first, ast.Constant):
        size = len(str(first.value))
        part = f":{size}" if name == "startswith" else f"-{size}:"
        return f"{_at(whole, _ATOM)}[{part}] == {_atom(first)}", _COMPARED
    if name not in FILTERS:
        raise _none(node)
    return _filtered(_at(whole, _FILTERED), FILTERS[name], given)


def _filtered(whole: str, name: str, given: list[ast.expr]) -> Written:
    arguments = f"({', '.join(_at(each, _IF) for each in given)})" if given else ""
    return f"{whole} | {name}{arguments}", _FILTERED


def _mapped(node: ast.ListComp | ast.GeneratorExp) -> str:
    """The items of a comprehension, made one by one."""
    item = _item(node)
    return " | ".join([_source(node), *_maps(node.elt, item)])


def _item(node: ast.ListComp | ast.GeneratorExp) -> str:
    target = node.generators[0].target
    if len(node.generators) > 1 or not isinstance(target, ast.Name):
        raise _none(node)
    return target.id


def _source(node: ast.ListComp | ast.GeneratorExp) -> str:
    """What a comprehension goes through, without what its conditions leave out."""
    generator, item = node.generators[0], _item(node)
    steps = (step for test in generator.ifs for step in _chosen(test, item, keep=True))
    return " | ".join([_at(generator.iter, _FILTERED), *steps])


def _maps(node: ast.expr, item: str) -> list[str]:
    """The filters that make of each item what an expression makes of it."""
    if isinstance(node, ast.Name) and node.id == item:
        return []
    path = _path(node, item)
    if path is not None:
        return [f"map(attribute={path!r})"]
    if isinstance(node, ast.Subscript) and isinstance(node.slice, (ast.Constant, ast.UnaryOp)):
        name = {"0": "first", "-1": "last"}.get(ast.unparse(node.slice))
        if name is not None:
            return [*_maps(node.value, item), f"map('{name}')"]
    if isinstance(node, ast.Call) and not node.keywords:
        return _map_of_call(node, item)
    raise _none(node)


def _map_of_call(node: ast.Call, item: str) -> list[str]:
    method = isinstance(node.func, ast.Attribute)
    parts = [node.func.value, *node.args] if isinstance(node.func, ast.Attribute) else node.args
    name = node.func.attr if method else getattr(node.func, "id", "")  # type: ignore[attr-defined]
    if name not in FILTERS or "(" in FILTERS[name] or not parts or _uses(parts[1:], item):
        raise _none(node)
    given = "".join(f", {_at(each, _IF)}" for each in parts[1:])
    return [*_maps(parts[0], item), f"map('{FILTERS[name]}'{given})"]


def _path(node: ast.expr, item: str) -> str | None:
    """The keys that lead from an item to a part of it, as Jinja joins them."""
    keys: list[str] = []
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        key = node.attr if isinstance(node, ast.Attribute) else _key(node.slice)
        if key is None:
            return None
        keys.insert(0, key)
        node = node.value
    return ".".join(keys) if keys and isinstance(node, ast.Name) and node.id == item else None


def _key(node: ast.expr) -> str | None:
    known = isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value
    return known if known and known.isidentifier() else None


def _chosen(test: ast.expr, item: str, *, keep: bool) -> Iterator[str]:
    """The filters that keep the items for which a test holds, or that leave these out."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from _chosen(test.operand, item, keep=not keep)
        return
    if isinstance(test, ast.BoolOp):
        if isinstance(test.op, ast.And) is not keep:
            raise _none(test)
        for part in test.values:
            yield from _chosen(part, item, keep=keep)
        return
    looked_at, arguments, positive = _tested(test, item)
    path, word = _path(looked_at, item), "select" if keep is positive else "reject"
    if path is None and not (isinstance(looked_at, ast.Name) and looked_at.id == item):
        raise _none(test)
    yield _choice(word, path, arguments)


def _choice(word: str, path: str | None, arguments: list[str]) -> str:
    if path is not None:
        word, arguments = f"{word}attr", [repr(path), *arguments]
    return f"{word}({', '.join(arguments)})" if arguments else word


def _tested(test: ast.expr, item: str) -> tuple[ast.expr, list[str], bool]:
    """What a test looks at, the arguments of `select` for it, and whether it is not negated."""
    if not isinstance(test, ast.Compare):
        return test, [], True
    operator, left, right = test.ops[0], test.left, test.comparators[0]
    if _uses([right], item) and not _uses([left], item) and type(operator) in _MIRRORED:
        operator, left, right = _MIRRORED[type(operator)](), right, left
    if len(test.ops) > 1 or type(operator) not in _COMPARISONS or _uses([right], item):
        raise _none(test)
    name = _COMPARISONS[type(operator)][1]
    return left, [repr(name), _at(right, _IF)], not isinstance(operator, ast.NotIn)


def _quantified(node: ast.expr, *, every: bool) -> Written:
    """`all` leaves nothing that fails the test; `any` leaves something that passes it."""
    end = "== 0" if every else "> 0"
    if not isinstance(node, (ast.ListComp, ast.GeneratorExp)):
        word = "reject" if every else "select"
        return f"{_at(node, _FILTERED)} | {word} | list | length {end}", _COMPARED
    parts = list(_parts(node.elt, ast.And if every else ast.Or))
    texts = [_counted(node, part, every=every) + f" | list | length {end}" for part in parts]
    if len(texts) == 1:
        return texts[0], _COMPARED
    return f" {'and' if every else 'or'} ".join(texts), _AND if every else _OR


def _parts(test: ast.expr, joined_by: type[ast.boolop]) -> Iterator[ast.expr]:
    """The tests that `all` or `any` can make one after the other."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, joined_by):
        for value in test.values:
            yield from _parts(value, joined_by)
    elif isinstance(test, ast.Compare) and len(test.ops) > 1 and joined_by is ast.And:
        sides = [test.left, *test.comparators]
        for index, operator in enumerate(test.ops):
            yield ast.Compare(sides[index], [operator], [sides[index + 1]])
    else:
        yield test


def _counted(node: ast.ListComp | ast.GeneratorExp, test: ast.expr, *, every: bool) -> str:
    source, item = _source(node), _item(node)
    try:
        return " | ".join([source, *_chosen(test, item, keep=not every)])
    except _NoEquivalent:
        looked_at, arguments, positive = _tested(test, item)
        word = "select" if positive is not every else "reject"
        return " | ".join([source, *_maps(looked_at, item), _choice(word, None, arguments)])


def _uses(parts: list[ast.expr], item: str) -> bool:
    nodes = (node for part in parts for node in ast.walk(part))
    return any(isinstance(node, ast.Name) and node.id == item for node in nodes)


def _none(node: ast.AST) -> _NoEquivalent:
    text = ast.unparse(ast.fix_missing_locations(node))
    return _NoEquivalent(text if len(text) <= 60 else f"{text[:59]}…")


_WRITERS: Mapping[type[ast.AST], Callable[[Any], Written]] = {
    ast.BoolOp: _joined,
    ast.UnaryOp: _signed,
    ast.BinOp: _operated,
    ast.IfExp: _chosen_by,
    ast.Compare: _compared,
    ast.Call: _called,
    ast.ListComp: _listed,
    ast.GeneratorExp: _listed,
}
