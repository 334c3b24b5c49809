"""Assertions that pass for every answer or request, found by judging very different ones.

An assertion with an expression, such as `text | length >= 0`, is judged for about 100 texts. Some
of them are derived from the strings and numbers of the assertion, so that an assertion such as
`'sorry' not in text` fails for one of them. Only expressions whose result depends on the text in a
simple way are judged; for all others nothing is known. An assertion over a value at a `path` is
also judged for values of other types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, permutations
from math import prod
from typing import Any

from promptops.evals.case_expressions import Expression, WrongExpression, read_expression
from promptops.evals.json_values import NOTHING, parsed
from promptops.evals.parse import Assertion
from promptops.evals.subject import NAMES, On, Record
from promptops.evals.verdict import Undecided, Unjudgeable
from promptops.json_pointer import tokens
from promptops.model.prompt import Request
from promptops.runtime.template import nodes
from promptops.runtime.template.node_facts import walk

_CHECKS = frozenset(
    str.split(
        "contains contains-all contains-any equals expr icontains max-chars one-of regex"
        " starts-with word-count"
    )
)
_FILTERS = frozenset(
    str.split(
        "capitalize count default first float int last length list lower replace reverse sort split"
        " string striptags title trim truncate unique upper wordcount"
    )
)
_TESTS = frozenset(
    str.split(
        "boolean defined eq equalto float ge gt in integer iterable le lower lt mapping ne none"
        " number sequence string upper"
    )
)
_MOST_STRINGS = 4
_MOST_NUMBERS = 4
_MOST_NODES = 30
_LARGE = 1_000
"""Characters, words and lines of the largest texts."""

_TEXTS = (
    *("", " ", "x", "Yes", "no", "OK", "abba", "aaaa", "7", "-3.5", "1000000", "A-1042"),
    *('{"a": 1, "b": [true, null]}', "[]", '"x"', "null", "true", "a\r\nb", "  a \t b\n\n c  "),
    *("I can't help with that, sorry.", "The hub is offline!\n\n- Unplug it.\n- Wait: 30 s?\n"),
    *("```python\nprint('x')\n```", "<b>x</b> &amp; <!-- y -->", "ALL CAPITALS", "Each Word"),
    *("你好，世界。", "ПРИВЕТ мир", "Straße İı ǅ é e\u0301", "🙂\u200b\u00a0"),
    "".join(map(chr, range(32, 127))),
)  # fmt: skip
_LARGE_TEXTS = (
    "x" * _LARGE,
    "word " * _LARGE,
    "line\n" * _LARGE,
    "".join(map(chr, range(0x4E00, 0x4E00 + _LARGE))),
    " ".join(f"w{number}" for number in range(_LARGE)),
    "\n".join(f"w{number}" for number in range(_LARGE)),
)


_OTHERS: tuple[Any, ...] = (None, True, False, 0, 1, -2.5, [], {}, ["x"], {"x": 1})
"""Values that may be at a path, too."""


def unfailing_parts(assertion: Assertion, passes: Callable[[Assertion], bool]) -> Iterator[str]:
    """JSON pointers into the parts of a set that pass everything; "" for the assertion itself."""
    parts = getattr(assertion.check, "parts", ())
    if not parts and passes(assertion):
        yield ""
    for index, part in enumerate(parts):
        yield from (f"/value/{index}{at}" for at in unfailing_parts(part, passes))


def passes_everything(assertion: Assertion, on: On) -> bool:
    """Whether an assertion passes for each of the texts; False if nothing is known."""
    expressions = tuple(_expressions(assertion, on))
    if not expressions or not all(map(_is_simple, expressions)):
        return False
    strings, numbers = _constants(assertion, expressions)
    if len(strings) > _MOST_STRINGS or len(numbers) > _MOST_NUMBERS or not _are_small(numbers):
        return False
    others = _OTHERS if assertion.path is not None else ()
    texts = chain(_TEXTS[:3], _derived(strings, numbers), others, _TEXTS[3:], _LARGE_TEXTS)
    return all(_passes(assertion, on, text) for text in texts)


def passes_every_text(assertion: Assertion) -> bool:
    """Whether it passes for each text that is not JSON, because it only tests the type of `output`.

    `output is string` is such a test. An expression with a constant is not: an answer may be `5`.
    """
    expressions = tuple(_expressions(assertion, "answer"))
    if not any("output" in each.names for each in expressions):
        return False
    if not all(map(_is_simple, expressions)) or any(_constants(assertion, expressions)):
        return False
    return all(_passes(assertion, "answer", text) for text in _TEXTS if parsed(text) is NOTHING)


def _passes(assertion: Assertion, on: On, value: Any) -> bool:
    text = value if isinstance(value, str) else "x"
    said = text if on == "request" else "x"
    record = Record(
        on=on,
        text=text,
        root=NOTHING if assertion.path is None else _around(value, assertion.path),
        request=Request(messages=({"role": assertion.role or "user", "content": said},)),
        names={"text": text, "output": _output(text)} if on == "answer" else {},
    )
    try:
        return assertion.judge(record).passed
    except (Unjudgeable, Undecided):
        return False


def _output(text: str) -> Any:
    value = parsed(text)
    return text if value is NOTHING else value


def _around(value: Any, path: str) -> Any:
    """Data that has a value at a JSON pointer."""
    for token in reversed(tokens(path)):
        value = {token: value}
    return value


def _expressions(assertion: Assertion, on: On) -> Iterator[Expression]:
    """The expressions of an assertion; none if other checks or other data decide it."""
    kind = assertion.type.removeprefix("not-")
    if kind not in _CHECKS or (kind == "regex" and not _is_literal(assertion)):
        return
    if assertion.transform is not None:
        yield assertion.transform
    if kind == "expr":
        try:
            yield read_expression(getattr(assertion.check, "value", ""), NAMES[on])
        except WrongExpression:
            return


def _is_literal(assertion: Assertion) -> bool:
    """Whether a pattern matches one string, so that texts with and without it can be derived."""
    return not frozenset("\\^$.|?*+()[]{}") & frozenset(getattr(assertion.check, "value", ""))


def _is_simple(expression: Expression) -> bool:
    parts = list(walk(expression.tree))
    simple = expression.names <= {"text", "value", "output"} and len(parts) <= _MOST_NODES
    return simple and all(map(_is_known, parts))


def _is_known(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Filter):
        return node.name in _FILTERS
    if isinstance(node, nodes.Test):
        return node.name in _TESTS
    if isinstance(node, nodes.Getitem):
        key = node.arg.value if isinstance(node.arg, nodes.Const) else 0
        return not isinstance(key, str)
    return not isinstance(node, (nodes.Call, nodes.Dict, nodes.Getattr))


def _constants(
    assertion: Assertion, expressions: Sequence[Expression]
) -> tuple[list[str], list[float]]:
    """The strings and the numbers of the expressions and of the arguments, each once."""
    values = [
        node.value
        for expression in expressions
        for node in walk(expression.tree)
        if isinstance(node, nodes.Const)
    ]
    if assertion.type.removeprefix("not-") != "expr":
        values += _arguments(getattr(assertion.check, "value", None))
    strings = [value for value in values if isinstance(value, str)]
    numbers = [value for value in values if type(value) in (int, float)]
    return list(dict.fromkeys(strings)), list(dict.fromkeys(numbers))


def _arguments(value: Any) -> list[Any]:
    """The strings and numbers of an argument."""
    if isinstance(value, Mapping):
        return [*value.values()]
    return [*value] if isinstance(value, (list, tuple)) else [value]


def _are_small(numbers: Sequence[float]) -> bool:
    """Whether the largest texts exceed every limit that these numbers can be combined to."""
    sizes = [max(abs(number), 1 / abs(number), 1) for number in numbers if number]
    return prod(sizes) < _LARGE / 2 and sum(sizes) < _LARGE / 2


def _derived(strings: Sequence[str], numbers: Sequence[float]) -> Iterator[str]:
    """Texts that contain the strings, and that have the numbers as their length or value."""
    for string in strings:
        yield from (string, string.upper(), string.lower(), f" {string} ", f"x{string}y")
    for size in range(2, len(strings) + 1):
        for order in permutations(strings, size):
            joined = "".join(order)
            yield from (joined, f"x{joined}", f"{joined}x", " ".join(order))
    counts = sorted({max(int(abs(number)) + step, 0) for number in numbers for step in (-1, 0, 1)})
    yield from (str(number + step) for number in numbers for step in (-1, 0, 1))
    for count in counts:
        for string in dict.fromkeys(("x", " ", *strings)):
            yield from (string * count, f"{string} " * count, f"{string}\n" * count)
            yield from ("z" * count + string, string + "z" * count)
