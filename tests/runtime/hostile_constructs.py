"""Constructs of the template language, each repeated as often as it is allowed to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

DATA: dict[str, Any] = {
    "numbers": list(range(5_000)),
    "big": 2**1_000,
    "text": "x" * 99,
    "long": "ab" * 400_000,
    "words": [f"word {each}" for each in range(100)],
    "table": {f"key{each}": each for each in range(100)},
    "floats": [each / 7 for each in range(1, 100)],
    "objects": [{"a": {"b": each}} for each in range(100)],
}
OTHERS = {
    "empty": "",
    "ifs": "{% if 0 %}{% elif text %}{% endif %}" * 500,
    "macros": "{% macro m(a=1) %}{% endmacro %}" * 300,
    "base": "{% block a %}{% endblock %}",
    "nested": "{% with %}" * 60 + "{{ text }}" + "{% endwith %}" * 60,
}

EXPRESSIONS = str.splitlines("""\
1
text
text == 'y'
text ~ i
long == long ~ ''
'b' in long
'aab' in long
'abababac' in long
i in numbers
'key7' in table
table.key7
table['key7']
table[text]
table.nothing is defined
objects[7].a.b
text[1:50]
long[1:]
long[::-1]
long[::3]
i + 1
i // 3 % 7
big * big
big // 3
big % i if i else 1
2 ** 2000
1.5 * i
[i, i, i]
(i, (i, text))
{'a': i, 'b': text}
{i: 1}
{(i, text): 1}
not i
i and text or 1
1 if i else 2
-i
range(9)
range(100)|list
namespace(a=i) is defined
namespace(table) is defined
m(i)
m()
n(i)
d(1)|d(2)|d(3)
[1, 2, 3]|sum
floats|sum
floats|join
floats|string
words|join
words|join(', ')
words|sort
words|sort(attribute=0)
words|unique|list
words|groupby(0)
words|map('upper')|list
words|map('replace', 'w', 'x')|list
words|map('truncate', 5, true)|list
words|select('in', text)|list
words|select('string')|list
words|batch(3)|list
words|slice(3)|list
words|reverse|list
objects|map(attribute='a.b')|list
objects|map(attribute='x.y', default=1)|list
objects|selectattr('a.b', 'odd')|list
objects|groupby('a.b')
objects|sum(attribute='a.b')
objects|json
objects|json(2)
objects|tojson
objects|json|parse_json|length
'[1, 2]'|parse_json
(long|split(' '))|length
text|split
objects|string
objects == objects
table|dictsort
table|items|list
table|urlencode
i|string
i|float
i|int
text|int
text|upper
text|title
text|trim
text|trim('xyz')
text|center(100)
text|truncate(9)
text|wordwrap(9)
text|wordcount
text|indent
text|replace('x', 'y')
text|replace('x', 'yyyyyyyyyy')
text|urlencode
text|escape
text|striptags
text|list
text|first
text|reverse
text|format
'%s %d'|format(text, i)
i|filesizeformat
1.2345|round(2)
1.2345|round(2, 'ceil')
i|abs
long|upper|length
long|title|length
long|replace('a', 'bb')|length
long|urlencode|length
long|wordcount
long|striptags|length
long|escape|length
long|wordwrap(80)|length
(long ~ ' ')|indent|length
i is odd
i is divisibleby 3
i is defined
i is in numbers
text is eq text
text is upper
text is string
big is even
loop.index
loop.changed(i)
loop.cycle(1, 2, 3)""")

STATEMENTS = str.splitlines("""\
{% if i %}{% endif %}
{% if i == 3 %}a{% elif i == 4 %}b{% elif i == 5 %}c{% endif %}
{% set x = i %}
{% set a, b = i, i %}
{% set x %}a{{ i }}{% endset %}
{% set x | upper %}a{{ i }}{% endset %}
{% with a = i %}{{ a }}{% endwith %}
{% for j in [1] %}{% endfor %}
{% for j in words %}{% endfor %}
{% for j in words %}a{% endfor %}
{% for j in words if j %}{% endfor %}
{% for j in words %}{{ loop.index }}{% endfor %}
{% for j in words %}{{ j }}{% endfor %}
{% for j in words recursive %}{% endfor %}
{% for a, b in [(1, 2)] %}{% endfor %}
{% for c in text %}{% endfor %}
{% for c in long[:9000] %}{{ c }}{% endfor %}
{% filter upper %}a{{ i }}{% endfilter %}
{% call m() %}a{% endcall %}
{% call c() %}a{% endcall %}
{% macro o() %}{% endmacro %}
{% include 'empty' %}
{% include 'ifs' %}
{% include 'nested' %}
{% import 'empty' as e %}
{% from 'macros' import m as z %}
{% set ns.v = i %}
{{ text }}
a
{# a #}a{{ i }}b{{ text }}""")

HEAD = (
    "{% macro m(a=1) %}{% endmacro %}{% macro n(a) %}{{ a }}{{ caller is defined }}{% endmacro %}"
    "{% macro c() %}{{ caller() }}{% endmacro %}"
    "{% macro d(a) %}{% if a %}{% endif %}{% endmacro %}{% set ns = namespace(v=1) %}"
)


def constructs() -> Iterator[str]:
    """Each construct in a loop, and in a loop among many scopes."""
    for body in [*STATEMENTS, *(f"{{% set x = {each} %}}" for each in EXPRESSIONS)]:
        yield HEAD + _looped(body)
        yield HEAD + "{% with %}" * 40 + _looped(body) + "{% endwith %}" * 40
    for each in EXPRESSIONS:
        yield HEAD + _looped(f"{{{{ {each} }}}}")


def _looped(body: str) -> str:
    return "{% for i in numbers %}{% for again in numbers %}" + body + "{% endfor %}{% endfor %}"
