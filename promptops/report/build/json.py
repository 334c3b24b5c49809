"""For programs: one object, described by `schemas/build.schema.json`."""

from __future__ import annotations

from promptops.model.publication import Publication
from promptops.report.parts.json_text import json_text


def write(done: Publication, **_: object) -> str:
    """One JSON object, indented."""
    built = done.built
    return json_text(
        {
            "schema": 1,
            "release": built.release if built else None,
            "commit": built.commit if built else None,
            "content": f"sha256:{built.content}" if built else None,
            "bundle": f"sha256:{built.bundle}" if built else None,
            "prompts": built.prompts if built else None,
            "files": list(done.files),
            "channels": list(done.channels),
            "notes": list(done.notes),
        }
    )
