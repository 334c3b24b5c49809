"""For programs: one object, described by `schemas/changelog.schema.json`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from promptops.model.release import Release, ReleaseRecord
from promptops.report.parts.json_text import json_text
from promptops.report.release.json import change_value


def write(history: Sequence[tuple[Release, ReleaseRecord]], **_: object) -> str:
    """One JSON object, indented."""
    return json_text({"schema": 1, "releases": [_entry(*each) for each in history]})


def _entry(release: Release, record: ReleaseRecord) -> dict[str, Any]:
    return {
        "release": release.name,
        "version": str(release.version),
        "commit": release.commit,
        "date": release.date or None,
        "base": record.base,
        "bump": str(record.bump) if record.bump is not None else None,
        "reason": record.reason or None,
        "notes": record.notes,
        "content_sha256": record.content,
        "bundle_sha256": record.bundle,
        "prompts": [change_value(change) for change in record.changes],
        "versions": {name: str(version) for name, version in sorted(record.versions.items())},
    }
