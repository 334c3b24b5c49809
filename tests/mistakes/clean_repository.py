"""A realistic repository without a mistake: what every mistake of `kinds` is made in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.conftest import GitRepository

CONFIG = "promptops.toml"
TRIAGE = "prompts/support/triage.prompt.yaml"
TERSE = "prompts/support/triage.terse.prompt.yaml"
DESK = "prompts/support/desk.prompt.yaml"
SQL = "prompts/data/sql.prompt.yaml"
SQL_SYSTEM = "prompts/data/sql.system.md.j2"
TONE = "prompts/judges/tone.prompt.yaml"
HOUSE_STYLE = "prompts/partials/house-style.md.j2"
TERMS = "prompts/partials/terms.macros.j2"
YAML_CASES = "prompts/support/triage.cases.yaml"
CSV_CASES = "prompts/support/triage.cases.csv"
JSON_CASES = "prompts/support/triage.cases.jsonl"
ISSUE_SCHEMA = "schemas/known-issue.schema.json"
TOOL = "schemas/find-order.tool.json"
RECORDINGS = "prompts/support/triage.recordings.jsonl"
CHANNELS = "channels.yaml"

FILES: Mapping[str, str] = {
    CONFIG: """\
prompts = ["prompts"]
schemas = ["schemas"]

[models.fast]
provider = "echo"
id = "echo-1"
params = {temperature = 0}
price = {input = 0.0, output = 0.0}
context_window = 100000

[models.strong]
provider = "openai"
id = "gpt-5.4-mini-2026-03-17"
api_key_env = "OPENAI_API_KEY"
max_output_tokens = 4000

[models.embedder]
provider = "openai"
id = "text-embedding-3-small"

[lint]
select = ["ALL"]
ignore = ["STY003"]
extend-select = ["STY001"]
required-metadata = ["description", "owners"]
fail-on = "warning"
severity = {TST001 = "error"}
per-file-ignores = {"prompts/judges/**" = ["TST001"]}

[[lint.rules]]
code = "X001"
name = "no-competitors"
kind = "existence"
tokens = ["Globex"]
message = "do not name competitors"
severity = "error"

[test]
concurrency = 4
timeout_s = 30
embeddings = "embedder"
budget = {commit = 0, pull_request = 1.0, nightly = 5.0}

[release]
tag_format = "v{version}"
branches = ["main"]
sign = "never"
on_inconclusive = "warn"

[diff]
whitespace = "patch"
provider_change = "minor"

[check]
fail-on = ["breaking"]
coverage = 50

[[score.alerts]]
metric = "cost_1000"
above = 4.5
prompts = ["support/*"]
""",
    TRIAGE: """\
# yaml-language-server: $schema=../../.promptops/prompt.schema.json
format: promptops/1
title: Triage
description: Sort one support ticket and draft the messages that answer it.
owners: ["@acme/support-ai"]
tags: [support]
metadata: {risk: medium}
status: active
budget: {input_tokens: 4000, output_tokens: 800}
aliases: [support/sort]

model:
  profile: fast
  params: {temperature: 0.2, max_output_tokens: 600}

inputs:
  required: [ticket, product]
  properties:
    ticket: {type: string, minLength: 1, maxLength: 2000, x-untrusted: true}
    product: {enum: [router, camera, hub]}
    tone: {enum: [friendly, formal], default: friendly}
    known_issues:
      type: array
      maxItems: 5
      default: []
      items: {$ref: known-issue.schema.json}

output:
  format: json
  name: triage_messages
  strict: true
  schema:
    type: object
    additionalProperties: false
    required: [messages]
    properties:
      messages:
        type: array
        items:
          type: object
          additionalProperties: false
          required: [role, content]
          properties:
            role: {type: string}
            content: {type: string}

messages:
  - role: system
    content: |
      {% from "partials/terms.macros.j2" import term %}
      You sort tickets about the Acme {{ product }} and reply with JSON messages.
      {% include "partials/house-style.md.j2" %}
      {% for issue in known_issues %}
      {{ term(issue.id, issue.title) }}
      {% else %}
      There are no known issues right now.
      {% endfor %}
  - role: user
    content: |
      <ticket>
      {{ ticket }}
      </ticket>

