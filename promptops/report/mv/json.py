"""For programs: one object, described by `schemas/mv.schema.json`."""

from __future__ import annotations

from promptops.model.moving import MovePlan
from promptops.report.parts.json_text import json_text


def write(plan: MovePlan, *, dry_run: bool, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(
        {
            "schema": 1,
            "old": plan.old,
            "new": plan.new,
            "dry_run": dry_run,
            "files": [
                {"old": file.old, "new": file.new, "tracked": file.tracked} for file in plan.files
            ],
            "edits": [
                {
                    "kind": each.kind,
                    **each.place.as_json(),
                    "before": each.before,
                    "after": each.after,
                }
                for each in plan.edits
            ],
            "aliases": [{"prompt": prompt, "alias": alias} for prompt, alias in plan.aliases],
            "manual": [{**each.place.as_json(), "message": each.message} for each in plan.manual],
        }
    )
