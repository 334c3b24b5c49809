"""For each kind of condition, the drafts take every branch that inputs can reach."""

import json

from tests.commands.asked import ask

HEADER = """\
format: promptops/1
description: A template.
model: {provider: openai, id: gpt-4o}
inputs: INPUTS
messages:
  - role: user
    content: |
      Go.
"""
OPEN = "{additionalProperties: true}"

# The name of a condition, its template, and the branches that no inputs reach.
TEMPLATES = [
    ("equal", "{% if a == 'x' %}A{% elif a == 'y' %}B{% else %}C{% endif %}", 0),
    ("in a list", "{% if a in ['x', 'y'] %}A{% endif %}{% if a not in ['x'] %}B{% endif %}", 0),
    ("in a text", "{% if 'urgent' in a | lower %}A{% endif %}", 0),
    ("order", "{% if 1 < n <= 5 %}A{% endif %}{% if n == 3 %}B{% endif %}", 0),
    ("arithmetic", "{% if n * 2 + 1 >= 9 %}A{% elif n % 2 == 0 %}B{% else %}C{% endif %}", 0),
    ("two values", "{% if a == b %}A{% endif %}{% if n > m %}B{% endif %}", 0),
    (
        "and, or, not",
        "{% if (a or b) and not (c and d) %}A{% endif %}{% if a and d %}B{% endif %}",
        0,
    ),
    ("tests", "{% if a is none %}A{% elif a is string %}B{% elif a is mapping %}C{% endif %}", 0),
    ("defined", "{% if a is defined and a %}A{% endif %}{% if b is not defined %}B{% endif %}", 0),
    (
        "default",
        "{% if a | default('en') == 'en' %}A{% endif %}{% if b | default(false) %}B{% endif %}",
        0,
    ),
    (
        "length",
        "{% if a | length > 200 %}A{% endif %}{% if xs | length == 2 %}B{% endif %}{{ xs[0] }}",
        0,
    ),
    ("loop", "{% for x in xs %}{% if x.n > 10 %}A{% endif %}{% else %}B{% endfor %}", 0),
    ("first and last", "{% for x in xs %}{{ x }}{% if not loop.last %},{% endif %}{% endfor %}", 0),
    (
        "index",
        "{% for x in xs %}{% if loop.index == 3 %}A{% elif loop.first %}B{% endif %}{% endfor %}",
        0,
    ),
    ("loop with if", "{% for x in xs if x.on %}{{ x.name }}{% else %}A{% endfor %}", 0),
    (
        "nested loops",
        "{% for x in xs %}{% for y in x.ys %}{% if y.on and not y.late %}A{% endif %}"
        "{% endfor %}{% endfor %}",
        0,
    ),
    ("pairs", "{% for a, b in xs %}{{ a }}{% if b > 3 %}A{% endif %}{% endfor %}", 0),
    ("items", "{% for k, v in xs | items %}{{ k }}{% if v is string %}A{% endif %}{% endfor %}", 0),
    ("range", "{% for i in range(n) %}{{ i }}{% else %}A{% endfor %}", 0),
    (
        "element",
        "{% if xs[0].kind == 'a' %}A{% endif %}{% if (xs | last).kind == 'z' %}B{% endif %}",
        0,
    ),
    ("selectattr", "{% if xs | selectattr('lang', 'equalto', 'de') | list %}A{% endif %}", 0),
    ("count of selected", "{% if xs | rejectattr('ok') | list | length > 1 %}A{% endif %}", 0),
    (
        "map",
        "{% for n in xs | map(attribute='name') | list %}{% if n == 'Bo' %}A{% endif %}"
        "{% endfor %}",
        0,
    ),
    (
        "set",
        "{% set big = xs | length > 3 %}{% if big %}A{% endif %}{% for x in xs %}{% endfor %}",
        0,
    ),
    ("set to one of two", "{% set m = 'x' if a else 'y' %}{% if m == 'x' %}A{% endif %}", 0),
    (
        "namespace",
        "{% set ns = namespace(f=false) %}{% for x in xs %}{% if x.on %}"
        "{% set ns.f = true %}{% endif %}{% endfor %}{% if ns.f %}A{% endif %}",
        0,
    ),
    (
        "macro",
        "{% macro m(x, loud=false) %}{% if loud %}!{% endif %}{{ x.name }}{% endmacro %}"
        "{% for x in xs %}{{ m(x, loud=x.hot) }}{% endfor %}",
        0,
    ),
    ("with", "{% with b = a %}{% if b == 'x' %}A{% endif %}{% endwith %}", 0),
    (
        "inside one another",
        "{% if u %}{% if u.name %}{% if u.prefs.lang == 'de' %}A{% endif %}{% else %}B"
        "{% endif %}{% endif %}",
        0,
    ),
    ("a contradiction", "{% if a == 'x' %}{% if a == 'y' %}A{% endif %}{% endif %}", 1),
]


def prompt_file(template, inputs=OPEN):
    return f"{HEADER.replace('INPUTS', inputs)}      {template}\n"


def test_every_branch_that_inputs_can_reach_is_taken_and_no_draft_fails(repo):
    repo.write(
        {
            f"prompts/t{number}.prompt.yaml": prompt_file(template)
            for number, (_, template, _) in enumerate(TEMPLATES)
        }
    )
    repo.commit("templates")

    found = json.loads(ask(repo.root, "cases", "--format", "json").out)
    tested = json.loads(ask(repo.root, "test", "--format", "json").out)

    by_id = {each["prompt"]: each for each in found["prompts"]}
    left = {
        name: len(by_id[f"t{number}"]["unreached"]) for number, (name, _, _) in enumerate(TEMPLATES)
    }
    assert left == {name: unreachable for name, _, unreachable in TEMPLATES}
    assert [each["problem"] for each in by_id.values() if each["problem"]] == []
    assert (tested["count"]["passed"], tested["count"]["failed"]) == (found["drafted"], 0)
    assert found["drafted"] <= 3 * len(TEMPLATES)


def test_values_fit_the_schema_and_none_appears_twice(repo):
    inputs = """
  required: [sku, n, mood, when, mail, note, photo, rows]
  additionalProperties: false
  properties:
    sku: {type: string, pattern: '^[A-Z]{2}-\\d{4}$'}
    other_sku: {type: string, pattern: '^[A-Z]{2}-\\d{4}$'}
    n: {type: integer, exclusiveMinimum: 4, maximum: 9}
    mood: {enum: [good, bad]}
    when: {type: string, format: date}
    mail: {type: string, format: email}
    note: {type: string, minLength: 60}
    first_name: {type: string}
    photo: {type: string, contentMediaType: image/png}
    rows: {type: array, minItems: 2, items: {$ref: '#/$defs/row'}}
  $defs:
    row: {type: object, required: [a], properties: {a: {type: number}, title: {type: string}}}
"""
    repo.write({"prompts/t.prompt.yaml": prompt_file("{{ sku }}", inputs)})
    repo.commit("schema")

    (found,) = json.loads(ask(repo.root, "cases", "--show", "--format", "json").out)["prompts"]

    (case,) = found["cases"]
    assert case["inputs"] == {
        "sku": "AA-1111",
        "other_sku": "BB-2222",
        "n": 5,
        "mood": "good",
        "when": "2026-03-14",
        "mail": "mara@example.com",
        "note": "Ann: The release is ready. Ben: I test it today.............",
        "first_name": "Mara Lindqvist",
        "photo": "data:image/png;base64,AA==",
        "rows": [
            {"a": 3, "title": "Delivery times in May"},
            {"a": 3, "title": "A new supplier for cables"},
        ],
    }
