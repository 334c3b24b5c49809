"""For programs: one object, described by `schemas/promote.schema.json` or `rollback`."""

from __future__ import annotations

from typing import Any

from promptops.model.channel import Break, Move
from promptops.report.parts.json_text import json_text


def write(move: Move, **_: object) -> str:
    """One JSON object, indented."""
    value: dict[str, Any] = {
        "schema": 1,
        "channel": move.channel,
        "before": None,
        "after": {
            "release": move.release,
            "bundle": f"sha256:{move.bundle}" if move.bundle is not None else None,
            "serial": move.serial,
        },
        "changed": move.changed,
        "commit": move.commit,
        "refusals": list(move.refusals),
        "breaks": None if move.breaks is None else [_break(broken) for broken in move.breaks],
        "notes": list(move.notes),
        "next": list(move.following),
    }
    if move.before is not None:
        value["before"] = {"release": move.before, "serial": move.serial_before}
    if move.kind == "rollback":
        value["skipped"] = list(move.skipped)
        value["unsigned"] = move.unsigned
    return json_text(value)


def _break(each: Break) -> dict[str, str]:
    change = each.change
    return {
        "prompt": each.prompt,
        "code": change.code,
        "message": change.message,
        "fingerprint": change.fingerprint,
    }
