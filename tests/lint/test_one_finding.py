"""One mistake gives one finding, whatever rules could speak of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

HEAD = """\
inputs:
  required: [ticket, items]
  properties:
    ticket: {type: string, maxLength: 90}
    items: {type: array, maxItems: 9, items: {type: string, maxLength: 9}}
messages:
  - role: user
    content: |
      hello
      {% for item in items %}
      - {{ item }}
      {% else %}
      nothing
      {% endfor %}
      {{ ticket }}
tests:
  - {name: one, inputs: {ticket: a, items: [b]}, rendered: [{type: contains, value: hello}]}
  - {name: two, inputs: {ticket: a, items: []}, rendered: [{type: contains, value: hello}]}
"""
TWO_CLASSES = """\
--- prompts/ask.prompt.yaml
format: promptops/1
descripton: A misspelt key.
status: actve
model: {params: {temperature: hot}}
inputs:
  properties: {ticket: {type: string, maxLength: 90, default: a}}
messages:
  - role: user
    content: "{{ tikcet }} {% include 'lost.md.j2' %} {{ ticket | uper }}"
tests:
  - {name: one, inptus: {}}
"""
CIRCLE = """\
--- prompts/ask.prompt.yaml
format: promptops/1
messages:
  - role: user
    content: '{% include "a.md.j2" %}'
tests:
  - {name: one, rendered: [{type: contains, value: a}]}
--- prompts/a.md.j2
a {% include "b.md.j2" %}
--- prompts/b.md.j2
b {% include "a.md.j2" %}
"""
LOST_BASE = """\
--- prompts/b.prompt.yaml
format: promptops/1
extends: lost.prompt.yaml
description: A variant.
inputs:
  properties:
    tone: {default: b}
tests:
  - {name: one, inputs: {tone: a, other: 2}, rendered: [{type: contains, value: hi}]}
"""
BROKEN_BASE = """\
--- prompts/b.prompt.yaml
format: promptops/1
extends: v.prompt.yaml
messages:
  - {role: user, content: "{{ question }} {{ ticket }} {{ tone }}"}
--- prompts/c.prompt.yaml
format: promptops/1
extends: b.prompt.yaml
description: A variant of a variant.
--- prompts/v.prompt.yaml
format: promptops/1
inputs: {required: [ticket] properties: {ticket: {type: string, maxLength: 90}}}
"""

HELLO = """\
--- prompts/ask.prompt.yaml
format: promptops/1
messages:
  - role: user
    content: '{% include "b.md.j2" %}'
tests:
  - {name: one, rendered: [{type: contains, value: hello}]}
--- prompts/b.md.j2
"""
BOM = f"{HELLO}\ufeffhello\n"

BROKEN_TOOL = """\
--- prompts/ask.prompt.yaml
format: promptops/1
tools: [{ref: look.json}]
messages:
  - {role: user, content: hello}
tests:
  - {name: one, rendered: [{type: contains, value: hello}]}
--- schemas/look.json
{"name": "look",
}
"""

USED_TOOL = """\
--- prompts/ask.prompt.yaml
format: promptops/1
tools: [{ref: TOOL}]
tool_choice: {name: look}
messages:
  - {role: user, content: hello}
tests:
  - name: one
    rendered: [{type: equals, path: /tools/0/name, value: look}]
    output: [{type: tool-call, name: look}]
--- prompts/ask.recordings.jsonl
RECORDING
--- schemas/look.json
{"name": "look",
}
"""
RECORDING = (
    '{"case":"one","fingerprint":null,"finish_reason":"stop","format":1,"model":"m",'
    f'"output":"hello","repeat":0,"request":"{"0" * 64}",'
    '"usage":{"cached":0,"input":1,"output":1}}'
)
USED_TOOL = USED_TOOL.replace("RECORDING", RECORDING)
CASES = f"""\
--- prompts/ask.prompt.yaml
format: promptops/1
messages:
  - role: user
    content: hello
tests:
  - file: ./LOST.cases.jsonl
  - name: two
    rendered: [{{type: message-count, value: 1}}]
