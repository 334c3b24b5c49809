"""For programs: one object, described by `schemas/bisect.schema.json`."""

from __future__ import annotations

from typing import Any

from promptops.model.bisection import Bisection, Suspect, TreeVerdict
from promptops.report.parts.json_text import json_text


def write(bisection: Bisection, **_: object) -> str:
    """One JSON object, indented."""
    first, here = bisection.first_bad, bisection.here
    return json_text(
        {
            "schema": 1,
            "prompt": bisection.prompt,
            "case": bisection.case,
            "first_bad": _suspect(first) if first is not None else None,
            "suspects": [_suspect(suspect) for suspect in bisection.suspects],
            "reason": bisection.reason or None,
            "commits": bisection.commits,
            "steps": bisection.steps,
            "skipped": [_skipped(skipped) for skipped in bisection.skipped],
            "here": _here(here) if here is not None else None,
        }
    )


def _suspect(suspect: Suspect) -> dict[str, Any]:
    return {
        "commit": suspect.commit,
        "author": suspect.author,
        "date": suspect.date,
        "subject": suspect.subject,
    }


def _skipped(judgement: TreeVerdict) -> dict[str, Any]:
    return {"commit": judgement.commit, "reason": judgement.reason}


def _here(judgement: TreeVerdict) -> dict[str, Any]:
    return {"verdict": judgement.verdict, "reason": judgement.reason or None}
