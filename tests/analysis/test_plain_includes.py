"""What a template includes is found without a parser, and is what the parser finds."""

from __future__ import annotations

import random

import pytest

from promptops.analysis.includes import Include, _parsed, _plain
from promptops.runtime.template.template import TemplateError, parse
from tests.runtime.test_runtime_generated import Grammar
from tests.tiers import fast_first

PIECES = [
    "{% include 'one.j2' %}",
    '{%- include "a b.j2" ignore missing with context -%}',
    "{% import 'm.j2' as m %}",
    "{% from 'm.j2' import a, b without context %}",
    "{% from 'm.j2' import a as b %}",
    "{% extends 'base' %}",
    "{%include'q'%}{%+ include 'é' %}",
    "{% include 'z'ignore missing%}",
    "{% include x %}",
    "{% include 'a' if x %}",
    "{% include ['a', 'b'] %}",
    "{% include 'a' ~ 'b' %}",
    "{% include 'a' 'b' %}",
    "{% include 'a\\x41' %}",
    "{# {% include 'no' %} #}",
    "{% raw %}{% include 'no' %}{% endraw %}",
    "{{ '{% include 1 %}' }}",
    "{{ \"}} {% include 'no' %}\" }}",
    "{{ {'a': '%}'} }}",
    "don't ",
    '"',
    "100% }} ",
    "{%\n include\n 'lines.j2'\n%}",
]


@pytest.mark.parametrize("count", fast_first([250, 1000], 1))
def test_it_finds_what_the_parser_finds_or_leaves_it_to_the_parser(count):
    chance = random.Random(5)
    found = left = 0

    for seed in range(count):
        parts = [Grammar(random.Random(seed)).template(), *chance.choices(PIECES, k=3)]
        chance.shuffle(parts)
        source = "".join(parts)
        plain = _plain(source)
        try:
            parse(source)
        except TemplateError:
            continue
        if plain is None:
            left += 1
        else:
            assert tuple(plain) == _parsed(source), source
            found += bool(plain)

    assert found > count // 33
    assert left > count // 33


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("a {% include 'b.j2' %}", "b.j2"),
        ('{#- c -#}{%- import "d.j2" as e with context -%}', "d.j2"),
        ("{{ it's }} {% include 'f.j2' %} {{ '", None),
    ],
)
def test_a_plain_one_is_found_at_its_place(source, name):
    start = source.index(name or "") - 1

    expected = None if name is None else [Include(name, start, start + len(name) + 2)]

    assert _plain(source) == expected
