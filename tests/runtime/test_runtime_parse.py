"""Templates parsed with exact places."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from promptops.runtime.template import nodes
from promptops.runtime.template.template import TemplateError, parse, parse_expression

NODES = [
    ("a {{ name }}", [("Name", "name }")]),
    ("{{ x.attr }}", [("Getattr", ".attr "), ("Name", "x.attr")]),
    ("{{ x['k'] }}", [("Getitem", "['k'] "), ("Name", "x['k']"), ("Const", "'k'] }")]),
    (
        "{{ x[1:2] }}",
        [
            ("Getitem", "[1:2] "),
            ("Name", "x[1:2]"),
            ("Slice", "1:2] }"),
            ("Const", "1:2] }"),
            ("Const", "2] }}"),
        ],
    ),
    ("{{ 'const' }}", [("Const", "'const")]),
    ("{{ 42 }}", [("Const", "42 }}")]),
    ("{{ [1, 2] }}", [("List", "[1, 2]"), ("Const", "1, 2] "), ("Const", "2] }}")]),
    ("{{ (1, 2) }}", [("Tuple", ", 2) }"), ("Const", "1, 2) "), ("Const", "2) }}")]),
    (
        "{{ {'k': 1} }}",
        [("Dict", "{'k': "), ("Pair", "'k': 1"), ("Const", "'k': 1"), ("Const", "1} }}")],
    ),
    ("{{ a + b }}", [("Binary", "a + b "), ("Name", "a + b "), ("Name", "b }}")]),
    ("{{ a ~ b }}", [("Concat", "a ~ b "), ("Name", "a ~ b "), ("Name", "b }}")]),
    (
        "{{ a == b }}",
        [("Compare", "}}"), ("Name", "a == b"), ("Operand", "b }}"), ("Name", "b }}")],
    ),
    ("{{ not a }}", [("Not", "not a "), ("Name", "a }}")]),
    ("{{ -a }}", [("Neg", "-a }}"), ("Name", "a }}")]),
    ("{{ a and b }}", [("And", "a and "), ("Name", "a and "), ("Name", "b }}")]),
    (
        "{{ a if b else c }}",
        [("CondExpr", "a if b"), ("Name", "b else"), ("Name", "a if b"), ("Name", "c }}")],
    ),
    ("{{ a|upper }}", [("Filter", "upper "), ("Name", "a|uppe")]),
    ("{{ a is odd }}", [("Test", "is odd"), ("Name", "a is o")]),
    (
        "{{ f(1, k=2) }}",
        [
            ("Call", "(1, k="),
            ("Name", "f(1, k"),
            ("Const", "1, k=2"),
            ("Keyword", "2) }}"),
            ("Const", "2) }}"),
        ],
    ),
    (
        "{% if a %}x{% elif b %}y{% endif %}",
        [("If", "if a %"), ("Name", "a %}x{"), ("If", "b %}y{"), ("Name", "b %}y{")],
    ),
    ("{% for i in a %}x{% endfor %}", [("For", "for i "), ("Name", "i in a"), ("Name", "a %}x{")]),
    ("{% set a = 1 %}", [("Assign", "set a "), ("Name", "a = 1 "), ("Const", "1 %}")]),
    ("{% set a %}x{% endset %}", [("AssignBlock", "set a "), ("Name", "a %}x{")]),
    ("{% set ns.a = 1 %}", [("Assign", "set ns"), ("NSRef", "ns.a ="), ("Const", "1 %}")]),
    (
        "{% with a = 1 %}x{% endwith %}",
        [("With", "with a"), ("Name", "a = 1 "), ("Const", "1 %}x{")],
    ),
    ("{% macro m(p) %}x{% endmacro %}", [("Macro", "macro "), ("Name", "p) %}x")]),
    (
        "{% call m() %}x{% endcall %}",
        [("CallBlock", "call m"), ("Call", "() %}x"), ("Name", "m() %}")],
    ),
    ("{% filter upper %}x{% endfilter %}", [("FilterBlock", "filter"), ("Filter", "upper ")]),
    ("{% block b %}x{% endblock %}", [("Block", "block ")]),
    ("{% include 'a' %}", [("Include", "includ"), ("Const", "'a' %}")]),
    ("{% import 'a' as b %}", [("Import", "import"), ("Const", "'a' as")]),
    ("{% from 'a' import b as c %}", [("FromImport", "from '"), ("Const", "'a' im")]),
    ("{% extends 'a' %}", [("Extends", "extend"), ("Const", "'a' %}")]),
    ("é\U0001f600{{ name }}", [("Name", "name }")]),
    (
        "a\n  {%- if x %}{# c #}\n{{ name }}{% endif %}",
        [("If", "if x %"), ("Name", "x %}{#"), ("Name", "name }")],
    ),
    ("{% raw %}{{ name }}{% endraw %}{{ name }}", [("Name", "name }")]),
    ("name {{- name -}} name {{ name }}", [("Name", "name -"), ("Name", "name }")]),
]
ERRORS = [
    ("{{ }}", 3, "}}"),
    ("{{ a", 0, "{{"),
    ("{% if %}", 6, "%}"),
    ("{% if a %}", 0, "{% if a %}"),
    ("{% endif %}", 3, "endif"),
    ("{% for %}", 7, "%}"),
    ("{% for a %}x{% endfor %}", 9, "%}"),
    ("{% for a in %}x{% endfor %}", 12, "%}"),
    ("{{ a b }}", 5, "b"),
    ("{{ a. }}", 6, "}}"),
    ("{{ a| }}", 6, "}}"),
    ("{{ a|1 }}", 5, "1"),
    ("{{ a is }}", 8, "}}"),
    ("{{ (a }}", 6, "}"),
    ("{{ [1 }}", 6, "}"),
    ("{{ {'a' 1} }}", 8, "1"),
    ("{{ a $ b }}", 5, "$"),
    ("{{ 'abc }}", 3, "'"),
    ("{% set %}", 7, "%}"),
    ("{% set a = %}", 11, "%}"),
    ("{% set 1 = 2 %}", 7, "1"),
    ("{% macro %}{% endmacro %}", 9, "%}"),
    ("{% macro m( %}{% endmacro %}", 12, "%"),
    ("{% unknown %}", 3, "unknown"),
    ("{% include %}", 11, "%}"),
    ("{% extends %}", 11, "%}"),
    ("{# never", 0, "{#"),
    ("{% raw %}x", 0, "{% raw %}"),
    ("{% block a %}{% endblock b %}", 25, "b"),
    ("{{ a }} }} {{ b ! }}", 16, "!"),
    ("line\n{{ ok }}\n  {% if x y %}{% endif %}", 24, "y"),
    ("{% from 'a' import %}", 19, "%}"),
    ("{% else %}", 3, "else"),
    ("{{ f(a=1, 2) }}", 4, "("),
    ("{{ f(**a, *b) }}", 4, "("),
    ("{{ 1.. }}", 5, "."),
    ("{% with a = %}x{% endwith %}", 12, "%}"),
    ("{{ a if }}", 8, "}}"),
    ("{% for x in y %}{% endif %}", 19, "endif"),
    ("{% call %}{% endcall %}", 8, "%}"),
    ("{% set none = 1 %}", 7, "none"),
    ("{{ 1.\u0663 }}", 3, "1.\u0663"),
]
REFUSED = [
    ("{{ " + "[" * 41 + "1" + "]" * 41 + " }}", "brackets are nested too deep"),
    ("{{ 1" + " + 1" * 150 + " }}", "the template is too large"),
    ("{{ " + "(" * 200 + "1" + ")" * 200 + " }}", "brackets are nested too deep"),
    ("{{ " + "not " * 5_000 + "1 }}", "the template is nested too deep"),
    ("{{ 1" + "|abs" * 300 + " }}", "the template is too large"),
    ("x{{ 1 }}" * 15_000, "the template is too large"),
    ("{{ " + "1" * 5_000 + " }}", "a number that is too large"),
    ("{{ 1 }}" + "x" * 300_000, "a template of over 256 KB"),
]


@pytest.mark.parametrize(("source", "expected"), NODES)
def test_each_node_begins_at_the_offset_it_says(
    source: str, expected: list[tuple[str, str]]
) -> None:
    found = parse(source).tree.find_all(nodes.Node)

    texts = ("Output", "TemplateData")
    placed = [(type(n).__name__, n.at) for n in found]
    begins = [(kind, source[at : at + 6]) for kind, at in placed if kind not in texts]

    assert sorted(begins) == sorted(expected)


@pytest.mark.parametrize("source", [source for source, _ in NODES])
def test_a_literal_stands_where_it_says_and_tokens_are_in_order(source: str) -> None:
    template = parse(source)

    for data in template.tree.find_all(nodes.TemplateData):
        assert source[data.at : data.at + len(data.data)] == data.data
    starts = [span.start for span in template.tokens]
    assert starts == sorted(starts)
    assert all(0 <= span.start <= span.end <= len(source) for span in template.tokens)


@pytest.mark.parametrize(("source", "start", "marked"), ERRORS)
def test_a_syntax_error_marks_the_wrong_token(source: str, start: int, marked: str) -> None:
    with pytest.raises(TemplateError) as error:
        parse(source)

    assert (error.value.start, source[error.value.start : error.value.end]) == (start, marked)
    assert error.value.code == "TPL001"
    assert not error.value.message.endswith(".")
    assert not error.value.message[:1].isupper()


@pytest.mark.parametrize(("source", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_too_large_is_refused(source: str, message: str) -> None:
    with pytest.raises(TemplateError) as error:
        parse(source)

    assert (error.value.message, error.value.code) == (message, "TPL005")
    assert 0 <= error.value.start < error.value.end <= len(source)


def test_a_carriage_return_is_told_at_its_place() -> None:
    with pytest.raises(TemplateError) as error:
        parse("{{ a }}\r\n")

    assert (error.value.start, error.value.end, error.value.code) == (7, 8, "TPL001")


@pytest.mark.parametrize(
    ("source", "start"), [("", 0), ("a b", 2), ("a |", 2), ("a }} b", 2), ("a $", 2), ("(a", 1)]
)
def test_a_condition_that_is_no_expression_is_told(source: str, start: int) -> None:
    with pytest.raises(TemplateError) as error:
        parse_expression(source)

    assert error.value.start == start


def test_threads_parse_different_templates_as_one_does() -> None:
    sources = [f"{{% if a{i} %}}{'x' * i}{{{{ b{i}|upper }}}}{{% endif %}}" for i in range(400)]

    with ThreadPoolExecutor(16) as pool:
        threaded = list(pool.map(_described, sources))

    assert threaded == [_described(source) for source in sources]


def _described(source: str) -> list[tuple[str, int]]:
    template = parse.__wrapped__(source)  # type: ignore[attr-defined]  # what is not remembered
    found = [(type(n).__name__, n.at) for n in template.tree.find_all(nodes.Node)]
    return [*found, *((span.kind, span.start) for span in template.tokens)]


@pytest.mark.parametrize(
    "source", ["{{ " + "(" * 40 + "1" + ")" * 40 + " }}", "{{ 1" + " + 1" * 140 + " }}"]
)
def test_what_is_within_the_limits_is_parsed_from_deep_inside_a_program_too(source: str) -> None:
    def deep(frames: int) -> str:
        return deep(frames - 1) if frames else parse(source).source

    assert deep(250) == source
