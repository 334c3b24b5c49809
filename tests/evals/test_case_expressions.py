"""Expressions of test cases: what they give, what they refuse, and that they end."""

import time
from typing import Any

import pytest

from promptops.evals.expressions import WrongExpression, read

NAMES = {
    "value": " Hello there\nAda ",
    "data": {"items": [{"n": 1}, {"n": 5}], "on": True, "keys": 3},
    "many": list(range(10_000)),
    "long": "ab" * 500_000,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("len(data.items) <= 3", True),
        ("data.keys", 3),
        ("data['items'][-1].n", 5),
        ("sum([item.n for item in data.items if item.n > 1])", 5),
        ("upper(strip(value))[:5] + '!'", "HELLO!"),
        ("words(value)", ["Hello", "there", "Ada"]),
        ("lines(value)[1]", "Ada "),
        ("data.on == 1", False),
        ("data.items[0].n == 1.0", True),
        ("'there' in value and not ('x' in value)", True),
        ("json('[1, 2]') == [1, 2] if data.on else 0", True),
        ("text(data.keys) + split(value, '\\n')[0]", "3 Hello there"),
        ("max(data.keys, 2) * -2 // 4 % 5", 3),
        ("sorted(keys(data))", ["items", "keys", "on"]),
        ("any([n > 9_998 for n in many])", True),
    ],
)
def test_an_expression_has_a_value(text: str, value: Any) -> None:
    assert read(text, tuple(NAMES)).value(NAMES) == value


REFUSED = [
    "",
    "value +",
    "(" * 500 + "value" + ")" * 500,
    "-" * 1_900 + "data.keys",
    "value\0",
    "value + " * 400 + "value",
    "value; value",
    "valeu",
    "1 + 1",
    "[value for value in [1]]",
    "len",
    "value.lower()",
    "().__class__.__bases__[0].__subclasses__() == value",
    "value.__class__",
    "f'{value:>999999999}'",
    "data.keys ** 9999999",
    "data.keys << 9999999",
    "'%99999999d' % data.keys",
    "value * 999999999",
    "[1] * 999999999 + [value]",
    "eval(value)",
    "open('/etc/passwd') == value",
    "round(data.keys, -999999999)",
    "sorted(many, key=len)",
    "len(*many)",
    "lambda: value",
    "(x := value)",
    "{value: 1}",
    "value is None",
    "[a for a in many for b in many]",
    "[a for a in many for b in long]",
    "[lower(long) for a in many]",
    "[long in long for a in many]",
    "[many == sorted(many) for a in many]",
    "[len(text(n)) for n in many] == [m for m in many for k in many]",
    "sum([[1], [2]]) == data",
    "data.kes",
    "value.n",
    "data.items[7]",
    "data['x']",
    "data.keys / 0",
    "int(value)",
    "int(long)",
    "json(value)",
    "data.keys < value",
    "split(value, '')",
    "data.keys()",
]


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40])
def test_what_an_expression_may_not_do_is_refused_and_ends(text: str) -> None:
    begin = time.process_time()

    with pytest.raises(WrongExpression) as refused:
        read(text, tuple(NAMES)).value(NAMES)

    assert refused.value.message
    assert time.process_time() - begin < 2


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("len(valeu)", "`valeu` is no name here", "did you mean `value`?"),
        ("uper(value)", "`uper` is no function here", "did you mean `upper`?"),
        ("data.itms", "there is no key `itms`", "did you mean `items`?"),
        ("data.keys / 0", "division by zero", None),
        ("value ** 2", "`**` can't be used in an expression", None),
        ("[a for a in many for b in many]", "the expression does too much work", None),
    ],
)
def test_a_refusal_says_what_to_change(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(WrongExpression) as refused:
        read(text, tuple(NAMES)).value(NAMES)

    assert (refused.value.message, refused.value.hint) == (message, hint)
