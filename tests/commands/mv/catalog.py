"""A repository in which every kind of name refers to the files that the tests move."""

from __future__ import annotations

from promptops.catalog.recordings import call_digest
from promptops.model.answer import Answer, Recording
from promptops.source.recordings import recordings_bytes
from promptops.workspace.edits import case_requests
from promptops.workspace.workspace import workspace

FILES = {
    "promptops.toml": """\
[models.fast]
provider = "openai"
id = "gpt-5.4-mini-2026-03-17"
[lint]
select = ["TPL", "REP", "SCH", "SEC010"]
per-file-ignores = {"prompts/support/triage.prompt.yaml" = ["STY"], "prompts/support/*" = ["MSG"]}
[[score.alerts]]
metric = "errors"
above = 3
prompts = ["support/triage"]
""",
    ".github/CODEOWNERS": "# owners\n/prompts/support/\t@acme/support\n*.yaml @acme/all\n",
    "prompts/support/triage.prompt.yaml": """\
# yaml-language-server: $schema=../../.promptops/prompt.schema.json
format: promptops/1   # kept
description: Sort one ticket.
model: {profile: fast}
inputs:
  required: [ticket, docs]
  properties:
    ticket: {type: string, maxLength: 90}
    docs: {type: string, maxLength: 90}
    issue: {$ref: "./issue.schema.json#/$defs/id"}
messages:
  - role: system
    content: {file: './triage.system.md.j2'}
  - role: user
    content: |
      {% include "partials/tone.md.j2" %}
      {% include './own.md.j2' %}
      {{ ticket }} {{ docs }}
evaluation:
  judge: judges/polite
  retrieve: {docs: "./find.py:find"}
tests:
  - file: support/triage.cases.jsonl
""",
    "prompts/support/triage.system.md.j2": "You sort {{ ticket }}.\n",
    "prompts/support/triage.cases.jsonl": '{"name": "one", "inputs": {"ticket": "It blinks."}, '
    '"output": [{"type": "python", "value": "./checks.py:ok"}]}\n',
    "prompts/support/own.md.j2": "Own words.\n",
    "prompts/support/issue.schema.json": '{"$defs": {"id": {"type": "string", "maxLength": 9}}}\n',
    "prompts/support/checks.py": "def ok(output, case):\n    return True\n",
    "prompts/support/find.py": "def find(inputs):\n    return 'found'\n",
    "prompts/support/triage.de.prompt.yaml": """\
format: promptops/1
extends: ./triage.prompt.yaml
status: deprecated
replaced_by: support/triage
evaluation: {retrieve: {docs: "support/find.py:find"}}
tests: [{name: two, inputs: {ticket: a, docs: b}}]
""",
    "prompts/partials/tone.md.j2": '{% from "./voice.md.j2" import say %}{{ say() }}\n',
    "prompts/partials/voice.md.j2": "{% macro say() %}Be kind.{% endmacro %}\n",
    "prompts/judges/polite.prompt.yaml": """\
format: promptops/1
status: draft
model: {profile: fast}
inputs: {required: [output], properties: {output: {type: string, maxLength: 90}}}
messages: [{role: user, content: "Is it polite? {{ output }}"}]
""",
}
TRIAGE = "prompts/support/triage.prompt.yaml"


def fill(repo) -> None:
    """The files, with recordings of the request, of a judge, of an arm and of a probe."""
    repo.write(FILES)
    call = call_digest("./find.py:find", {"ticket": "It blinks."})
    found = recording(call, '"found"', "retrieve docs")
    repo.write({"prompts/support/triage.recordings.jsonl": recordings_bytes([found])})
    with workspace(repo.root) as opened:
        prompt = opened.catalog.loaded(TRIAGE).prompt
        (request,) = case_requests(opened.catalog, prompt)
    answer, judged = (
        recording(request.digest, "yes", ""),
        recording("ab" * 32, "1", "judges/polite"),
    )
    beside, aside = recordings_bytes([found, answer, judged]), recordings_bytes([judged])
    repo.write(
        {
            "prompts/support/triage.recordings.jsonl": beside,
            "comparisons/strong/support/triage.recordings.jsonl": aside,
            "probes/support/triage.recordings.jsonl": aside,
        }
    )
    repo.commit("one")


def recording(digest: str, text: str, judge: str) -> Recording:
    return Recording(request=digest, repeat=0, case="one", answer=Answer(text=text), judge=judge)


def requests(root) -> dict[str, list[str]]:
    """The digests of the requests of every prompt, by its id."""
    with workspace(root) as opened:
        prompts = [loaded.prompt for loaded in opened.catalog.prompts()]
        return {
            prompt.id: [each.digest for each in case_requests(opened.catalog, prompt)]
            for prompt in prompts
            if prompt is not None
        }
