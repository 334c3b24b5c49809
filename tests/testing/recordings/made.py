"""Recordings to try things with, and the repository they belong to."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from promptops.model.answer import Answer, Recording, Usage
from promptops.source.recording_files import by_first
from promptops.source.recordings import ReadRecordings, read_files
from promptops.testing.recordings.writing import NeededRecording

PROMPT = "prompts/ask.prompt.yaml"
FILE = "prompts/ask.recordings.jsonl"
PROMPT_TEXT = """\
format: promptops/1
messages:
  - role: user
    content: hello
"""


def digest(name: str) -> str:
    """Of a request that a name stands for."""
    return hashlib.sha256(name.encode()).hexdigest()


def recording(
    case: str, text: str = "", *, wording: str = "", repeat: int = 0, judge: str = "", **answer: Any
) -> Recording:
    """What a model said to a case; another wording of the prompt is another request."""
    written = {"text": text or f"answer to {case}", "model": "m", **answer}
    return Recording(
        request=digest(f"{wording} {case} {judge}"),
        repeat=repeat,
        case=case,
        judge=judge,
        answer=Answer(**{"usage": Usage(input=10, output=4), **written}),
    )


def need(recorded: Recording) -> NeededRecording:
    """What is looked up where this recording is found."""
    return NeededRecording(
        case=recorded.case,
        request=recorded.request,
        repeat=recorded.repeat,
        judge=recorded.judge,
    )


def on_disk(root: Path) -> ReadRecordings:
    """The recordings of the prompt in a work tree, in all their files."""
    paths = by_first(f"prompts/{name}" for name in os.listdir(root / "prompts")).get(FILE, ())
    return read_files({path: (root / path).read_bytes() for path in paths})
