"""Jinja with the default options of its engine becomes our Jinja that renders the same."""

from __future__ import annotations

import pytest
from jinja2 import Environment

from promptops.formats.languages.jinja import default_jinja, jinja_with
from promptops.formats.translation import InputNames, jinja
from promptops.model.place import plain_text

VALUES = {
    "x": " a B ",
    "xs": ["p", "q"],
    "m": {"k": "v", "l": "w"},
    "flag": True,
    "no": False,
}


def read(text, language=default_jinja):
    return language(plain_text("a.j2", text), InputNames())


@pytest.mark.parametrize(
    "text",
    [
        "{% if flag %}\nyes\n{% endif %}\nend\n",
        "  {% for a in xs %}\n  - {{ a }}\n  {% endfor %}\n",
        "{%- if flag -%}  a  {%- endif %} b",
        "{# note #}\n\n{{ x.strip() }}|{{ x.upper().lower() }}",
        '{{ ", ".join(xs) }} {{ m.get("k") }} {{ m.get("z", "none") }}',
        "{% for k, v in m.items() %}{{ k }}={{ v }};{% endfor %}{{ m.keys() | join }}",
        '{{ x.replace("a", "b") }}{{ m.values() | join("-") }}',
        "{% raw %}{{ not this }}{% endraw %} { {{ x }} }",
        '{"a": {{ x | tojson }}}',
        "{% set y = 3 %}{{ y }}{% if no %}a{% else %}b{% endif %}",
    ],
)
def test_the_same_text_is_rendered(text):
    found = read(text)

    ours = jinja(found.parts)
    theirs = Environment(keep_trailing_newline=True).from_string(text).render(VALUES)
    engine = Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    engine.filters |= {"items": lambda value: list(value.items())}
    assert engine.from_string(ours).render(VALUES) == theirs
    assert found.losses == ()


def test_tags_on_lines_of_their_own_stay_there_where_the_engine_trims():
    trimmed = jinja_with(trim_blocks=True, lstrip_blocks=True)

    assert jinja(read("a\n{% if x %}\nb\n{% endif %}\n", trimmed).parts) == (
        "a\n{% if x %}\nb\n{% endif %}\n"
    )


@pytest.mark.parametrize(
    ("text", "losses"),
    [
        (
            "{{ x.center(9) }}",
            [("IMP102", "the method `center` has no counterpart in promptops", 6, True)],
        ),
        (
            "{{ x | nosuch }}",
            [("IMP102", "the filter `nosuch` does not exist in promptops", 8, True)],
        ),
        ("{{ x | safe }}", [("IMP207", "`safe` is dropped: promptops escapes nothing", 8, False)]),
        (
            "{% do xs.append(1) %}",
            [
                ("IMP102", "the tag `do` has no counterpart in promptops", 4, True),
                ("IMP102", "the method `append` has no counterpart in promptops", 10, True),
            ],
        ),
        (
            "{% if x is fancy %}{% endif %}",
            [("IMP102", "the test `fancy` does not exist in promptops", 12, True)],
        ),
        (
            "{{ dict(a=1) }}",
            [("IMP102", "the function `dict` does not exist in promptops", 4, True)],
        ),
    ],
)
def test_what_does_not_exist_here_is_a_loss_at_its_place(text, losses):
    found = [(one.code, one.message, one.place.column, one.refuses) for one in read(text).losses]

    assert found == losses


def test_a_text_that_is_no_template_stays():
    found = read("costs {{ 5")

    assert [loss.code for loss in found.losses] == ["IMP313"]
    assert jinja(found.parts) == 'costs {{ "{{" }} 5'


@pytest.mark.parametrize("number", ["1.\u0663", "9" * 5_000])
def test_a_text_with_a_number_that_python_does_not_read_stays(number):
    found = read(f"costs {{{{ {number} }}}}")

    assert [loss.code for loss in found.losses] == ["IMP313"]
    assert jinja(found.parts) == f'costs {{{{ "{{{{" }}}} {number} }}}}'
