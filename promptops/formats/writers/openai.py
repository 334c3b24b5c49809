"""OpenAI's batch files: a line with the request of each test case."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from promptops.formats.document import Loss
from promptops.formats.exported import ExportedFile, ExportSubject
from promptops.runtime.request.chat import chat_arguments

NAME = "openai"
MARKS = "`batch.jsonl`: the request of each test case, for the batch API"

_MAX_ID = 64


def files(subjects: Sequence[ExportSubject]) -> Iterator[ExportedFile | Loss]:
    """One file with the cases of all prompts."""
    lines = []
    for subject in subjects:
        chosen = [subject.case] if subject.case is not None else list(subject.prompt.cases)
        if not chosen:
            yield subject.lost("EXP005", "a prompt without test cases has no request")
        for number, case in enumerate(chosen, 1):
            body = chat_arguments(subject.request(case.inputs))
            name = f"{subject.prompt.id}:{case.name}"
            if len(name) > _MAX_ID:
                name = f"{subject.prompt.id[: _MAX_ID - 8]}:{number}"
            line = {
                "custom_id": name,
                "method": "POST",
                "url": "/v1/chat/completions",
                "body": body,
            }
            lines.append(json.dumps(line, ensure_ascii=False))
    if lines:
        yield ExportedFile("batch.jsonl", "".join(f"{line}\n" for line in lines))