--- prompts/ask.recordings.jsonl
{RECORDING}
--- prompts/ask.cases.jsonl
{{"name": "one"
"""

MISSPELT_INCLUDE = """\
--- prompts/ask.prompt.yaml
format: promptops/1
messages:
  - role: user
    content: '{% include "partials/huose.md.j2" %}'
tests:
  - {name: one, rendered: [{type: contains, value: a}]}
--- prompts/partials/house.md.j2
Be kind.
"""
MEDIA = """\
inputs: {required: [picture], properties: {picture: {type: string, contentMediaType: image/png}}}
messages:
  - role: user
    content: [{image: {input: pictrue}}, {text: hello}]
tests:
  - {name: one, inputs: {picture: "https://a.example/b"}, rendered: [{type: max-chars, value: 99}]}
"""
OPEN = """\
inputs:
  required: [user]
  properties:
    user: {type: object, required: [name], properties: {name: {type: string, maxLength: 9}}}
messages:
  - {role: user, content: "hello {{ user.name }} {{ user.nmae }}"}
tests:
  - {name: one, inputs: {user: {name: Ada}}, rendered: [{type: contains, value: hello}]}
"""


def changed(before: str, after: str) -> str:
    assert before in HEAD
    return HEAD.replace(before, after)


MISTAKES = {
    "none": (HEAD, []),
    "a misspelt variable": (changed("{{ ticket }}", "{{ tikcet }}"), ["VAR001 15:10"]),
    "a misspelt list": (changed("in items %}", "in itmes %}"), ["VAR001 10:22"]),
    "a misspelt media input": (MEDIA, ["VAR001 4:31"]),
    "a placeholder of another language": (changed("{{ ticket }}", "{ticket}"), ["VAR012 15:7"]),
    "a name set anew": (
        changed("{{ ticket }}", "{% set ticket = 'b' %}{{ ticket }}"),
        ["VAR006 15:14"],
    ),
    "a misspelt key of an open object": (OPEN, ["VAR003 6:58"]),
    "a misspelt filter": (changed("{{ ticket }}", "{{ ticket | uper }}"), ["TPL002 15:19"]),
    "a loop that is not closed": (changed("{% endfor %}", ""), ["TPL001 10:7"]),
    "an include in a circle": (CIRCLE, ["REP002 prompts/b.md.j2:1:14"]),
    "a base that is not there": (LOST_BASE, ["TPL003 prompts/b.prompt.yaml:2:10"]),
    "a base that can't be parsed": (BROKEN_BASE, ["SCH001 prompts/v.prompt.yaml:2:29"]),
    "a byte order mark in a partial": (BOM, ["SCH001 prompts/b.md.j2:1:1"]),
    "a broken tool file": (BROKEN_TOOL, ["SCH001 schemas/look.json:1:16"]),
    "a broken tool file that other keys name": (
        USED_TOOL.replace("TOOL", "look.json"),
        ["SCH001 schemas/look.json:1:16"],
    ),
    "a missing tool that other keys name": (
        USED_TOOL.replace("TOOL", "look.jsn").replace('",\n}', '",\n"parameters": {}}'),
        ["TPL003 2:15"],
    ),
    "a case file that can't be read": (
        CASES.replace("LOST", "ask"),
        ["SCH001 prompts/ask.cases.jsonl:1:15"],
    ),
    "a missing case file": (
        CASES.replace("LOST", "aks"),
        ["TPL003 6:11"],
    ),
    "a misspelt include": (MISSPELT_INCLUDE, ["TPL003 4:27"]),
    "a misspelt input of a case": (
        changed("two, inputs: {ticket", "two, inputs: {tikcet"),
        ["TST002 18:26"],
    ),
    "a number where a case needs text": (
        changed("two, inputs: {ticket: a", "two, inputs: {ticket: 010"),
        ["TST002 18:34"],
    ),
    "a misspelt name in `required`": (
        changed("required: [ticket, items]", "required: [tikcet, items]"),
        ["SCH002 2:14"],
    ),
    "a required input that is not declared": (
        changed("    ticket: {type: string, maxLength: 90}\n", ""),
        ["SCH002 2:14"],
    ),
    "a schema that is none": (
        changed("type: string, maxLength: 90", "type: text"),
        ["SCH002 4:20"],
    ),
    "an answer's schema that is none": (
        f"output: {{format: json, schema: {{type: objekt}}}}\n{HEAD}",
        ["CFG008 1:39"],
    ),
    "a number as a message": ("messages:\n  - {role: user, content: 12}\n", ["SCH002 2:27"]),
    "a template without quotes": (
        "messages:\n  - role: user\n    content: {{ x }}\n",
        ["SCH001 3:14"],
    ),
    "a tag in a file without messages": (
        "--- prompts/ask.prompt.yaml\na: !!python/object:x\n",
        ["SCH001 1:4"],
    ),
}


@pytest.mark.parametrize(("block", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_one_mistake_gives_one_finding(
    all_said: Callable[[str], list[str]], block: str, expected: list[str]
) -> None:
    assert all_said(block) == expected


def test_a_mistake_in_other_keys_does_not_hide_those_in_templates(
    all_said: Callable[[str], list[str]],
) -> None:
    assert all_said(TWO_CLASSES) == [
        "SCH002 2:1",
        "SCH002 3:9",
        "SCH002 4:31",
        "VAR001 9:18",
        "TPL003 9:40",
        "TPL002 9:67",
        "SCH002 11:17",
    ]


SCHEMA = Path(__file__).parents[2] / "schemas" / "prompt.schema.json"
OTHER_KEYS = set(json.loads(SCHEMA.read_bytes())["properties"]) - {
    *("format", "inputs", "messages", "extends")
}


@pytest.mark.parametrize("value", ["1", "true", "text", "[1]", "[[a]]", "{a: 1}", "[{a: 1}]", "~"])
def test_a_value_of_a_wrong_type_does_not_hide_mistakes_in_templates(
    all_said: Callable[[str], list[str]], value: str
) -> None:
    template = "format: promptops/1\nmessages: [{role: user, content: '{{ tikcet }}'}]"
    for key in sorted(OTHER_KEYS):
        found = all_said(f"--- prompts/ask.prompt.yaml\n{template}\n{key}: {value}\n")

        codes = {each.partition(" ")[0] for each in found}
        assert "VAR001" in codes, key
        assert "internal-error" not in codes, key


@pytest.mark.parametrize("key", ["imputs", "mesages", "extend"])
def test_a_misspelt_key_that_templates_depend_on_is_the_only_mistake(
    all_said: Callable[[str], list[str]], key: str
) -> None:
    block = TWO_CLASSES.replace("descripton: A misspelt key.", f"{key}: []")

    assert {each[:3] for each in all_said(block)} == {"SCH"}
