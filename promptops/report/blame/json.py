"""For programs: one object, described by `schemas/blame.schema.json`."""

from __future__ import annotations

from typing import Any

from promptops.model.blame import Blame, BlamedLine, LineOrigin
from promptops.report.parts.json_text import json_text


def write(blame: Blame, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(
        {
            "schema": 1,
            "prompt": blame.prompt,
            "case": blame.case,
            "revision": blame.revision,
            "lines": [_line(line) for line in blame.lines],
        }
    )


def _line(line: BlamedLine) -> dict[str, Any]:
    return {
        "message": line.message,
        "line": line.line,
        "text": line.text,
        **_origin(line.origin),
        "inputs": list(line.inputs),
        "only_inputs": not line.written,
        "also": [_origin(other) for other in line.also],
        "through": [_origin(include) for include in line.through],
    }


def _origin(origin: LineOrigin) -> dict[str, Any]:
    author = origin.author
    return {
        "commit": author.commit if author else None,
        "author": author.name if author else None,
        "date": (author.date or None) if author else None,
        "subject": author.subject if author else None,
        "boundary": author is not None and author.boundary,
        "path": origin.path,
        "source_line": origin.line,
    }
