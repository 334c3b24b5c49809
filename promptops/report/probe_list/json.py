"""For programs: the packaged probes as one object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from promptops.model.probe import Family
from promptops.report.parts.json_text import json_text


def write(families: Sequence[Family], **_: object) -> str:
    """One JSON object, indented."""
    return json_text({"schema": 1, "families": [_family(family) for family in families]})


def _family(family: Family) -> dict[str, Any]:
    return {
        "family": family.name,
        "title": family.title,
        "attacks": family.attacks,
        "owasp": family.owasp,
        "probes": [
            {"id": probe.id, "owasp": probe.owasp, "text": probe.text} for probe in family.probes
        ],
        "pairs": [
            {"id": pair.id, "attribute": pair.attribute, "texts": list(pair.texts)}
            for pair in family.pairs
        ],
    }
