"""A repository in which every kind of place names an input, a local name or a file."""

from __future__ import annotations

TRIAGE = "prompts/support/triage.prompt.yaml"
GERMAN = "prompts/support/triage.de.prompt.yaml"
OTHER = "prompts/other.prompt.yaml"
OWN = "prompts/support/own.md.j2"
SHARED = "prompts/partials/shared.md.j2"
MACROS = "prompts/partials/macros.j2"
BODY = "prompts/support/triage.system.md.j2"

FILES = {
    "promptops.toml": '[models.fast]\nprovider = "openai"\nid = "gpt-5.4-mini-2026-03-17"\n',
    TRIAGE: """\
format: promptops/1
description: Sort one ticket.
aliases: [support/sort]
model: {profile: fast}
inputs:
  required: [ticket, "product"]
  dependentRequired: {ticket: [product]}
  examples: [{ticket: It blinks., product: hub}]
  properties:
    ticket: {type: string, maxLength: 90}
    product: {type: string, maxLength: 90}
    "photos":
      type: array
      maxItems: 2
      default: []
      items: {$ref: "photo.schema.json#/$defs/photo"}
    history: {type: array, maxItems: 4, default: [], items: {$ref: '#/properties/ticket'}}
messages:
  - role: system
    content: {file: ./triage.system.md.j2}
  - for_each: photos
    as: photo
    messages:
      - role: user
        when: photo.title != product
        content: "😀 {{ photo.title }} of {{ product }}"
  - role: user
    when: ticket | length > 1
    content: |
      {% from "partials/macros.j2" import quoted, shout as loud %}
      {% import "partials/macros.j2" as kit %}
      {% include "./own.md.j2" %}{% include "partials/shared.md.j2" %}
      😀😀 {{ quoted(text=ticket) }}{{ kit.shout(ticket) }}{{ loud("x") }}
      {% set words = ticket %}{% for word in history %}{{ word }}{{ words }}{% endfor %}
evaluation:
  assertions:
    - {type: expr, value: inputs.ticket != output}
tests:
  - name: one
    inputs: {ticket: It blinks., "product": hub, photos: [{title: Red}], history: [Before]}
    rendered: [{type: contains, value: hub, role: user}]
    output: [{type: expr, value: "output != inputs['ticket'] and output != inputs.product"}]
  - file: ./triage.cases.jsonl
  - file: ./triage.cases.csv
  - file: ./triage.cases.yaml
""",
    "prompts/support/triage.cases.jsonl": (
        '{"name": "😀", "inputs": {"product": "camera", "ticket": "product"}}\n'
    ),
    "prompts/support/triage.cases.csv": (
        'name,inputs.ticket,"inputs.product","inputs.photos:json"\n'
        'three,ticket,router,"[{""title"": ""Blue""}]"\n'
        "four,Help,router,\n"
    ),
    "prompts/support/triage.cases.yaml": (
        "- name: five\n  inputs:\n    ticket: no light\n    product: product\n"
    ),
    BODY: "{% if product is defined %}Sort for {{ product }}.{% endif %}\n",
    OWN: "For {{ product | upper }}.\n",
    SHARED: "{# all #}The {{ ticket }}.\n",
    MACROS: (
        "{% macro quoted(text, mark='>') %}{{ mark }} {{ text }}{% endmacro %}\n"
        "{% macro shout(text) %}{{ quoted(text, mark='!') }}{% endmacro %}\n"
    ),
    "prompts/support/photo.schema.json": "{}\n",
    "schemas/photo.schema.json": (
        '{"$defs": {"photo": {"type": "object", "additionalProperties": false,\n'
        '  "required": ["title"], "properties": {"title": {"type": "string", "maxLength": 9}}}}}\n'
    ),
    GERMAN: """\
format: promptops/1
extends: ./triage.prompt.yaml
status: deprecated
replaced_by: support/sort
inputs: {properties: {product: {default: hub}}}
messages: [{role: user, content: "Sortiere {{ ticket }} zu {{ product }}"}]
tests: [{name: zwei, inputs: {ticket: Hilfe}}]
""",
    OTHER: """\
format: promptops/1
description: Another use of the shared partial.
model: {profile: fast}
inputs: {required: [ticket], properties: {ticket: {type: string, maxLength: 9}}}
messages: [{role: user, content: '{% include "partials/shared.md.j2" %}'}]
tests: [{name: six, inputs: {ticket: Hi}, rendered: [{type: contains, value: Hi}]}]
""",
}


def fill(repo) -> None:
    repo.write(FILES)
    repo.commit("one")


def position(path: str, before: str, after: str = "") -> tuple[int, int]:
    """The 1-based line and column between two strings that are together in a file."""
    text = FILES[path]
    assert text.count(before + after) == 1, (before, after)
    offset = text.index(before + after) + len(before)
    line = text.count("\n", 0, offset) + 1
    return line, offset - (text.rfind("\n", 0, offset) + 1) + 1
