"""`promptops render --resolved` prints a prompt file: valid, complete, with the same requests."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest

from promptops.cli.main import run

SCHEMAS = Path(__file__).parents[2] / "schemas"
FILES = {
    "promptops.toml": (
        '[models.fast]\nprovider = "openai"\nid = "gpt-x"\n[models.fast.params]\nseed = 0\n'
    ),
    "prompts/base.prompt.yaml": """\
format: promptops/1
title: A base
status: draft
tags: [a]
metadata: {tracking: 0}
budget: {input_tokens: 100}
model: {profile: fast, params: {temperature: 0}}
inputs:
  required: [items, photo, past]
  properties:
    items: {type: array, items: {$ref: item.schema.json}, maxItems: 3}
    photo: {type: string, contentMediaType: image/png}
    past: {type: array, items: {type: object}}
output:
  format: json
  name: answer
  strict: true
  schema: {type: object, additionalProperties: false}
tools: [{ref: find.tool.json}]
tool_choice: none
messages:
  - {role: system, name: desk, cache: true, content: {file: ./body.md.j2}}
  - for_each: items
    as: item
    messages: [{role: user, content: 'Item {{ item }}'}]
  - {history: past, last: 2}
  - role: user
    when: items
    content:
      - {text: 'Look at {{ items | length }}.', when: items}
      - {image: {input: photo}, detail: low}
      - {document: {file: ./a.pdf}, title: A page}
  - role: assistant
    content: ''
    tool_calls: [{id: c1, name: find, arguments: {q: null}}]
  - {role: tool, tool_call_id: c1, content: found}
""",
    "prompts/variant.prompt.yaml": (
        "format: promptops/1\nextends: ./base.prompt.yaml\ntitle: B\n"
        "tests: [{file: ./base.cases.jsonl}]\n"
    ),
    "prompts/body.md.j2": "Be brief.\n  Twice.\n",
    "prompts/a.pdf": "%PDF",
    "prompts/base.cases.jsonl": json.dumps(
        {
            "name": "one",
            "inputs": {"items": ["x"], "photo": "data:image/png;base64,AA==", "past": []},
            "rendered": [{"type": "icontains", "value": "brief"}],
            "expected": False,
        }
    ),
    "schemas/item.schema.json": '{"type": "string"}',
    "schemas/find.tool.json": '{"name": "find", "parameters": {"type": "object"}}',
}


RESOLVED = ("render", "--resolved")


def said(capfd, root, *arguments):
    capfd.readouterr()
    code = run([*arguments, "-C", str(root)])
    out, err = capfd.readouterr()
    assert (code, err) == (0, "")
    return out


def test_what_is_shown_is_a_prompt_file_that_gives_the_same_requests(repo, capfd):
    repo.write(FILES)
    repo.commit("a catalog")
    described = json.loads((SCHEMAS / "prompt.schema.json").read_text())

    text = said(capfd, repo.root, *RESOLVED, "variant")
    value = json.loads(said(capfd, repo.root, *RESOLVED, "variant", "--format", "json"))
    repo.write({"prompts/saved.prompt.yaml": text})

    wrong = list(jsonschema_rs.validator_for(described).iter_errors(value["prompt"]))
    assert [error.message for error in wrong] == []
    saved = json.loads(said(capfd, repo.root, *RESOLVED, "saved", "--format", "json"))
    assert saved["prompt"] == value["prompt"]
    requests = [
        json.loads(said(capfd, repo.root, "render", name, "-c", "one", "--format", "json"))
        for name in ("variant", "saved")
    ]
    assert requests[0]["request"] == requests[1]["request"]


def test_the_keys_are_those_of_a_prompt_file(repo, capfd):
    repo.write(FILES)

    value = json.loads(said(capfd, repo.root, *RESOLVED, "variant", "--format", "json"))

    prompt = value.pop("prompt")
    assert value == {
        "schema": 1,
        "revision": "worktree",
        "id": "variant",
        "path": "prompts/variant.prompt.yaml",
        "extends": "prompts/base.prompt.yaml",
        "model": {"profile": "fast", "provider": "openai", "id": "gpt-x"},
    }
    assert list(prompt) == [
        *("format", "title", "tags", "metadata", "status", "budget", "model", "inputs", "output"),
        *("tools", "tool_choice", "messages", "tests"),
    ]
    assert prompt["model"] == {"profile": "fast", "params": {"seed": 0, "temperature": 0}}
    assert prompt["messages"][0] == {
        "role": "system",
        "name": "desk",
        "cache": True,
        "content": "Be brief.\n  Twice.\n",
    }
    assert prompt["messages"][1] == {
        "for_each": "items",
        "as": "item",
        "messages": [{"role": "user", "content": "Item {{ item }}"}],
    }
    assert prompt["messages"][2] == {"history": "past", "last": 2}
    assert prompt["messages"][3]["content"] == [
        {"text": "Look at {{ items | length }}.", "when": "items"},
        {"image": {"input": "photo"}, "detail": "low"},
        {"document": {"file": "a.pdf"}, "title": "A page"},
    ]
    assert prompt["tests"][0]["expected"] is False


def test_the_text_names_what_is_not_in_the_file_in_comments(repo, capfd):
    repo.write(FILES)

    lines = said(capfd, repo.root, *RESOLVED, "variant").splitlines()

    assert lines[:5] == [
        "# id: variant",
        "# path: prompts/variant.prompt.yaml",
        "# extends: prompts/base.prompt.yaml",
        "# model: openai gpt-x",
        "format: promptops/1",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--case", "one"), "--case and --resolved exclude each other"),
        (("-i", "items=[]"), "--input and --resolved exclude each other"),
        (("--annotate",), "--annotate and --resolved exclude each other"),
        (("--format", "openai"), "the format openai is for requests"),
    ],
)
def test_what_belongs_to_a_request_is_refused(repo, capfd, options, message):
    repo.write(FILES)

    code = run([*RESOLVED, "variant", *options, "-C", str(repo.root)])

    assert (code, capfd.readouterr().err.splitlines()[0]) == (2, f"error: {message}")
