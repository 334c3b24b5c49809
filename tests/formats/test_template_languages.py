"""Each construct of a template language becomes the template that renders the same."""

from __future__ import annotations

import pytest

from promptops.formats.languages.format_string import format_call, percent_string
from promptops.formats.languages.handlebars import Handlebars
from promptops.formats.languages.mustache import mustache_with
from promptops.formats.languages.nunjucks import nunjucks
from promptops.formats.translation import InputNames, jinja
from promptops.model.place import plain_text

PROPERTIES = {
    "xs": {
        "type": "array",
        "items": {"type": "object", "properties": {"name": {"type": "string"}}},
    },
    "o": {"type": "object", "properties": {"a": {"type": "string"}}},
    "ok": {"type": "boolean"},
    "m": {"type": "object", "additionalProperties": {"type": "string"}},
}
SAMPLE = {"xs": ["a"], "o": {"a": "b"}, "ok": True}


def written(found):
    return jinja(found.parts), [loss.code for loss in found.losses]


@pytest.mark.parametrize(
    ("text", "template", "codes"),
    [
        ("{{name}} {{{name}}} {{ o.a }}", "{{ name }} {{ name }} {{ o.a }}", []),
        ("\\{{name}}", '{{ "{{" }}name}}', []),
        ("a\n  {{#if ok}}\nb\n  {{/if}}\nc", "a\n{% if ok %}\nb\n{% endif %}\nc", []),
        ("a {{~name~}} b", "a{{ name }}b", []),
        ("{{[a b]}}", "{{ a_b }}", []),
        (
            "{{#each xs}}{{this.name}} {{@index}} {{@first}} "
            "{{@last}} {{../name}} {{@root.name}}{{/each}}",
            "{% for item in xs %}{{ item.name }} {{ loop.index0 "
            "}} {{ loop.first | json }} {{ loop.last | json }} {{ name }} "
            "{{ name }}{% endfor %}",
            [],
        ),
        (
            "{{#each xs as |x i|}}{{x.name}}{{i}}{{/each}}",
            "{% for x in xs %}{{ x.name }}{{ loop.index0 }}{% endfor %}",
            [],
        ),
        (
            "{{#each m}}{{@key}}={{this}}{{/each}}",
            "{% for key_, item in m | items %}{{ key_ }}={{ item }}{% endfor %}",
            [],
        ),
        (
            "{{#if a}}1{{else if b}}2{{else}}3{{/if}}",
            "{% if a %}1{% elif b %}2{% else %}3{% endif %}",
            [],
        ),
        ("{{#unless a}}1{{/unless}}", "{% if not a %}1{% endif %}", []),
        ("{{#with o}}{{a}}{{/with}}", "{% if o %}{{ o.a }}{% endif %}", []),
        ("{{lookup xs 0}}", '{{ xs[0] | default("") }}', []),
        (
            '{{#ifEquals a "b"}}1{{/ifEquals}}{{#unlessEquals a 1}}2{{/unlessEquals}}',
            '{% if a == "b" %}1{% endif %}{% if a != 1 %}2{% endif %}',
            [],
        ),
        ("{{json o}}", "{{ o | json }}", ["IMP213"]),
        (
            '{{#if (and (eq a "x") (not b))}}1{{/if}}',
            '{% if ((a == "x") and (not b)) %}1{% endif %}',
            [],
        ),
        ("{{#if (or (lt a 1) (gt a 2))}}1{{/if}}", "{% if ((a < 1) or (a > 2)) %}1{% endif %}", []),
        ("{{ok}} {{xs}}", '{{ ok | json }} {{ xs | join(",") }}', []),
        ("{{!-- note --}}x{{! other }}", "{# note #}x{# other #}", []),
        ("{{> style}}", '{% include "style" %}\n', []),
        ("  {{> style}}\n", '{% include "style" %}\n', ["IMP211"]),
        ("{{> style x=1}}", "", ["IMP104"]),
        ("{{#list xs}}a{{/list}}", "{% if list %}a{% endif %}", ["IMP102"]),
        ("{{#if a}}b", "{% if a %}b", ["IMP102"]),
        ("{{helper a}}", "", ["IMP102"]),
        ('{{#*inline "x"}}a{{/inline}}', "{% if inline %}a{% endif %}", ["IMP102"]),
    ],
)
def test_handlebars(text, template, codes):
    reader = Handlebars(plain_text("a.hbs", text), InputNames(), properties=PROPERTIES)

    assert written(reader.read()) == (template, codes)


