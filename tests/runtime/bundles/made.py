"""Prompts that hold one of everything, and bundles that hold what nobody would build."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Text
from promptops.model.prompt import ForEach, Message, Prompt, TextPart
from promptops.runtime.bundle.format import BundleOrigin, bundle_bytes
from promptops.runtime.request.canonical import canonical_json

ROOT = Path(__file__).parents[3]
ORIGIN = BundleOrigin(commit="c" * 40, tree="d" * 40, content="e" * 64, release="v1.0.0")

FULL = """\
format: promptops/1
title: Everything
description: All that a prompt can hold, once.
owners: ["@acme/ai"]
tags: [all, "é😀"]
aliases: [was/this]
metadata: {z: 1, a: {deep: [1.0, 1, null, true]}}
status: deprecated
replaced_by: all/next
sunset: "2027-01-01"
model:
  provider: openai
  id: gpt-5.4-mini-2026-03-17
  params: {temperature: 1.0, max_output_tokens: 100}
  provider_options: {openai: {zulu: 1, alpha: 2}}
inputs:
  required: [question, turns, items]
  properties:
    question: {type: string, maxLength: 100}
    scale: {type: number, default: 1.0}
    order: {type: object, default: {z: 1, a: 2.50}}
    pets: {type: array, items: {$ref: pet.schema.json}, default: []}
    turns: {type: array, items: {type: object}}
    items: {type: array, items: {type: object, properties: {text: {type: string}}}}
    photo: {type: string}
output:
  format: json
  name: answer
  strict: true
  description: ""
  schema:
    type: object
    additionalProperties: false
    required: [reasoning, answer]
    properties:
      reasoning: {type: string}
      answer: {type: string}
tools:
  - {name: look, description: Looks., parameters: {type: object, properties: {z: {}, a: {}}}}
  - {name: stop}
  - {ref: tool.json}
tool_choice: {name: look}
messages:
  - role: system
    content: |
      Rate from {{ scale }}; {% for key in order %}{{ key }}={{ order[key] }} {% endfor %}

      {% include "partials/one.md.j2" %}
  - {role: user, content: {file: ./body.md.j2}, when: question}
  - history: turns
    last: 3
  - for_each: items
    as: item
    messages:
      - {role: user, content: "{{ item.text }}", name: ada}
  - role: assistant
    content: ""
    tool_calls: [{id: t1, name: look, arguments: {z: 1.0, a: 2}}]
  - {role: tool, tool_call_id: t1, content: "it\\tsees", cache: true}
  - role: user
    content:
      - {text: "Look, {{ question }}:", when: "scale > 0"}
      - {image: {file: ./dot.png}, detail: low}
      - {image: {url: "https://example.com/a.png"}}
      - {image: {input: photo}, when: photo is defined}
"""
FILES: Mapping[str, str | bytes] = {
    "prompts/all/full.prompt.yaml": FULL,
    "prompts/all/body.md.j2": "{% import 'partials/macros.j2' as m %}\n\n{{ m.ask(question) }}\n",
    "prompts/all/dot.png": b"\x89PNG\r\n\x1a\n\x00\xff",
    "prompts/partials/one.md.j2": "One.\n{% include './two.md.j2' ignore missing %}\n",
    "prompts/partials/two.md.j2": "Two: {{ question|upper }}.\n",
    "prompts/partials/macros.j2": "{% macro ask(it) %}Asked: {{ it }}{% endmacro %}\n",
    "schemas/pet.schema.json": '{"type": "object", "properties": {"name": {"type": "string"}}}',
    "schemas/tool.json": '{"name": "dig", "parameters": {"type": "object", "required": []}}',
}
INPUTS: tuple[Mapping[str, Any], ...] = (
    {"question": "why?", "turns": [], "items": []},
    {
        "question": '{{ x }} {% raw %} </s> "\\',
        "scale": 0.5,
        "order": {"b": 1, "a": 1.0},
        "turns": [{"role": "user", "content": str(n)} for n in range(5)],
        "items": [{"text": "one"}, {"text": "{{ two }}"}],
        "photo": "https://example.com/b.png",
    },
    {"question": "", "scale": -1, "turns": [], "items": [{}]},
)


def comparable(prompt: Prompt) -> Any:
    """All that a bundle keeps of a prompt, with the place where each line of its texts begins."""
    kept = {
        name: getattr(prompt, name)
        for name in Prompt.__dataclass_fields__
        if name not in ("locate", "messages", "cases", "evaluation", "budget")
    }
    return {**kept, "messages": [_turn(turn) for turn in prompt.messages]}


def ordered(value: Any) -> str:
    """JSON that tells values apart by the order of their keys, and 1.0 from 1."""
    return json.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _turn(turn: Any) -> Any:
    if isinstance(turn, ForEach):
        return [turn.source, turn.name, turn.at, [_turn(each) for each in turn.messages]]
    if not isinstance(turn, Message):
        return _plain(turn)
    fields = {name: getattr(turn, name) for name in Message.__dataclass_fields__}
    return {**fields, "when": _text(turn.when), "parts": [_part(part) for part in turn.parts]}


def _part(part: Any) -> Any:
    fields = {name: getattr(part, name) for name in type(part).__dataclass_fields__}
    text = {"text": _text(part.text)} if isinstance(part, TextPart) else {}
    return {**fields, **text, "when": _text(part.when)}


def _text(text: Text | None) -> Any:
    """Where each line begins; of empty ones that is not kept, as nothing that fails is there."""
    if text is None:
        return None
    places, offset = [], 0
    for line in text.value.split("\n"):
        if line:
            places.append(text.locate(offset))
        offset += len(line) + 1
    return [text.path, text.value, places]


def readable(loaded: Iterator[LoadedPrompt]) -> Iterator[Prompt]:
    """Those that can be read; all of them must be."""
    for each in loaded:
        assert each.prompt is not None, each.problems
        yield each.prompt


def sealed(second: Any, *lines: bytes) -> bytes:
    """A bundle with the digest of whatever it holds."""
    head = second if isinstance(second, bytes) else json.dumps(second).encode()
    rest = b"\n".join((head, *lines, b""))
    return canonical_json({"bundle": 1, "sha256": sha256(rest).hexdigest()}).encode() + b"\n" + rest


def of_line(line: bytes, **others: Any) -> bytes:
    """A bundle of one prompt, `ask`, with that line."""
    second: dict[str, Any] = {"aliases": {}, "files": {}, "parts": {}, "release": "v1.0.0"}
    second |= {"commit": "c" * 40, "tree": "d" * 40, "content": "e" * 64}
    return sealed(second | {"prompts": {"ask": [0, len(line)]}} | others, line)


def of_value(value: Mapping[str, Any]) -> bytes:
    """A bundle of one prompt, as it is written when it is built."""
    return bundle_bytes(ORIGIN, [value], {}, {})
