"""A repository that stays open for the tests of a module."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from promptops.commands.lint.live import Live
from tests.commands.lsp import answered_prompt
from tests.conftest import GitRepository

CONFIG = """\
prompts = ["prompts"]
schemas = ["schemas"]

[models.fast]
provider = "openai"
id = "gpt-5.4-mini-2026-03-17"

[models.old]
provider = "openai"
id = "gpt-3.5-turbo-0125"
"""
DESK = """\
format: promptops/1
description: d.
budget: {input_tokens: 100}
model: {profile: fast}
inputs:
  required: [ticket]
  properties:
    ticket: {type: string, maxLength: 80, x-untrusted: true, description: The message.}
    tone: {enum: [warm, formal], default: warm}
    orders:
      type: array
      items:
        type: object
        required: [id]
        properties:
          id: {type: string, description: Its number.}
          lines: {type: array, items: {$ref: line.schema.json}}
messages:
  - role: system
    content: |
      {% from "partials/terms.macros.j2" import term %}
      {% include "partials/tone.md.j2" %}
      {% for order in orders %}
      {{ order.id }}
      {% endfor %}
      {{ ticket }}
  - for_each: orders
    as: one
    messages:
      - role: user
        content: "{{ one.id }}"
tests:
  - name: a
    inputs: {ticket: help, orders: [{id: A1}]}
  - file: ./desk.cases.jsonl
"""
FILES = {
    "promptops.toml": CONFIG,
    "prompts/desk.prompt.yaml": DESK,
    "prompts/other.prompt.yaml": "format: promptops/1\nextends: desk.prompt.yaml\n",
    "prompts/desk.cases.jsonl": '{"name": "b", "inputs": {"ticket": "x"}}\n',
    "prompts/partials/tone.md.j2": "Be {{ tone }}.\n",
    "prompts/partials/terms.macros.j2": "{% macro term(word) %}{{ word }}{% endmacro %}\n",
    "schemas/line.schema.json": '{"type": "object", "properties": {"sku": {"type": "string"}}}\n',
    "schemas/find.tool.json": '{"name": "find"}\n',
}
PATH = "prompts/desk.prompt.yaml"


def fill(repo: GitRepository) -> None:
    repo.write(FILES)
    repo.git("add", ".")
    repo.commit("a desk")


@pytest.fixture(scope="session")
def desk(prepared: Callable[[Callable[[GitRepository], None]], GitRepository]) -> Iterator[Live]:
    """An open repository with a prompt, a variant, cases, partials and schemas.

    A test puts every file back that it changes.
    """
    live = Live(prepared(fill).root)
    live.catalog.loaded(PATH)
    live.catalog.graph.parse_all()
    yield live
    live.close()


@pytest.fixture
def live(repo: GitRepository) -> Iterator[Live]:
    """An open repository with a recorded answer to the case `two` of the prompt `ask`."""
    repo.write(answered_prompt.FILES)
    repo.commit("start")
    found = Live(repo.root)
    answered_prompt.record(repo, found, "two", "and so on")
    found.refreshed()
    yield found
    found.close()
