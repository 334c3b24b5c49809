"""Messages about values speak of strings, numbers and objects, and never of Python's types."""

from __future__ import annotations

import re

import pytest

from promptops.model.place import Text, plain_text
from promptops.runtime.template.data import json_copy
from promptops.runtime.template.text_rendering import Run, TemplateFailure, render_text

DATA = {"s": "a", "n": 1, "f": 1.5, "l": [1], "o": {"a": 1}, "b": True, "z": None}
BEFORE = (
    "{% set made %}x{{ s }}{% endset %}{% macro m() %}{% endmacro %}{% set ns = namespace(a=1) %}"
    "{% import 'other.j2' as module %}{% block bb %}{% endblock %}"
    "{% for i in [1] %}{% set around = loop %}"
)
VALUES = [*DATA, "made", "range(3)", "(1, 2)", "m", "around", "ns", "module", "self", "range"]
MISTAKES = [
    *("{{ V.zz }}", "{{ V['zz'] }}", "{{ V[9] }}", "{{ V[o] }}", "{{ l[V] }}", "{{ V[1:] }}"),
    *("{{ V + 's' }}", "{{ V + 1 }}", "{{ V - l }}", "{{ -V }}", "{{ V ** 's' }}", "{{ V < 1 }}"),
    *("{{ 1 in V }}", "{{ V in 's' }}", "{{ V * 's' }}", "{{ {V: 1} }}", "{{ V }}", "{{ V() }}"),
    *("{% for x in V %}{% endfor %}", "{% set p, q = V %}", "{{ range(V) }}", "{{ V|length }}"),
    *("{{ V|round }}", "{{ V|dictsort }}", "{{ V|wordwrap }}", "{{ V|filesizeformat }}"),
    *("{{ V|urlencode }}", "{{ V|tojson }}", "{{ V|items }}", "{{ V is divisibleby(2) }}"),
]
PYTHON = re.compile(
    r"\b(str|int|dict|bool|tuple|NoneType|Traced|Macro|\w+Context|Namespace|Module|OwnBlocks"
    r"|_\w+|object of type|operand|iterable object)\b"
)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_message_never_names_a_type_of_python(mistake: str) -> None:
    messages = {value: message_of(BEFORE + mistake.replace("V", value)) for value in VALUES}

    assert {value: text for value, text in messages.items() if PYTHON.search(text)} == {}


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ made.zz }}", "this string has no `zz`"),
        ("{{ n.zz }}", "this number has no `zz`"),
        ("{{ b.zz }}", "this boolean has no `zz`"),
        ("{{ z.zz }}", "null has no `zz`"),
        ("{{ l.zz }}", "this list has no `zz`"),
        ("{{ l[9] }}", "this list has no item 9"),
        ("{{ l[z] }}", "this list has no item null"),
        ("{{ o.zz }}", "this object has no `zz`"),
        ("{{ o[l] }}", "this object has no item that a list names"),
        ("{{ module.zz }}", "this imported template has no `zz`"),
        ("{{ m.zz }}", "this macro has no `zz`"),
        ("{{ around.zz }}", "`loop` has no `zz`"),
        ("{{ o + 1 }}", "`+` does not work on an object and a number"),
        ("{{ made + 1 }}", "`+` does not work on a string and a number"),
        ("{{ n < made }}", "`<` does not work on a number and a string"),
        ("{% for x in n %}{% endfor %}", "a number has no items"),
        ("{% for x in m %}{% endfor %}", "a macro has no items"),
        ("{{ m }}", "a macro can't be printed: call it"),
        ("{{ z|length }}", "null has no length"),
        ("{{ [] | max + 1 }}", "an empty list has no `max` and no `min`"),
        ("{{ 1 % 0 }}", "division by zero"),
        ("{{ 1.5 // 0 }}", "division by zero"),
        ("{{ 1.5 % 0 }}", "division by zero"),
        ("{% autoescape true %}x{% endautoescape %}", "`autoescape` is not allowed"),
    ],
)
def test_a_message_names_the_kind_of_value(template: str, message: str) -> None:
    assert message_of(BEFORE + template) == message


def message_of(template: str) -> str:
    try:
        render_text(plain_text("ask.j2", template + "{% endfor %}"), json_copy(DATA), Run(load))
    except TemplateFailure as failure:
        return failure.message
    return ""


def load(path: str, name: str) -> Text | None:
    return plain_text(name, "text") if name == "other.j2" else None
