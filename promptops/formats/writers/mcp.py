"""The results of an MCP server: `prompts/list`, and `prompts/get` for each test case."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.exported import ExportedFile, ExportSubject

NAME = "mcp"
MARKS = "`prompts.json`: `prompts/list`, and `prompts/get` for each test case"

_ROLES = ("user", "assistant")


def files(subjects: Sequence[ExportSubject]) -> Iterator[ExportedFile | Loss]:
    """One file with all prompts."""
    results: dict[str, Any] = {}
    for subject in subjects:
        for case in subject.prompt.cases:
            messages = subject.request(case.inputs).messages
            results[f"{subject.prompt.id}:{case.name}"] = {
                "description": subject.prompt.description,
                "messages": [_message(one) for one in messages],
            }
        if any(_has_other_roles(subject)):
            message = "turns of system and developer become turns of the user"
            yield subject.lost("EXP102", message, "/messages")
        if subject.prompt.inputs.get("properties"):
            message = "only names and descriptions of inputs are exported"
            yield subject.lost("EXP103", message, "/inputs")
        yield from _lost(subject)
    value = {"prompts": [_listed(subject) for subject in subjects], "results": results}
    text = json.dumps(value, indent=2, ensure_ascii=False)
    yield subjects[0].file("prompts.json", f"{text}\n")


def _lost(subject: ExportSubject) -> Iterator[Loss]:
    """What a prompt of this protocol does not have."""
    if subject.prompt.model.id:
        yield subject.lost("EXP108", "the model is not exported", "/model")
    yield from subject.without("owners", "tags", "metadata", "budget")
    yield from subject.without_output()
    yield from subject.without_tools()
    yield from subject.without_evaluation()
    yield from subject.without_assertions()


def _has_other_roles(subject: ExportSubject) -> Iterator[bool]:
    return (getattr(turn, "role", "user") not in _ROLES for turn in subject.prompt.messages)


def _listed(subject: ExportSubject) -> dict[str, Any]:
    prompt = subject.prompt
    required = prompt.inputs.get("required", ())
    arguments = [
        {
            "name": name,
            **_described(schema),
            "required": name in required,
        }
        for name, schema in prompt.inputs.get("properties", {}).items()
    ]
    return {
        "name": prompt.id,
        **({"title": prompt.title} if prompt.title else {}),
        **({"description": prompt.description} if prompt.description else {}),
        "arguments": arguments,
    }


def _described(schema: Any) -> dict[str, str]:
    text = schema.get("description") if isinstance(schema, dict) else None
    return {"description": text} if isinstance(text, str) else {}


def _message(message: Any) -> dict[str, Any]:
    role = message["role"] if message["role"] in _ROLES else "user"
    content = message.get("content")
    if isinstance(content, str):
        return {"role": role, "content": {"type": "text", "text": content}}
    text = json.dumps(content, ensure_ascii=False)
    return {"role": role, "content": {"type": "text", "text": text}}
