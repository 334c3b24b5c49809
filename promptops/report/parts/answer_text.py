"""The answer of a model as lines that are safe to print."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from promptops.model.answer import Answer
from promptops.report.parts.visible import visible_line
from promptops.report.parts.visible_stream import visible_text


def answer_lines(answer: Answer) -> Iterator[str]:
    """The text of an answer, then its tool calls."""
    if answer.text:
        yield from visible_text(answer.text).removesuffix("\n").split("\n")
    yield from call_lines(answer.tool_calls)


def call_lines(calls: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Each tool call as `[call NAME ARGUMENTS]`."""
    for call in calls:
        arguments = json.dumps(call.get("arguments"), ensure_ascii=False)
        yield visible_line(f"[call {call.get('name')} {arguments}]")
