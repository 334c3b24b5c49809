"""Decide whether an answer may be recorded, before any of it is written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from promptops.analysis.personal_data import find_personal_data
from promptops.analysis.secrets import find_secrets
from promptops.catalog.recordings import retrieved_name
from promptops.model.answer import Answer, Recording
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.source.recordings import MAX_BYTES, read_recordings, recordings_bytes

INVENT_PEOPLE = "use invented people in the inputs of the case"
"""The hint for an answer with personal data."""


def recording_refusal(file: str, recording: Recording) -> Problem | None:
    """Why an answer can't be recorded, or ""; never shows the secret that was found."""
    found = _reason(recording)
    if found is None:
        return None
    reason, hint = found
    name = retrieved_name(recording.judge)
    whose = f" of the judge `{recording.judge}`" if recording.judge else ""
    what = f"the answer{whose}" if name is None else f"the input `{name}`"
    message = f"{what} to `{recording.case}` is not recorded: {reason}"
    return Problem(message, at=Place(file), hint=hint, case=recording.case)


@cache
def prepare_screening() -> None:
    """Import and compile all that screening needs, before answers arrive whose time is measured."""
    answer = Answer(text="An answer.", model="m", latency_s=0.1)
    recording_refusal("", Recording(request="0" * 64, repeat=0, case="", answer=answer))


def _reason(recording: Recording) -> tuple[str, str | None] | None:
    """The reason in words, and the fix."""
    if recording.answer.finish_reason == "content_filter":
        return "the provider's content filter blocked it", None
    try:
        line = recordings_bytes((recording,))
    except (ValueError, RecursionError):
        return "it can't be written as JSON", None
    if len(line) > MAX_BYTES:
        return f"it is larger than {MAX_BYTES >> 20} MB", "limit it: `max_output_tokens`"
    # Recordings must be readable: a request needs a digest, and nesting is limited.
    unreadable = read_recordings("", line).problems
    if unreadable:
        return unreadable[0].message, None
    return sensitive_reason(_texts(recording.answer), INVENT_PEOPLE)


def sensitive_reason(texts: Iterable[str], invent: str) -> tuple[str, str | None] | None:
    """Why texts may not be recorded, and the fix; `invent` is the fix for personal data."""
    texts = list(texts)
    secret = next((match for text in texts for match in find_secrets(text)), None)
    if secret is not None:
        return (
            f"it contains a secret ({secret.name})",
            "revoke it, and find out how the model got it",
        )
    personal = next((match for text in texts for match in find_personal_data(text)), None)
    if personal is not None:
        return f"it contains {personal.message}", invent
    return None


def _texts(answer: Answer) -> Iterator[str]:
    calls = [dict(call) for call in answer.tool_calls]
    yield from strings_in([answer.text, answer.model, answer.fingerprint, answer.finish_reason])
    yield from strings_in([json.dumps(calls, ensure_ascii=False), calls])


def strings_in(value: Any) -> Iterator[str]:
    """All strings of JSON data, also without escapes, which hide the beginning of a key."""
    for text in _strings(value):
        yield text
        if "\\" in text:
            yield _ESCAPE.sub(lambda escape: " " * len(escape[0]), text)


_ESCAPE = lazy_pattern(r"\\+[nrtbf]")


def _strings(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            waiting += (*item, *item.values())
        elif isinstance(item, list):
            waiting += item
