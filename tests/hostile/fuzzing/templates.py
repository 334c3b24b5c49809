"""Templates that mean harm: every statement, filter and test of Jinja, also those not allowed."""

from __future__ import annotations

from random import Random

from jinja2.filters import FILTERS
from jinja2.tests import TESTS

NAMES = ("a", "b", "ticket", "items", "user", "loop", "self", "x", "_p", "caller", "varargs", "é")
FILTER_NAMES = (*sorted(FILTERS), "json", "nope", "strip")
TEST_NAMES = (*sorted(TESTS), "nope")
OPERATORS = ("+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", ">=", "and", "or", "in")
LITERALS = (
    *("0", "1", "-1", "1.5", "1e308", "1e999", "9" * 30, "9" * 5000, "true", "none", "''", "' '"),
    *(
        "'%9d'",
        "'%s' % a",
        "'{0.__class__}'",
        "'é\u202e'",
        "'a' * 9",
        "[]",
        "{}",
        "(1,)",
        "range(9)",
    ),
    *("[1, [2, [3]]]", "{'a': 1, 'b': [2]}", "'x.y.z'", "dict(a=1)", "namespace(a=1)", "lipsum()"),
)
TAGS = (
    *("{% autoescape true %}§{% endautoescape %}", "{% trans %}§{% endtrans %}", "{% do x %}"),
    *("{% break %}", "{% continue %}", "{% debug %}", "{% raw %}§{% endraw %}", "{# § #}"),
    *("{% call(z) m(¤) %}§{% endcall %}", "{% call x %}§{% endcall %}", "{% filter ¶ %}§{% endfilter %}"),
    *("{% if ¤ %}§{% elif ¤ %}§{% else %}§{% endif %}", "{% if ¤ -%} § {%- endif %}"),
    *("{% for x in ¤ %}§{% else %}§{% endfor %}", "{% for a, b in ¤ if ¤ %}{{ loop.index }}§{% endfor %}"),
    *("{% for x in ¤ recursive %}{{ loop(x) }}{% endfor %}", "{% set x = ¤ %}§", "{% set x %}§{% endset %}"),
    *("{% set a, b = ¤ %}", "{% set ns.a = ¤ %}", "{% with x = ¤ %}§{% endwith %}"),
    *("{% macro m(a, b=¤) %}§{{ caller() }}{% endmacro %}{{ m(¤) }}", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
    *("{% include 'p.j2' %}", "{% include ¤ ignore missing %}", "{% include ['p.j2', 'q.j2'] without context %}"),
    *("{% import 'p.j2' as q %}{{ q.m(¤) }}", "{% from 'p.j2' import m as n with context %}{{ n(¤) }}"),
    *("{% extends 'p.j2' %}{% block z %}§{{ super() }}{% endblock %}", "{% block z scoped required %}{% endblock %}"),
    *("{%", "%}", "{{", "}}", "{#", "{{ }}", "{% if %}", "{% endfor %}", "{%- for", "{{ ¤", "{{- ¤ -}}"),
)  # fmt: skip
TEXTS = (
    "hello ",
    "\n",
    "\n\n\n",
    "</doc>",
    "never ",
    "TODO ",
    "<|im_start|>",
    "\u202e",
    "😀",
    "`" * 3,
)


def template(random: Random, depth: int = 3) -> str:
    """Text with statements and expressions in it, of which each may be wrong."""
    parts = [_part(random, depth) for _ in range(random.randint(1, 4))]
    return "".join(parts)[:20_000]


def _part(random: Random, depth: int) -> str:
    chosen = random.random()
    if depth <= 0 or chosen < 0.35:
        return random.choice(TEXTS)
    if chosen < 0.6:
        return f"{{{{ {expression(random, depth)} }}}}"
    pieces = random.choice(TAGS)
    return "".join(_filled(random, char, depth) for char in pieces)


def _filled(random: Random, char: str, depth: int) -> str:
    if char == "§":
        return template(random, depth - 1)
    if char == "¤":
        return expression(random, depth - 1)
    return random.choice(FILTER_NAMES) if char == "¶" else char


def expression(random: Random, depth: int = 3) -> str:  # noqa: PLR0911 -- one for each form
    """An expression of names, literals, operators, filters, tests, calls and subscripts."""
    if depth <= 0:
        return random.choice(NAMES if random.random() < 0.6 else LITERALS)
    inner = [expression(random, depth - 1) for _ in range(2)]
    chosen = random.randrange(9)
    if chosen < 3:
        return f"{inner[0]} | {random.choice(FILTER_NAMES)}{_arguments(random, depth)}"
    if chosen == 3:
        negated = random.choice(("is", "is not"))
        return f"{inner[0]} {negated} {random.choice(TEST_NAMES)}{_arguments(random, depth)}"
    if chosen == 4:
        return f"({inner[0]}) {random.choice(OPERATORS)} ({inner[1]})"
    if chosen == 5:
        return f"{inner[0]} if {inner[1]}" + random.choice(("", f" else {random.choice(NAMES)}"))
    if chosen == 6:
        return (
            f"{random.choice(NAMES)}.{random.choice((*NAMES, 'items()', '__class__', 'upper()'))}"
        )
    if chosen == 7:
        return f"{random.choice(NAMES)}[{random.choice((inner[0], '0', '-1', '::-1', '1:' + '9' * 20))}]"
    return f"{random.choice(('range', 'not ', '-', 'm', 'x', 'cycler', 'loop.cycle'))}({inner[0]})"


def _arguments(random: Random, depth: int) -> str:
    if random.random() < 0.5:
        return ""
    count = random.randint(0, 3)
    named = ("", "", "attribute=", "default=", "width=", "start=", "reverse=", "by=")
    given = (random.choice(named) + expression(random, depth - 2) for _ in range(count))
    return f"({', '.join(given)})"
