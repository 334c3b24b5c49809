"""The results of an MCP server: `prompts/list`, and `prompts/get` for each test case."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.exported import ExportedFile, ExportSubject, NotExported
from promptops.model.prompt import MediaPart
from promptops.plurals import series

NAME = "mcp"
MARKS = "`prompts.json`: `prompts/list`, and `prompts/get` for each test case"
TAKES_CASE = False

_ROLES = ("user", "assistant")


def files(subjects: Sequence[ExportSubject]) -> Iterator[ExportedFile | Loss]:
    """One file with all prompts."""
    results: dict[str, Any] = {}
    for subject in subjects:
        for case in subject.prompt.cases:
            try:
                messages = subject.request(case).messages
            except NotExported as error:
                yield error.loss
                continue
            results[f"{subject.prompt.id}:{case.name}"] = {
                "description": subject.prompt.description,
                "messages": [text for message in messages for text in _texts(message)],
            }
        if subject.prompt.inputs.get("properties"):
            message = "only names and descriptions of inputs are exported"
            yield subject.lost("EXP103", message, "/inputs")
        yield from _lost(subject)
    value = {"prompts": [_listed(subject) for subject in subjects], "results": results}
    text = json.dumps(value, indent=2, ensure_ascii=False)
    yield subjects[0].file("prompts.json", f"{text}\n")


def _lost(subject: ExportSubject) -> Iterator[Loss]:
    """What a prompt of this protocol does not have."""
    yield from _lost_of_messages(subject)
    if subject.prompt.model.id:
        yield subject.lost("EXP108", "the model is not exported", "/model")
    yield from subject.without("owners", "tags", "metadata", "budget")
    yield from subject.without_output()
    yield from subject.without_tools()
    yield from subject.without_evaluation()
    yield from subject.without_assertions()


def _lost_of_messages(subject: ExportSubject) -> Iterator[Loss]:
    messages = list(subject.messages())
    roles = sorted({one.role for one in messages} - {*_ROLES})
    if roles:
        names = series([f"`{role}`" for role in roles], "and", len(roles))
        becomes = "the role {} becomes" if len(roles) == 1 else "the roles {} become"
        yield subject.lost("EXP102", f"{becomes.format(names)} `user`", "/messages")
    yield from subject.without_message_keys("cache", "name")
    if any(one.tool_calls for one in messages):
        yield subject.lost("EXP104", "calls of tools are not exported", "/messages")
    media = [part for one in messages for part in one.parts if isinstance(part, MediaPart)]
    if media:
        message = f"the {media[0].kind} is not exported: only texts are"
        place = subject.prompt.locate(media[0].at, False)
        yield Loss(code="EXP112", message=message, place=place)


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


def _texts(message: Any) -> Iterator[dict[str, Any]]:
    """A message of the protocol for each text of a message."""
    role = message["role"] if message["role"] in _ROLES else "user"
    content = message.get("content") or ()
    parts = [{"text": content}] if isinstance(content, str) else content
    for part in parts:
        if "text" in part:
            yield {"role": role, "content": {"type": "text", "text": part["text"]}}
