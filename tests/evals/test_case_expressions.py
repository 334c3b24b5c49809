"""Expressions of test cases: what they give, what they refuse, and that they end."""

from typing import Any

import pytest

from promptops.evals.case_expressions import WrongExpression, read_expression
from promptops.evals.case_work import CaseWork
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


# Each: what was Python, and the Jinja that the hint shows.
PYTHON = [
    ("len(data.items) <= 3", "data.items | length <= 3"),
    ("value.lower() == 'a'", "value | lower == 'a'"),
    ("lower(strip(value))[0]", "(value | trim | lower)[0]"),
    (
        "len(words(value)) < 5 and 'a' not in value",
        "value | split | length < 5 and 'a' not in value",
    ),
    ("split(value, ',')[0]", "(value | split(','))[0]"),
    ("value.split(',')", "value | split(',')"),
    ("lines(value)[1]", "(value | split('\\n'))[1]"),
    ("json(value).ok is True", None),
    ("json(value).ok", "(value | parse_json).ok"),
    ("text(data.keys) in value", "data.keys | string in value"),
    ("sorted(data.items) == data.items", "data.items | sort(case_sensitive=true) == data.items"),
    ("max(len(value), 1) > 0", "[value | length, 1] | max > 0"),
    ("max(data.items)", "data.items | max"),
    ("-len(value) + 1", "-(value | length) + 1"),
    ("len(value + 'a')", "(value + 'a') | length"),
    ("not len(value)", "not value | length"),
    ("len(value) if data.on else None", "value | length if data.on else none"),
    ("'yes' if len(value) > 3 or True else 'no'", "'yes' if value | length > 3 or true else 'no'"),
    ("(len(value) + 1) * 2", "(value | length + 1) * 2"),
    ("', '.join(data.items)", "data.items | join(', ')"),
    ("data.get('x', 3) == 3", "data['x'] | default(3) == 3"),
    ("value.startswith('He')", "value[:2] == 'He'"),
    ("value.endswith('da')", "value[-2:] == 'da'"),
    ("value.replace('a', 'b')", "value | replace('a', 'b')"),
    ("len(data.items[1:])", "data.items[1:] | length"),
    ("len({'a': 1})", None),
    ("any([n > 9_998 for n in many])", "many | select('gt', 9998) | list | length > 0"),
    (
        "all([len(m.content) < 20 for m in data.items])",
        "data.items | map(attribute='content') | map('length') | reject('lt', 20)"
        " | list | length == 0",
    ),
    (
        "all([f.severity in ['a', 'b'] for f in data.items])",
        "data.items | rejectattr('severity', 'in', ['a', 'b']) | list | length == 0",
    ),
    (
        "len(data.items) <= 5 and all([c[0] == 'P' for c in data.items])",
        "data.items | length <= 5 and "
        "data.items | map('first') | reject('eq', 'P') | list | length == 0",
    ),
    (
        "all(1 <= n.a <= 5 for n in data.items)",
        "data.items | rejectattr('a', 'ge', 1) | list | length == 0 and "
        "data.items | rejectattr('a', 'le', 5) | list | length == 0",
    ),
    (
        "any(n.a == 1 and not n.b for n in data.items if n.c)",
        "data.items | selectattr('c') | selectattr('a', 'eq', 1) | rejectattr('b')"
        " | list | length > 0",
    ),
    ("all(n not in [1] for n in many)", "many | select('in', [1]) | list | length == 0"),
    (
        "sum([item.n for item in data.items if item.n > 1])",
        "data.items | selectattr('n', 'gt', 1) | map(attribute='n') | list | sum",
    ),
    ("[n.a.b for n in data.items]", "data.items | map(attribute='a.b') | list"),
    ("any(data.items)", "data.items | select | list | length > 0"),
    ("all(['x' in n.a for n in data.items])", None),
    ("[a for a in many for b in many]", None),
]


@pytest.mark.parametrize(("python", "jinja"), PYTHON)
def test_python_is_refused_and_the_hint_shows_the_same_as_jinja(
    python: str, jinja: str | None
) -> None:
    with pytest.raises(WrongExpression) as refused:
        read_expression(python, tuple(NAMES))

    if jinja is None:
        assert not (refused.value.hint or "").startswith("write")
        return
    assert refused.value.hint == f"write `{jinja}`"
    read_expression(jinja, tuple(NAMES))


SAME_VALUE = [
    ("any([n > 9_998 for n in many])", True),
    ("all([n >= 0 for n in many])", True),
    ("all([0 <= n < 9 for n in many])", False),
    ("any(n.n == 5 and n.n != 1 for n in data.items)", True),
    ("sum([item.n for item in data.items if item.n > 1])", 5),
    ("[item.n for item in data.items]", [1, 5]),
    ("all(n.n in [1, 5] for n in data.items)", True),
    ("any(3 < n.n for n in data.items)", True),
    ("all([n.n not in [3] and n.n < 6 for n in data.items])", True),
    ("max(len(words(value)), 2) * 2", 6),
    ("value.strip().startswith('Hello') and not value.strip().endswith('x')", True),
    ("len(lines(value)) + len(split(value, ' '))", 6),
]


@pytest.mark.parametrize(("python", "value"), SAME_VALUE)
def test_what_the_hint_shows_gives_what_python_gave(python: str, value: Any) -> None:
    with pytest.raises(WrongExpression) as refused:
        read_expression(python, tuple(NAMES))
    jinja = (refused.value.hint or "").removeprefix("write `").removesuffix("`")

    assert read_expression(jinja, tuple(NAMES)).value(NAMES, CaseWork()) == value


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "value.lower() == 'a'",
            "values have no methods; use a filter",
            "write `value | lower == 'a'`",
        ),
        ("len(value)", "there is no function `len`; use a filter", "write `value | length`"),
        (
            "[n for n in many]",
            "a comprehension is Python, and expressions are Jinja",
            "write `many | list`",
        ),
        (
            "all(['x' in n.a for n in data.items])",
            "a comprehension is Python, and expressions are Jinja",
            "Jinja has no equivalent of `'x' in n.a`; a `python` assertion can check it",
        ),
        (
            "md5(value)",
            "there is no function `md5`; use a filter",
            "Jinja has no equivalent of `md5(value)`; a `python` assertion can check it",
        ),
        (
            "data.items | length == 2\nand value.strip() == 'a'",
            "values have no methods; use a filter",
            "write `… | trim`",
        ),
        (
            "len(value) == 2\n  and data.on",
            "there is no function `len`; use a filter",
            "write `value | length == 2 and data.on`",
        ),
    ],
)
def test_the_error_for_python_names_what_is_not_jinja(text: str, message: str, hint: str) -> None:
    with pytest.raises(WrongExpression) as refused:
        read_expression(text, tuple(NAMES))

    assert (refused.value.message, refused.value.hint) == (message, hint)
