"""A repository with many prompts, as real ones are: variables, conditions, loops, partials."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

PARTIALS = 40

PROMPT = """\
format: promptops/1
description: Classify one support ticket about {product} and draft the first reply.
owners: ["@acme/support-ai"]
tags: [support, classification]
metadata: {{risk: medium, tracking: SUP-{number}}}

model:
  provider: openai
  id: gpt-5.4-mini-2026-03-17
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
    rendered:
      - {{type: contains, role: system, value: "- KI-7: Red light after update"}}
      - {{type: message-count, value: 2}}
  - name: no known issues
    inputs: {{product: hub, tone: formal, ticket: How do I pair it?}}
    rendered:
      - {{type: contains, role: system, value: There are no known issues right now.}}
"""

PARTIAL = """\
Be brief and say what you don't know; style sheet {number} of Acme applies.
Name the {{{{ product }}}} by its name.
"""


def make(folder: Path, prompts: int) -> None:
    """A committed repository of so many prompts below `folder`."""
    texts = {"promptops.toml": 'prompts = ["prompts"]\n'}
    for number in range(PARTIALS):
        texts[f"prompts/partials/style-{number}.md.j2"] = PARTIAL.format(number=number)
    for number in range(prompts):
        path = f"prompts/team-{number % 100}/ticket-{number}.prompt.yaml"
        texts[path] = PROMPT.format(number=number, product="routers", partial=number % PARTIALS)
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "prompts"]):
        git(folder, *arguments)


def git(folder: Path, *arguments: str) -> None:
    """Run git without anybody's configuration."""
    environment = os.environ | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "benchmark",
        "GIT_AUTHOR_EMAIL": "benchmark@example.com",
        "GIT_COMMITTER_NAME": "benchmark",
        "GIT_COMMITTER_EMAIL": "benchmark@example.com",
    }
    subprocess.run(["git", *arguments], cwd=folder, check=True, env=environment)