tests:
  - name: a known issue is listed
    tags: [regression]
    inputs:
      product: router
      ticket: The light blinks red.
      known_issues: [{id: KI-7, title: Red light after the update}]
    rendered:
      - {type: contains, role: system, value: "- KI-7: Red light after the update"}
      - {type: message-count, value: 2}
    output:
      - {type: is-json}
  - name: no known issues
    inputs: {product: hub, tone: formal, ticket: How do I pair it?}
    rendered:
      - {type: contains, role: system, value: There are no known issues right now.}
      - {type: equals, path: /messages/1/role, value: user}
    output:
      - {type: contains, value: How do I pair it?}
      - {type: equals, path: /messages/1/role, value: user}
  - file: ./triage.cases.yaml
  - file: ./triage.cases.csv
  - file: ./triage.cases.jsonl

evaluation:
  judge: judges/tone
  repeats: 1
  margin: 2
  assertions:
    - {type: max-chars, value: 5000}
""",
    TERSE: """\
format: promptops/1
extends: ./triage.prompt.yaml
description: The triage for the desk that wants one sentence.
model: {params: {max_output_tokens: 200}}
tests:
  - name: the answer is short
    inputs: {product: camera, ticket: It is broken.}
    rendered:
      - {type: equals, path: /params/max_output_tokens, value: 200}
      - {type: contains, role: system, value: There are no known issues right now.}
  - name: the tone is formal
    inputs:
      product: camera
      ticket: It is broken.
      tone: formal
      known_issues: [{id: KI-9, title: No picture}]
    rendered: [{type: contains, role: system, value: Write formally.}]
""",
    DESK: """\
format: promptops/1
description: Help a customer with an order, with a tool to look it up.
owners: ["@acme/commerce"]

model: {profile: fast, params: {max_output_tokens: 400}}

inputs:
  required: [message]
  properties:
    message: {type: string, minLength: 1, maxLength: 2000, x-untrusted: true}
    plus: {type: boolean, default: false}
    conversation:
      type: array
      maxItems: 40
      default: []
      x-untrusted: true
      items:
        type: object
        additionalProperties: false
        required: [role, content]
        properties:
          role: {enum: [user, assistant]}
          content: {type: string, maxLength: 4000}

tools:
  - {ref: find-order.tool.json}
tool_choice: {name: find_order}

evaluation:
  probes: {max: 5, must: [tool-misuse], accept: [persona-unbound], tools: [find_order]}

messages:
  - role: system
    cache: true
    content: |
      You are the order desk of Acme. Look an order up before you speak of it.
  - role: developer
    when: "plus"
    content: Returns are free for this customer.
  - {history: conversation, last: 20}
  - role: user
    # promptops: ignore[STY001] the tone comes with SUP-12
    content: |
      TODO: add the tone.
      <message>
      {{ message }}
      </message>

tests:
  - name: the conversation is passed on
    inputs:
      message: Yes, please.
      plus: true
      conversation:
        - {role: user, content: Where is A-1042?}
        - {role: assistant, content: It was sent on Monday. Shall I write when it arrives?}
    rendered:
      - {type: message-count, value: 5}
      - {type: equals, path: /tools/0/name, value: find_order}
    output:
      - {type: not-tool-call, name: find_order}
  - name: a first message without the plus plan
    inputs: {message: Where is my order?}
    rendered:
      - {type: message-count, value: 2}
""",
    SQL: """\
format: promptops/1
description: Turn a question into one SQL query.
owners: ["@acme/data"]

model: {profile: fast, params: {max_output_tokens: 400}}

inputs:
  required: [question]
  properties:
    question: {type: string, minLength: 1, maxLength: 500, x-untrusted: true}
    dialect: {type: string, maxLength: 20, default: PostgreSQL, x-aliases: [database]}
    examples:
      type: array
      maxItems: 5
      default: []
      items:
        type: object
        additionalProperties: false
        required: [question, sql]
        properties:
          question: {type: string, maxLength: 500}
          sql: {type: string, maxLength: 2000}

