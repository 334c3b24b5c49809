"""Texts with replaced names become the same text with expressions."""

from __future__ import annotations

import pytest

from promptops.formats.languages.by_syntax import guessed_syntax, placeholders, plain
from promptops.formats.languages.format_string import format_string
from promptops.formats.translation import InputNames, jinja
from promptops.model.place import plain_text


@pytest.mark.parametrize(
    ("syntax", "text", "template", "aliases"),
    [
        ("double", "Hi {{name}} {{ a b }}", 'Hi {{ name }} {{ "{{" }} a b }}', {}),
        (
            "double",
            "{{user-name}} {{ user_name }}",
            "{{ user_name }} {{ user_name_ }}",
            {"user_name": "user-name", "user_name_": "user_name"},
        ),
        ("exact", "{{ name }}{{name}}", '{{ "{{" }} name }}{{ name }}', {}),
        (
            "single",
            'In {lang}: {"a": {b}} {{c}}',
            'In {{ lang }}: {"a": {{ b }}} {{ "{{" }}c}}',
            {},
        ),
        ("dollar", "$a ${b} $$5 $1", "{{ a }} {{ b }} $5 $1", {}),
        (
            "single",
            "{loop} {class}",
            "{{ loop_ }} {{ class_ }}",
            {"loop_": "loop", "class_": "class"},
        ),
    ],
)
def test_names_are_replaced(syntax, text, template, aliases):
    names = InputNames()

    found = placeholders(syntax)(plain_text("a.txt", text), names)

    assert (jinja(found.parts), found.losses, names.aliases) == (template, (), aliases)


@pytest.mark.parametrize(
    ("text", "template", "losses"),
    [
        ('{{"a": {x}}}', '{"a": {{ x }}}', []),
        ("{{{x}}}", '{{ "{" }}{{ x }}}', []),
        (
            "{a.b} {c[0]} {d[key]} {e!r}",
            '{{ a.b }} {{ c[0] }} {{ d["key"] }} {{ e | json }}',
            [("IMP213", 1, 23, 28)],
        ),
        ("{n:.2f}", '{{ "%.2f" | format(n) }}', []),
        ("{} {}", "{{ arg0 }} {{ arg1 }}", []),
        ("{1} {0}", "{{ arg1 }} {{ arg0 }}", []),
        ("{} {0}", "{} {0}", [("IMP309", 1, 1, 2)]),
        ("{n:-5d}", '{{ "%5d" | format(n) }}', []),
        ("a {n:>10} b", "a {n:>10} b", [("IMP103", 1, 3, 10)]),
        ("a { b", "a { b", [("IMP309", 1, 1, 2)]),
    ],
)
def test_format_strings_become_expressions(text, template, losses):
    found = format_string(plain_text("a.txt", text), InputNames())

    places = [
        (loss.code, loss.place.line, loss.place.column, loss.place.end_column)
        for loss in found.losses
    ]
    assert (jinja(found.parts), places) == (template, losses)


def test_a_text_without_variables_stays():
    found = plain(plain_text("a.txt", "{{ x }} $y {z}"), InputNames())

    assert jinja(found.parts) == '{{ "{{" }} x }} $y {z}'


@pytest.mark.parametrize(
    ("text", "syntax"),
    [
        ("{% if x %}a{% endif %}", "jinja"),
        ("{{ x | upper }}", "jinja"),
        ('{{ x["a: b"] | upper }}', "jinja"),
        ('Sort {ticket} as {{\n  "kind": "order | refund"\n}}', "format"),
        ("Sort {ticket} as {{kind: order | refund}}", "format"),
        ("{{#items}}a{{/items}}", "mustache"),
        ("Hello {{name}}", "double"),
        ('{"a": 1} for {name}', "single"),
        ("Hello {name}, use {{braces}} for JSON.", "format"),
        ("{{topic}} as {a} and {not a field}", "double"),
        ("Hello ${name}", "dollar"),
        ('{"a": 1} costs $5', "none"),
        ("`function f() { return {a} }` is {{ b }}", "double"),
    ],
)
def test_the_syntax_of_a_text_is_guessed(text, syntax):
    assert guessed_syntax(text) == syntax
