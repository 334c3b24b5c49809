"""TOK: budgets, context windows, limits of inputs, cached prefixes."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.lint.bounds import is_bounded_pattern
from promptops.lint.request_tokens import request_tokens, tokens_at_most
from promptops.model.request import Request

Lines = Callable[[str, str], list[str]]

MINI = "model: {provider: openai, id: gpt-5.4-mini-2026-03-17, params: {max_output_tokens: 600}}\n"
LONG = "x y z. " * 900


BUDGETS = {
    "each of the three, in a case and at worst": (
        "budget: {input_tokens: 10, output_tokens: 5, cost_usd: 0.0001}\n" + MINI + "inputs:\n"
        "  properties:\n"
        "    x: {type: array, maxItems: 300, default: [], items: {$ref: '#/$defs/x'}}\n"
        "    h: {type: array, default: [], maxItems: 50, items: {$ref: '#/$defs/h'}}\n"
        "  $defs:\n"
        "    x: {type: object, properties: {t: {type: string, maxLength: 40}}}\n"
        "    h:\n"
        "      type: object\n"
        "      properties:\n"
        "        {role: {enum: [user, assistant]}, content: {type: string, maxLength: 400}}\n"
        "messages:\n"
        "  - role: user\n"
        "    content: |\n"
        "      This is it and that is that, over and over again and again:\n"
        "      {% for i in x %}\n"
        "      - {{ i.t }}\n"
        "      {% endfor %}\n"
        "  - {history: h, last: 10}\n",
        [
            "about 15 input tokens in the case `one`, the budget is 10 ask.prompt.yaml:1:24-26"
            " [one]",
            "about 4,576 input tokens with every input as large as its schema allows,"
            " the budget is 10 ask.prompt.yaml:1:24-26",
            "`max_output_tokens` is 600, the budget is 5 output tokens ask.prompt.yaml:1:43-44",
            "about 0.002711 USD in the case `one`, the budget is 0.0001 ask.prompt.yaml:1:56-62"
            " [one]",
            "about 0.006132 USD with every input as large as its schema allows,"
            " the budget is 0.0001 ask.prompt.yaml:1:56-62",
        ],
    ),
    "a list of lists that can't be rendered": (
        "budget: {input_tokens: 10}\n"
        "inputs:\n"
        "  properties:\n"
        "    x: {type: array, maxItems: 1000000, default: [], items: {$ref: '#/$defs/x'}}\n"
        "  $defs: {x: {type: array, maxItems: 1000000, items: {type: string, maxLength: 40}}}\n"
        'messages: [{role: user, content: "{{ x }}"}]\n',
        [
            "about 1,000,000,000 input tokens with every input as large as its schema allows,"
            " the budget is 10 ask.prompt.yaml:1:24-26"
        ],
    ),
    "without a limit there is no worst case": (
        "budget: {input_tokens: 10}\n"
        "inputs:\n"
        "  properties:\n"
        '    x: {type: string, default: ""}\n'
        '    y: {type: string, maxLength: 20000, default: ""}\n'
        'messages: [{role: user, content: "{{ x }} {{ y }}"}]\n',
        [],
    ),
    "an image is no text": (
        "budget: {input_tokens: 10}\n"
        "inputs: {required: [x], properties: {x: {type: string}}}\n"
        "messages: [{role: user, content: [{text: Look.}, {image: {input: x}}]}]\n",
        [],
    ),
    "a circle of references ends": (
        "budget: {input_tokens: 10}\n"
        "inputs:\n"
        "  properties: {x: {$ref: '#/$defs/x'}}\n"
        "  $defs:\n"
        "    x: {type: object, properties: {a: {$ref: '#/$defs/x'}, n: {type: integer}}}\n"
        'messages: [{role: user, content: "{{ x.n }}"}]\n',
        [],
    ),
}


@pytest.mark.parametrize(("block", "expected"), BUDGETS.values(), ids=BUDGETS)
def test_requests_stay_within_the_budget(found: Lines, block: str, expected: list[str]) -> None:
    assert found("TOK001", block) == expected


WINDOWS = {
    "at the longest answer": (
        "model:\n"
        "  {provider: openai, id: gpt-5.4-mini-2026-03-17, params: {max_output_tokens: 399999}}\n",
        [
            "about 3 input tokens in the case `one` and 399,999 of the answer exceed"
            " the 400,000 tokens of openai/gpt-5.4-mini-2026-03-17 ask.prompt.yaml:2:79-85 [one]"
        ],
    ),
    "at the profile, without a case": (
        "--- promptops.toml\n"
        '[models.small]\nprovider = "x"\nid = "y"\ncontext_window = 1000\n'
        "--- prompts/a.prompt.yaml\n"
        "format: promptops/1\n"
        "model: {profile: small}\n"
        f"messages: [{{role: user, content: {LONG}}}]\n",
        [
            "about 3,582 input tokens as written and 0 of the answer exceed"
            " the 1,000 tokens of x/y a.prompt.yaml:2:18-23"
        ],
    ),
    "of an unknown model": (
        "model: {provider: x, id: y, params: {max_output_tokens: 999999}}\n",
        [],
    ),
}


@pytest.mark.parametrize(("block", "expected"), WINDOWS.values(), ids=WINDOWS)
def test_request_and_answer_fit_into_the_window(
    found: Lines, block: str, expected: list[str]
) -> None:
    assert found("TOK002", block) == expected


@given(st.text(max_size=60))
def test_no_estimate_is_above_what_is_known_at_once(text: str) -> None:
    request = Request(messages=({"role": "user", "content": text},))

    assert request_tokens(request) <= tokens_at_most(request)


LIMITS = {
    "in every kind of schema": (
        "inputs:\n"
        "  properties:\n"
        "    a: {type: string}\n"
        '    b: {type: [string, "null"], default: null}\n'
        "    c: {type: array, items: {type: object, properties: {t: {type: string}}}}\n"
        "    d: {type: object, properties: {e: {type: string}, f: {type: string, format: date}}}\n"
        "    g: {anyOf: [{type: string, maxLength: 3}, {type: array, items: {type: string}}]}\n"
        "    h: {allOf: [{type: string}, {maxLength: 3}]}\n"
        "    i: {enum: [x, y]}\n"
        '    j: {type: string, pattern: "^[A-Z]+$"}\n'
        '    k: {$ref: "#/$defs/k"}\n'
        '  $defs: {k: {type: object, properties: {x: {type: string}, y: {$ref: "#/$defs/k"}}}}\n'
        "messages:\n"
        "  - role: user\n"
        "    content: |\n"
        "      {{ a }} {{ b }} {% for x in c %}{{ x.t }}{% endfor %} {{ d | json }} {{ g }}\n"
        "      {{ h }} {{ i }} {{ j }} {{ k.y.x }}\n",
        [
            "`a` is a text without a size limit: add `maxLength` ask.prompt.yaml:3:5-6",
            "`b` is a text without a size limit: add `maxLength` ask.prompt.yaml:4:5-6",
            "`c` is a list without a size limit: add `maxItems` ask.prompt.yaml:5:5-6",
            "`c[].t` is a text without a size limit: add `maxLength` ask.prompt.yaml:5:57-58",
            "`d.e` is a text without a size limit: add `maxLength` ask.prompt.yaml:6:36-37",
            "`g[]` is a text without a size limit: add `maxLength` ask.prompt.yaml:7:5-6",
            "`g` is a list without a size limit: add `maxItems` ask.prompt.yaml:7:5-6",
            "`j` is a text without a size limit: add `maxLength` ask.prompt.yaml:10:5-6",
            "`k.y.x` is a text without a size limit: add `maxLength` ask.prompt.yaml:12:42-43",
        ],
    ),
    "what is cut, counted, asked for, or an image is well": (
        "inputs:\n"
        "  properties:\n"
        "    a: {type: string}\n"
        "    b: {type: array, items: {type: string}}\n"
        "    c: {type: string, contentMediaType: image/png}\n"
        "    d: {type: string}\n"
        "    e: {type: string}\n"
        "messages:\n"
        "  - role: user\n"
        '    when: d == "x"\n'
        "    content: |\n"
        "      {{ a | truncate(9) }} {{ a[:9] }} {{ a|length }} {{ c }} {% if d %}yes{% endif %}\n"
        "      {% for x in b[:3] %}{{ x | truncate(3) }}{% endfor %}\n"
        "      {% set short = e[:5] %}{{ short }}\n",
        [],
    ),
    "history and loops over messages": (
        "inputs:\n"
        "  properties:\n"
        "    ex: {type: array, items: {type: object, properties: {q: {type: string}}}}\n"
        "    h: {type: array}\n"
        "    last: {type: array}\n"
        "messages:\n"
        "  - {history: h}\n"
        "  - {history: last, last: 3}\n"
        '  - {for_each: ex, as: e, messages: [{role: user, content: "{{ e.q }}"}]}\n',
        [
            "`ex` is a list without a size limit: add `maxItems` ask.prompt.yaml:3:5-7",
            "`ex[].q` is a text without a size limit: add `maxLength` ask.prompt.yaml:3:58-59",
            "`h` is a list without a size limit: add `maxItems` ask.prompt.yaml:4:5-6",
        ],
    ),
    "through a macro in a partial, in a schema two files deep": (
        "--- prompts/a.prompt.yaml\n"
        "format: promptops/1\n"
        "inputs:\n"
        "  properties:\n"
        "    x: {type: array, maxItems: 3, items: {$ref: k.schema.json}}\n"
        "messages: [{role: user, content: \"{% include 'p.md' %}\"}]\n"
        "--- prompts/p.md\n"
        "{% macro row(v) %}- {{ v.title }}{% endmacro %}\n"
        "{% for i in x %}{{ row(i) }}{% endfor %}\n"
        "--- schemas/k.schema.json\n"
        '{"type": "object",'
        ' "properties": {"title": {"$ref": "./t.json"}, "other": {"type": "string"}}}\n'
        "--- schemas/t.json\n"
        '{"type": "string"}\n',
        ["`x[].title` is a text without a size limit: add `maxLength` a.prompt.yaml:4:5-6"],
    ),
}


@pytest.mark.parametrize(("block", "expected"), LIMITS.values(), ids=LIMITS)
def test_what_reaches_a_message_has_a_limit(found: Lines, block: str, expected: list[str]) -> None:
    assert found("TOK003", block) == expected


@pytest.mark.parametrize(
    ("pattern", "bounded"),
    [
        (r"^[A-Z*+]{2}-\d{4}$", True),
        (r"^\+\d{1,15}$", True),
        (r"^[\]*]$", True),
        (r"^[A-Z]+$", False),
        (r"^\d{3,}$", False),
        (r"^(a|b)$", False),
        (r"\d{4}", False),
        (None, False),
    ],
)
def test_a_pattern_limits_a_text_that_it_describes_wholly(
    pattern: str | None, bounded: bool
) -> None:
    assert is_bounded_pattern(pattern) is bounded


def cached(content: str, tests: str) -> str:
    return (
        'inputs: {properties: {n: {type: string, maxLength: 9, default: ""}}}\n'
        f"messages:\n  - role: system\n    cache: true\n    content:\n{content}tests: {tests}\n"
    )


VARIABLE_FIRST = f'      - {{text: "é {{{{  n | upper }}}} hi"}}\n      - {{text: "{LONG}"}}\n'
VARIABLE_LAST = f'      - {{text: "{LONG}"}}\n      - {{text: "{{{{ n }}}} hi"}}\n'
BROKEN = "variable text precedes about 3,583 constant tokens, so they are not cached"

PREFIXES = {
    "without a case": (
        cached(VARIABLE_FIRST, "[]"),
        [f"{BROKEN} ask.prompt.yaml:6:23-32"],
    ),
    "once for all cases, one of which has nothing there": (
        cached(VARIABLE_FIRST, "[{name: one}, {name: two, inputs: {n: x}}]"),
        [f"{BROKEN} ask.prompt.yaml:6:23-32 [two]"],
    ),
    "what varies at the end": (cached(VARIABLE_LAST, "[{name: one, inputs: {n: x}}]"), []),
    "too short to be kept": (
        cached('      - {text: "{{ n }} hi"}\n', "[{name: one, inputs: {n: x}}]"),
        [],
    ),
    "not marked": (
        cached(VARIABLE_FIRST, "[]").replace("cache: true", "cache: false"),
        [],
    ),
}


@pytest.mark.parametrize(("block", "expected"), PREFIXES.values(), ids=PREFIXES)
def test_what_varies_comes_after_what_stays(found: Lines, block: str, expected: list[str]) -> None:
    assert found("TOK004", block) == expected
