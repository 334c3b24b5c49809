"""Bodies for Langfuse's `POST /api/public/v2/prompts`, one file for each prompt."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.exported import (
    ExportedFile,
    ExportSubject,
    NotExported,
    PlainHistory,
    PlainTurn,
    fixed_inputs,
    plain_turns,
)
from promptops.patterns import lazy_pattern

NAME = "langfuse"
MARKS = "`ID.json`: chat prompts with `{{name}}`, for its API"
TAKES_CASE = True


_OTHER_TAG = lazy_pattern(r"\{\{\{|@@@langfusePrompt:")
"""A tag of its JavaScript client, which prints a value with its braces; another prompt."""


def files(subjects: Sequence[ExportSubject]) -> Iterator[ExportedFile | Loss]:
    """A file for each prompt whose messages only print inputs."""
    for subject in subjects:
        try:
            turns = plain_turns(subject)
            messages = [_message(subject, turn) for turn in turns]
        except NotExported as error:
            yield error.loss
            continue
        yield from fixed_inputs(subject)
        yield from _lost(subject)
        body = {
            "name": subject.prompt.id,
            "type": "chat",
            "prompt": messages,
            "config": _config(subject),
            **({"tags": list(subject.prompt.tags)} if subject.prompt.tags else {}),
            "labels": [],
        }
        text = json.dumps(body, indent=2, ensure_ascii=False)
        yield subject.file(f"{subject.prompt.id}.json", f"{text}\n")


def _message(subject: ExportSubject, turn: PlainTurn) -> dict[str, Any]:
    if isinstance(turn, PlainHistory):
        return {"type": "placeholder", "name": turn.source}
    text = with_braces(subject, turn.pieces)
    mark = _OTHER_TAG.search(text)
    if mark is not None:
        raise subject.refused(f"this format can't express `{mark[0]}` as text")
    return {"role": turn.role, "content": text}


def with_braces(subject: ExportSubject, pieces: Sequence[Any]) -> str:
    """The text with `{{name}}`. Raises NotExported for a text that has such braces itself."""
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            if "{{" in piece:
                raise subject.refused("this format can't express `{{` as text")
            text += piece
        else:
            text += f"{{{{{piece.name}}}}}"
    return text


def _config(subject: ExportSubject) -> dict[str, Any]:
    model = subject.prompt.model
    return {**({"model": model.id} if model.id else {}), **dict(model.params)}


def _lost(subject: ExportSubject) -> Iterator[Loss]:
    yield from subject.without("title", "description", "owners", "metadata", "budget")
    yield from subject.without_cases()
    yield from subject.without_input_schema()
    yield from subject.without_tools()
    yield from subject.without_message_keys("cache", "name")
    yield from subject.without_evaluation()
    yield from subject.without_output()
    yield from subject.without_provider_options()
