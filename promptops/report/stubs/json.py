"""For programs: one object, described by `schemas/stubs.schema.json`."""

from __future__ import annotations

from promptops.model.stubs import Stubs
from promptops.report.parts.json_text import json_text
from promptops.report.stubs import python


def write(stubs: Stubs, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(
        {
            "schema": 1,
            "release": stubs.release,
            "bundle": f"sha256:{stubs.digest}" if stubs.digest is not None else None,
            "prompts": [prompt.id for prompt in stubs.prompts],
            "module": python.write(stubs),
        }
    )
