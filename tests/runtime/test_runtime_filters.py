# ruff: noqa: E501 -- one template, one line
"""Every allowed filter and test, on every kind of value: what Jinja gives, we give."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.model.place import plain_text
from promptops.runtime.template.text_rendering import Run, TemplateFailure, render_text
from tests.tiers import fast_spread

VALUES: list[Any] = [
    "Ada", 3, 1.5, True, False, None, "", ["b", "A", "c", "a"], [3, 1, 2, 1], [], {"b": 1, "a": 2},
    [{"id": 1, "team": "x"}, {"id": 2, "team": "y"}, {"id": 3, "team": "x"}],
    "ß İ 日本 \U0001f600 é", "The quick brown fox\njumps over\n\nthe lazy dog", "<b>hi</b> &amp; <!-- x -->",
    -7, "42", "0x1F", "a,b", 3.7, "  pad  ", "a-b c_d", "%s", 1e20, 0.1, -0.5, ["x", 1, None], [[1], [0, 2]], 10**15,
]  # fmt: skip
FILTERS = [
    "abs",
    "capitalize",
    "count",
    "default('d')",
    "default('d', true)",
    "d(1)",
    "dictsort",
    "dictsort(true)",
    "dictsort(by='value')",
    "dictsort(reverse=true)",
    "filesizeformat",
    "filesizeformat(true)",
    "first",
    "float",
    "float(2.5)",
    "int",
    "int(7)",
    "int(0, 16)",
    "items|list",
    "join",
    "join(', ')",
    "join(', ', 'id')",
    "join(attribute='team')",
    "last",
    "length",
    "list",
    "lower",
    "map('upper')|list",
    "map(attribute='id')|list",
    "map(attribute='zz', default=0)|list",
    "map('string')|join('-')",
    "map('nope')|list",
    "map|list",
    "max",
    "max(attribute='id')",
    "min",
    "min(case_sensitive=true)",
    "reject('odd')|list",
    "rejectattr('tags')|list",
    "rejectattr('id', 'eq', 2)|map(attribute='id')|list",
    "reverse|list|string",
    "round",
    "round(1)",
    "round(0, 'ceil')",
    "round(method='floor')",
    "round(2, 'bad')",
    "select|list",
    "select('odd')|list",
    "select('gt', 1)|list",
    "select('nope')|list",
    "selectattr('team', 'equalto', 'x')|map(attribute='id')|join(',')",
    "selectattr('zz')|list",
    "slice(2)|list",
    "slice(3, 'f')|list",
    "slice(0)|list",
    "sort",
    "sort(true)",
    "sort(attribute='team')",
    "sort(attribute='team,id', reverse=true)",
    "sort(case_sensitive=true)",
    "string",
    "striptags",
    "sum",
    "sum(attribute='id')",
    "sum(attribute='id', start=10)",
    "title",
    "trim",
    "trim('TA')",
    "truncate(9)",
    "truncate(9, true)",
    "truncate(9, true, '…', 0)",
    "truncate(1)",
    "unique|list",
    "unique(true)|join",
    "unique(attribute='team')|map(attribute='id')|list",
    "upper",
    "urlencode",
    "wordcount",
    "wordwrap(6)",
    "wordwrap(5, false)",
    "wordwrap(8, wrapstring='|')",
    "wordwrap(0)",
    "batch(2)|list",
    "batch(3, '-')|list",
    "center(9)",
    "indent",
    "indent(2, true)",
    "indent('> ', first=true, blank=true)",
    "replace('a', 'b')",
    "replace('a', 'b', 1)",
    "replace('', '-')",
    "replace('a', 'b', -1)",
    "replace('a','b',0)",
    "format('v')",
    "format(1, 2)",
    "format(a=1)",
    "groupby('team')|list",
    "groupby('team')|map('first')|list",
    "groupby('zz', default='q')|list",
    "tojson|string|length > 0",
    "round(-1)",
    "center(-3)",
    "truncate",
    "upper|lower|title",
    "first|default('none')",
    "last|default('none')",
    "batch(0)|list",
    "indent(-1)",
    "wordcount(1)",
    "list|length",
]
TESTS = [
    "boolean",
    "defined",
    "undefined",
    "divisibleby(2)",
    "divisibleby(0)",
    "eq(3)",
    "equalto('Ada')",
    "even",
    "odd",
    "false",
    "true",
    "float",
    "integer",
    "number",
    "string",
    "mapping",
    "sequence",
    "iterable",
    "none",
    "ge(2)",
    "gt(2)",
    "lt(2)",
    "le(2)",
    "greaterthan(1)",
    "lessthan(1)",
    "lower",
    "upper",
    "in([3, 'Ada'])",
    "in('Ada b')",
    "ne(3)",
    "not none",
    "in(missing)",
    "!= 3",
]


@pytest.mark.parametrize("call", fast_spread(FILTERS, 35))
def test_a_filter_gives_what_jinja_gives(call: str, ask_jinja: Any, ask_us: Any) -> None:
    source = f"{{{{ value|{call} }}}}"

    for value in VALUES:
        expected = ask_jinja(source, {"value": value})
        if "Undefined" not in expected:  # in a list; see the list of what differs by design
            assert ask_us(source, {"value": value}) == expected, value


@pytest.mark.parametrize("call", TESTS)
def test_a_test_says_what_jinja_says(call: str, ask_jinja: Any, ask_us: Any) -> None:
    source = f"{{{{ value {call if call[0] == '!' else 'is ' + call} }}}}"

    for value in VALUES:
        assert ask_us(source, {"value": value}) == ask_jinja(source, {"value": value}), value


def test_every_allowed_filter_and_test_is_tried() -> None:
    from promptops.runtime.template.environment import allowed_filters, allowed_tests

    filters = {call.partition("(")[0].partition("|")[0] for call in FILTERS}
    tests = {call.removeprefix("not ").partition("(")[0] for call in TESTS}
    operators = {"==", "!=", ">", ">=", "<", "<="}

    ours = {"json", "parse_json", "split"}

    assert set(allowed_filters()) - filters == {"e", "escape", "format", *ours} - filters
    assert set(allowed_tests()) - tests - operators == set()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ {'b': '<é>', 'a': [1, none]}|json }}", '{"b": "<é>", "a": [1, null]}'),
        ("{{ [1]|json(indent=1) }}", "[\n 1\n]"),
        ("{{ '<é>'|tojson }}", '"\\u003c\\u00e9\\u003e"'),
        ("{{ {'b': 1, 'a': 2}|tojson }}", '{"a": 2, "b": 1}'),
        ("{{ ('<b>'|e) ~ '<' }}", "&lt;b&gt;<"),
        ("{{ ('<b>'|escape)|length }}", "9"),
        ("{{ '%s-%(x)'|length }}", "7"),
        ("{{ '%(a)s %(b)03d'|format(a='x', b=7) }}", "x 007"),
        ("{{ '%5.2f%%|%-5s|%c|%r|%x'|format(1.5, 'a', 'c', 'd', 255) }}", " 1.50%|a    |c|'d'|ff"),
    ],
)
def test_our_own_filters_give(source: str, text: str, ask_us: Any) -> None:
    assert ask_us(source, {}) == text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ ('{\"a\": [1, true, null]}' | parse_json).a | json }}", "[1, true, null]"),
        ("{{ ' 3 ' | parse_json + 1 }}", "4"),
        ("{{ value | json | parse_json == value }}", "True"),
        ("{{ ['1', '[]'] | map('parse_json') | list | json }}", "[1, []]"),
        ("{{ 'a  b\\nc' | split | json }}", '["a", "b", "c"]'),
        ("{{ 'a, b,,c' | split(',') | json }}", '["a", " b", "", "c"]'),
        ("{{ ('x=1' | split('='))[1] }}", "1"),
        ("{{ '' | split | length }}", "0"),
    ],
)
def test_the_filters_that_jinja_lacks_give_plain_data(source: str, expected: str) -> None:
    value = {"a": [1, 2.5, None, "é"], "b": {}}

    assert render_text(plain_text("a", source), {"value": value}, Run(_no_include)) == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ 'x' | parse_json }}", "`parse_json`: the string is not JSON"),
        ("{{ 'NaN' | parse_json }}", "`parse_json`: the string is not JSON"),
        (
            "{{ '1e999' | parse_json }}",
            "`parse_json`: the value is inf, which is not a JSON number",
        ),
        (
            "{{ '[' * 2000 ~ ']' * 2000 }}{{ ('[' * 150 ~ ']' * 150) | parse_json }}",
            "`parse_json`: the value is nested too deep, or contains itself",
        ),
        (
            "{{ ('[' * 90000 ~ ']' * 90000) | parse_json }}",
            "`parse_json`: the value is nested too deep, or contains itself",
        ),
        ("{{ 3 | parse_json }}", "`parse_json` needs a string, not a number"),
        ("{{ [1] | split }}", "`split` needs a string, not a list"),
        ("{{ 'a' | split('') }}", "`split` needs a separator that is not empty"),
        ("{{ ('a ' * 200000) | split | length }}", "a list of over 100,000 items"),
        (
            "{% for i in range(99) %}{{ ('[' ~ '1,' * 40000 ~ '1]') | parse_json | length }}"
            "{% endfor %}",
            "the template does too much work",
        ),
    ],
)
def test_what_the_filters_that_jinja_lacks_refuse(source: str, message: str) -> None:
    with pytest.raises(TemplateFailure) as failed:
        render_text(plain_text("a", source), {}, Run(_no_include))

    assert failed.value.message.startswith(message)


def test_a_sum_of_floats_is_the_same_in_every_version_of_python(ask_us: Any) -> None:
    assert ask_us("{{ ([0.1] * 10)|sum }}", {}) == "0.9999999999999999"


def _no_include(_path: str, _name: str) -> None:
    return None
