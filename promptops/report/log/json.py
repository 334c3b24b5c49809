"""For programs: one object, described by `schemas/log.schema.json`."""

from __future__ import annotations

from typing import Any

from promptops.model.history import HistoryEntry, PromptHistory, Served
from promptops.report.parts.json_text import json_text


def write(history: PromptHistory, **_: object) -> str:
    """One JSON object, indented."""
    served = history.served
    value = {
        "schema": 1,
        "prompt": history.prompt,
        "entries": [_entry(entry) for entry in history.entries],
        "shallow": history.shallow,
        "served": _served(served) if served is not None else None,
        "notes": list(history.notes),
    }
    return json_text(value)


def _entry(entry: HistoryEntry) -> dict[str, Any]:
    return {
        "commit": entry.commit,
        "author": entry.author,
        "date": entry.date,
        "subject": entry.subject,
        "id": entry.prompt,
        "before_id": entry.before,
        "state": entry.state,
        "bump": str(entry.bump),
        "codes": list(entry.codes),
        "via": list(entry.via),
        "release": entry.release,
    }


def _served(served: Served) -> dict[str, Any]:
    return {
        "channel": served.channel,
        "time": served.time.isoformat(),
        "release": served.release,
        "serial": served.serial,
        "commit": served.commit,
        "since": served.since.isoformat() if served.since is not None else None,
    }
