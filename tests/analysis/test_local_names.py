"""The names that a template defines, with their scopes, without a parser of ours."""

import random

import pytest

from promptops.analysis.local_names import Imported, local_names
from promptops.commands.lsp.places import TemplateBlock, template_blocks
from tests.runtime.conftest import by_jinja
from tests.runtime.test_runtime_generated import DATA, Grammar


def found(source):
    """Each name with its kind, whether it is exported, and its places: `name@offset`."""
    return [
        (each.kind, each.name, each.top, [a for a, _ in each.sites]) for each in local_names(source)
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{% set a = a %}{{ a }}", [("set", "a", True, [7, 18])]),
        (
            "{% if x %}{% set a = 1 %}{% else %}{% set a = 2 %}{% endif %}{{ a }}",
            [("set", "a", True, [17, 42, 64])],
        ),
        (
            "{% set n = 0 %}{% for i in xs if i %}{% set n = n %}{{ n ~ i }}{% endfor %}{{ n }}",
            [
                ("set", "n", True, [7, 48, 78]),
                ("for", "i", False, [22, 33, 59]),
                ("set", "n", False, [44, 55]),
            ],
        ),
        (
            "{% for k, v in d %}{{ k }}{% else %}{{ v }}{% endfor %}",
            [("for", "k", False, [7, 22]), ("for", "v", False, [10])],
        ),
        (
            "{% macro m(a, b=a) %}{{ a }}{% endmacro %}{{ m(f(a=1), a=2, b=(3)) }}",
            [
                ("macro", "m", True, [9, 45]),
                ("argument", "a", False, [11, 16, 24, 55]),
                ("argument", "b", False, [14, 60]),
            ],
        ),
        (
            "{% with a = b, b = 1 %}{{ a + b }}{% endwith %}{{ b }}",
            [("with", "a", False, [8, 26]), ("with", "b", False, [15, 30])],
        ),
        ("{% call(x) f() %}{{ x }}{% endcall %}{{ x }}", [("argument", "x", False, [8, 20])]),
        ("{% set a | upper %}{{ b }}{% endset %}{{ a }}", [("set", "a", True, [7, 41])]),
        ("{% set a = namespace() %}{% set a.b = 1 %}{{ a.b }}", [("set", "a", True, [7, 32, 45])]),
        ("{{ a }}{% set", []),
    ],
)
def test_names_are_found_in_their_scopes(source, expected):
    assert found(source) == expected


def test_imported_names_have_their_origin():
    source = '{% from "a" import m, n as k with context %}{% import "b" as ns %}{{ ns.f(ns.f) }}'

    assert [(each.name, each.imported, each.attributes) for each in local_names(source)] == [
        ("m", Imported(template="a", name="m", site=(19, 20)), {}),
        ("k", Imported(template="a", name="n", site=(22, 23)), {}),
        ("ns", Imported(template="b"), {"f": [(72, 73), (77, 78)]}),
    ]


def test_blocks_are_found_in_half_typed_templates():
    text = "{% for a in b %}\n{% if c %}\n{{ x\n{% endfor %}\n{% set t %}\n1\n{% endset %}"

    assert list(template_blocks(text)) == [TemplateBlock(1, 3), TemplateBlock(5, 6)]


@pytest.mark.slow
@pytest.mark.parametrize("data", DATA)
def test_a_renamed_name_never_changes_a_generated_template(data):
    for seed in range(30):
        source = Grammar(random.Random(seed)).template()
        if ".j2" in source or len(source) > 1_000:
            continue
        for local in local_names(source):
            renamed = source
            for start, end in reversed(local.sites):
                assert source[start:end] == local.name
                renamed = f"{renamed[:start]}fresh_name{renamed[end:]}"
            assert by_jinja(renamed, data) == by_jinja(source, data)
