"""A repository with many prompts, as real ones are: variables, conditions, loops, partials."""

from __future__ import annotations

from pathlib import Path

from recording import CONFIGURATION, PROFILE
from repositories import write

PARTIALS = 40

_PROMPT = """\
format: promptops/1
description: Classify one support ticket about {product} and draft the first reply.
owners: ["@acme/support-ai"]
tags: [support, classification]
metadata: {{risk: medium, tracking: SUP-{number}}}

model:
  {model}
  params: {{max_output_tokens: 600}}

inputs:
  required: [ticket, product]
  properties:
    ticket:
      type: string
      minLength: 1
      maxLength: 8000
      x-untrusted: true
      description: The customer's message, verbatim.
    product: {{enum: [router, camera, hub], description: What the ticket is about.}}
    tone: {{enum: [friendly, formal], default: friendly, description: Of the reply.}}
    known_issues:
      type: array
      maxItems: 20
      default: []
      description: Issues that support knows of.
      items:
        type: object
        additionalProperties: false
        required: [id, title]
        properties:
          id: {{type: string, maxLength: 20}}
          title: {{type: string, maxLength: 200}}

output:
  format: json
  name: triage_result
  strict: true
  schema:
    type: object
    additionalProperties: false
    required: [category, urgency, reply]
    properties:
      category: {{enum: [bug, how_to, billing, other]}}
      urgency: {{type: integer, minimum: 1, maximum: 5}}
      reply: {{type: string, maxLength: 1200}}

messages:
  - role: system
    content: |
      You triage support tickets for the Acme {{{{ product }}}}, in a {{{{ tone }}}} tone.
      {{% include "partials/style-{partial}.md.j2" %}}

      {{% if known_issues %}}
      Known issues of team {number}:
      {{% for issue in known_issues %}}
      - {{{{ issue.id }}}}: {{{{ issue.title }}}}
      {{% endfor %}}
      {{% else %}}
      There are no known issues right now.
      {{% endif %}}
      Answer with one JSON object.
  - role: user
    content: |
      <ticket>
      {{{{ ticket }}}}
      </ticket>

tests:
  - name: a known issue
    inputs:
      product: router
      ticket: The light blinks red.
      known_issues: [{{id: KI-7, title: Red light after update}}]
{answer}    rendered:
      - {{type: contains, role: system, value: "- KI-7: Red light after update"}}
      - {{type: message-count, value: 2}}
  - name: no known issues
    inputs: {{product: hub, tone: formal, ticket: "How do I pair it?"}}
{answer}    rendered:
      - {{type: contains, role: system, value: There are no known issues right now.}}
"""

_PARTIAL = """\
Be brief and say what you don't know; style sheet {number} of Acme applies.
Name the {{{{ product }}}} by its name.
"""


_UNASKED = {"model": "provider: openai\n  id: gpt-5.4-mini-2026-03-17", "answer": ""}
_ASKED = {"model": PROFILE, "answer": "    output: [{type: is-json}]\n"}


def make(folder: Path, prompts: int, *, recorded: bool = False) -> None:
    """So many prompts, in files named by `path`; with `recorded`, cases that ask for answers."""
    settings = CONFIGURATION if recorded else 'prompts = ["prompts"]\n'
    varied = _ASKED if recorded else _UNASKED
    write(folder, "promptops.toml", settings)
    for number in range(PARTIALS):
        write(folder, partial_path(number), _PARTIAL.format(number=number))
    for number in range(prompts):
        partial = number % PARTIALS
        text = _PROMPT.format(number=number, product="routers", partial=partial, **varied)
        write(folder, path(number), text)


def path(number: int) -> str:
    """Of a prompt's file."""
    return f"prompts/{identity(number)}.prompt.yaml"


def identity(number: int) -> str:
    """A prompt's id."""
    return f"team-{number % 100}/ticket-{number}"


def partial_path(number: int) -> str:
    """Of a partial's file."""
    return f"prompts/partials/style-{number}.md.j2"
