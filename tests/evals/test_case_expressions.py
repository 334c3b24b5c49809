"""Expressions of test cases: what they give, what they refuse, and that they end."""

from typing import Any

import pytest

from promptops.evals.case_expressions import CaseWork, WrongExpression, read_expression
from tests.hanging import ends_soon

NAMES = {
    "value": " Hello there\nAda ",
    "data": {"items": [{"n": 1}, {"n": 5}], "on": True, "keys": 3, "json": '{"a": [1]}'},
    "many": list(range(10_000)),
    "long": "ab" * 500_000,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("data.items | length <= 3", True),
        ("data.keys", 3),
        ("data['items'][-1].n", 5),
        ("data.items | selectattr('n', 'gt', 1) | map(attribute='n') | sum", 5),
        ("(value | trim | upper)[:5] ~ '!'", "HELLO!"),
        ("value | split", ["Hello", "there", "Ada"]),
        ("(value | split('\\n'))[1]", "Ada "),
        ("value | split('e')", [" H", "llo th", "r", "\nAda "]),
        ("data.on == 1", True),
        ("data.on is true and data.keys is number", True),
        ("data.items[0].n == 1.0", True),
        ("'there' in value and not ('x' in value)", True),
        ("'[1, 2]' | parse_json == [1, 2] if data.on else 0", True),
        ("(data.json | parse_json).a", [1]),
        ("data.keys | string ~ value[:6]", "3 Hello"),
        ("[data.keys, 2] | max * -2 // 4 % 5", 3),
        ("data | list | sort", ["items", "json", "keys", "on"]),
        ("many | select('gt', 9998)", [9_999]),
        ("many | reject('lt', 9999) | list == [9999]", True),
        ("range(data.keys)", [0, 1, 2]),
        ("data.x is defined", False),
        ("data.x | default('none')", "none"),
        ("1 < data.keys <= 3", True),
        ("{'n': data.keys}", {"n": 3}),
    ],
)
def test_an_expression_has_a_value(text: str, value: Any) -> None:
    found = read_expression(text, tuple(NAMES)).value(NAMES, CaseWork())

    assert (found, type(found)) == (value, type(value))


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
    "value | len",
    "value is blank",
    "range",
    "namespace",
    "namespace(a=value)",
    "value.lower()",
    "().__class__.__bases__[0].__subclasses__() == value",
    "value.__class__",
    "value['__class__']",
    "value | attr('__class__')",
    "data | map(attribute='__class__') | list",
    "f'{value:>999999999}'",
    "data.keys ** 9999999",
    "data.keys << 9999999",
    "'%99999999d' % data.keys",
    "'%99999999d' | format(data.keys)",
    "value * 999999999",
    "[1] * 999999999 + [value]",
    "eval(value)",
    "open('/etc/passwd') == value",
    "self or value",
    "loop.index or value",
    "{% include 'a' %} ~ value",
    "many | sort(key='len')",
    "lambda: value",
    "(x := value)",
    "value is None",
    "many | map('string') | map('center', 1000) | list == many",
    "many | map('in', many) | list == many",
    "many | select('in', many) | list == many",
    "long | lower ~ long",
    "long | parse_json",
    "(long ~ long) | length",
    "[[1], [2]] | sum == data",
    "data.kes",
    "value.n",
    "data.items[7]",
    "data['x']",
    "data.keys / 0",
    "data.keys | parse_json",
    "('[' * 900) ~ value | parse_json",
    "'[1e999]' | parse_json == data",
    "'NaN' | parse_json == data",
    "value | parse_json",
    "data.keys < value",
    "value | split('')",
    "data.keys | split",
    "data.keys()",
    "value if data.keys > 3",
    "[value | select]",
    "(-data.keys) ** 0.5",
    "{1: value}",
]


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40])
def test_what_an_expression_may_not_do_is_refused_and_ends(text: str) -> None:
    with ends_soon(), pytest.raises(WrongExpression) as refused:
        read_expression(text, tuple(NAMES)).value(NAMES, CaseWork())

    assert refused.value.message


@pytest.mark.parametrize(
    ("text", "message", "hint", "within"),
    [
        ("valeu | length", "`valeu` is not defined", "did you mean `value`?", "valeu"),
        (
            "what | length",
            "`what` is not defined",
            "names: value, data, many, long",
            "what",
        ),
        ("value | uper", "there is no filter `uper`", "did you mean `upper`?", "uper"),
        ("value | strip", "there is no filter `strip`", "use `trim`", "strip"),
        ("value is strin", "there is no test `strin`", "did you mean `string`?", "is"),
        ("data.itms", "this object has no `itms`", None, "itms"),
        ("1 < data.itms | length", "this object has no `itms`", None, "itms"),
        ("data.keys / 0", "division by zero", None, "data.keys / 0"),
        ("value == ", "unexpected 'end of template'", None, "=="),
        ("", "the expression is empty", None, ""),
        (
            "many | select('in', many) | list == many",
            "the expression does too much work",
            None,
            "many | select('in', many) | list == many",
        ),
    ],
)
def test_a_refusal_says_what_to_change_and_where(
    text: str, message: str, hint: str | None, within: str
) -> None:
    with pytest.raises(WrongExpression) as refused:
        read_expression(text, tuple(NAMES)).value(NAMES, CaseWork())

    found = refused.value
    assert (found.message, found.hint) == (message, hint)
    start, end = found.within or (0, 0)
    assert text[start:end] == within


def test_a_value_that_is_too_large_for_an_expression_is_named() -> None:
    deep: Any = []
    for _ in range(200):
        deep = [deep]

    with pytest.raises(WrongExpression) as refused:
        read_expression("value == data", ("value", "data")).value(
            {"value": 1, "data": {"a": deep}}, CaseWork()
        )

    assert refused.value.message.startswith("`data` at /a/0/0")
    assert refused.value.message.endswith("is nested too deep, or contains itself")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "value.lower() == 'a'",
            "values have no methods; use a filter",
            "write `… | lower`",
        ),
        ("len(value)", "there is no function `len`; use a filter", "write `… | length`"),
        (
            "[n for n in many]",
            "a comprehension is Python, and expressions are Jinja",
            "use filters, such as `items | selectattr('name', 'eq', 'x') | list`",
        ),
        (
            "data.items | length == 2\nand value.strip() == 'a'",
            "values have no methods; use a filter",
            "write `… | trim`",
        ),
        ("md5(value)", "there is no function `md5`; use a filter", None),
    ],
)
def test_the_error_for_python_names_what_is_not_jinja(
    text: str, message: str, hint: str | None
) -> None:
    with pytest.raises(WrongExpression) as refused:
        read_expression(text, tuple(NAMES))

    assert (refused.value.message, refused.value.hint) == (message, hint)