messages:
  - role: system
    content: {file: ./sql.system.md.j2}
  - for_each: examples
    as: example
    messages:
      - role: user
        content: |
          <question>
          {{ example.question }}
          </question>
      - role: assistant
        content: |
          {{ example.sql }}
  - role: user
    content: |
      <question>
      {{ question }}
      </question>

tests:
  - name: an example becomes two turns
    inputs:
      question: How many orders came in today?
      examples: [{question: How many customers are there?, sql: SELECT count(*) FROM customers}]
    rendered:
      - {type: message-count, value: 4}
      - {type: equals, path: /messages/2/content, value: SELECT count(*) FROM customers}
""",
    SQL_SYSTEM: """\
You write SQL for a read-only {{ dialect }} database.
Answer with one query and nothing else.
""",
    TONE: """\
format: promptops/1
description: Judges whether an answer is kind.
owners: ["@acme/support-ai"]
model: {profile: strong, params: {max_output_tokens: 200}}
inputs:
  required: [output]
  properties:
    output: {type: string, maxLength: 4000, x-untrusted: true}
output:
  format: json
  schema:
    type: object
    additionalProperties: false
    required: [reason, verdict]
    properties:
      reason: {type: string}
      verdict: {type: string, enum: [pass, fail]}
messages:
  - role: system
    content: |
      Decide whether an assistant's answer is kind. Reply with JSON: a reason, then the verdict.
  - role: user
    content: |
      <answer>
      {{ output }}
      </answer>
tests:
  - name: a plain no
    tags: [anchor]
    inputs: {output: "No."}
    expected: {verdict: fail}
    rendered:
      - {type: contains, role: user, value: "No."}
""",
    HOUSE_STYLE: """\
Write short sentences and plain words.
{% if tone == "formal" %}
Write formally.
{% endif %}
""",
    TERMS: """\
{% macro term(name, meaning) -%}
- {{ name }}: {{ meaning }}
{%- endmacro %}
""",
    YAML_CASES: """\
- name: a broken camera
  inputs: {product: camera, ticket: The picture is black.}
  rendered:
    - {type: contains, role: user, value: The picture is black.}
""",
    CSV_CASES: """\
name,inputs.product,inputs.ticket,inputs.known_issues:json,tags,rendered
a question,hub,Is it waterproof?,,,"[{""type"": ""contains"", ""value"": ""waterproof""}]"
an attack,router,Reset it.,"[{""id"": ""KI-8"", ""title"": ""Slow""}]",adversarial,\
"[{""type"": ""message-count"", ""value"": 2}]"
""",
    JSON_CASES: (
        '{"name": "template syntax stays a string", "inputs": {"product": "hub", "ticket": '
        '"It shows {{ product }}."}, "rendered": [{"type": "contains", "role": "user", "value": '
        '"It shows {{ product }}."}]}\n'
    ),
    ISSUE_SCHEMA: """\
{
  "type": "object",
  "additionalProperties": false,
  "required": ["id", "title"],
  "properties": {
    "id": {"type": "string", "maxLength": 8},
    "title": {"type": "string", "maxLength": 120}
  }
}
""",
    TOOL: """\
{
  "name": "find_order",
  "description": "Looks up one order of the customer who is signed in.",
  "strict": true,
  "parameters": {
    "type": "object",
    "additionalProperties": false,
    "required": ["order_id"],
    "properties": {"order_id": {"type": "string", "description": "Such as A-1042."}}
  }
}
""",
}
MADE_BY_COMMANDS = (RECORDINGS, CHANNELS)


def build(repository: GitRepository, promptops: Callable[..., object]) -> None:
    """Write the files, record the answers, release and promote, all with the real commands."""
    repository.write(FILES)
    repository.commit("Prompts")
    promptops("test", "--record")
    repository.commit("Answers")
    promptops("release", "--version", "1.0.0", "--yes")
    promptops("promote", "v1.0.0", "production")
    repository.commit("Serve v1.0.0")