@pytest.mark.parametrize(
    ("text", "template", "codes"),
    [
        ("{{{name}}} {{&name}}", "{{ name }} {{ name }}", []),
        ("{{name}}", "{{ name }}", ["IMP210"]),
        ("{{#xs}}{{.}}{{/xs}}", "{% for item in xs %}{{ item }}{% endfor %}", ["IMP210"]),
        ("{{^xs}}none{{/xs}}", "{% if not xs %}none{% endif %}", []),
        ("{{#ok}}yes{{/ok}}", "{% if ok %}yes{% endif %}", []),
        ("{{#o}}{{a}}{{/o}}", "{% if o %}{{ o.a }}{% endif %}", ["IMP210"]),
        (
            "{{#unknown}}{{b}}{{/unknown}}",
            "{% for item in unknown %}{{ item.b }}{% endfor %}",
            ["IMP232", "IMP210"],
        ),
        ("a\n{{#ok}}\nb\n{{/ok}}\nc", "a\n{% if ok %}\nb\n{% endif %}\nc", []),
        ("{{=<% %>=}}", "", ["IMP102"]),
        ("{{! note }}x", "{# note #}x", []),
        ("{{> part}}", '{% include "part" %}\n', ["IMP104"]),
    ],
)
def test_mustache(text, template, codes):
    found = mustache_with(SAMPLE)(plain_text("a.txt", text), InputNames())

    assert written(found) == (template, codes)


@pytest.mark.parametrize(
    ("text", "template", "codes"),
    [
        ("{{ x | dump }}", "{{ x | json }}", ["IMP213"]),
        ("{% if a === 'b' %}1{% endif %}", "{% if a == 'b' %}1{% endif %}", []),
        ("{% if xs.length > 1 %}1{% endif %}", "{% if xs|length > 1 %}1{% endif %}", []),
        (
            "{{ a.toUpperCase() }} {{ a.toLowerCase() }} {{ a.trim() }}",
            "{{ a | upper }} {{ a | lower }} {{ a | trim }}",
            [],
        ),
        (
            "{% for k, v in o %}{{ k }}{% endfor %}",
            "{% for k, v in o |items %}{{ k }}{% endfor %}",
            [],
        ),
        ("{% if a == null %}1{% endif %}", "{% if a == none %}1{% endif %}", []),
        ("{% if xs %}1{% endif %}", "{% if xs %}1{% endif %}", ["IMP231"]),
        ("{{ env.X }}", "{{ env.X }}", ["IMP103"]),
        ("{{ x", '{{ "{{" }} x', ["IMP229"]),
        (
            "{{ a && b }} {{ !a }} {{ a || b }} {{ a !== b }}",
            '{{ "{{" }} a && b }} {{ "{{" }} !a }} {{ "{{" }} a || b }} {{ "{{" }} a !== b }}',
            ["IMP229"],
        ),
    ],
)
def test_nunjucks(text, template, codes):
    found = nunjucks(plain_text("a.txt", text), SAMPLE)

    assert written(found) == (template, codes)


@pytest.mark.parametrize(
    ("text", "template", "codes"),
    [
        (
            "%s and %d of %5.1f%%",
            '{{ arg0 }} and {{ "%d" | format(arg1) }} of {{ "%5.1f" | format(arg2) }}%',
            [],
        ),
        ("%(a)s %(b c)s %(a)r", "{{ a }} {{ b_c }} {{ a | json }}", ["IMP213"]),
        (
            "%-5s|%05d|%x",
            '{{ "%-5s" | format(arg0) }}|{{ "%05d" | format(arg1) }}|{{ "%x" | format(arg2) }}',
            [],
        ),
        ("%*d", "%*d", ["IMP103"]),
        ("100% sure", '100{{ "% s" | format(arg0) }}ure', []),
        ("%s %(a)s", "%s %(a)s", ["IMP309"]),
        (
            "%i %c %a",
            '{{ "%i" | format(arg0) }} {{ "%c" | format(arg1) }} {{ arg2 | json }}',
            ["IMP213"],
        ),
    ],
)
def test_strings_for_the_operator_percent(text, template, codes):
    found = percent_string(plain_text("a.py", text), InputNames(), {}, None)

    assert written(found) == (template, codes)


def test_what_code_passes_stands_for_positions_and_constants_become_text():
    arguments = {"0": "user.name", "1": '"a \\"b\\""', "2": "3", "b": "xs | length"}
    text = plain_text("a.py", "{0} {0[x]} {1} {2} {b} {b.c} {d} {0!r}")

    found = [
        written(format_call(text, InputNames(), arguments)),
        written(percent_string(plain_text("a.py", "%s %s %s"), InputNames(), arguments, 3)),
        written(percent_string(plain_text("a.py", "%s %s"), InputNames(), arguments, 3)),
    ]

    assert found == [
        (
            '{{ user.name }} {{ user.name["x"] }} a "b" 3 {{ xs | length }}'
            " {{ (xs | length).c }} {{ d }} {{ user.name | json }}",
            ["IMP213"],
        ),
        ('{{ user.name }} a "b" 3', []),
        ("%s %s", ["IMP309"]),
    ]
