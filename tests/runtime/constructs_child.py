"""Renders each construct of `hostile_constructs` until its work is counted out, as JSON.

Run by test_runtime_work.py, with the time that a unit may take. One that takes longer is measured
again: the machine may have been busy.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import hostile_constructs

from promptops.model.place import Text, plain_text
from promptops.runtime.template.limits import MAX_WORK
from promptops.runtime.template.text_rendering import Run, TemplateFailure, render_text, trace_text

UNITS = 200_000


def main(most_us: float) -> None:
    ended = [
        _measured(source, most_us, traced=traced)
        for source in hostile_constructs.constructs()
        for traced in (False, True)
    ]
    json.dump(ended, sys.stdout)


def _measured(source: str, most_us: float, *, traced: bool) -> dict[str, Any]:
    ended = _ended(source, traced=traced)
    if ended["us_per_unit"] < most_us:
        return ended
    return min(ended, _ended(source, traced=traced), key=lambda each: each["us_per_unit"])


def _ended(source: str, *, traced: bool) -> dict[str, Any]:
    run = Run(_load, traced)
    run.meter.charge(MAX_WORK - UNITS)
    text, names = plain_text("main", source), dict(hostile_constructs.DATA)
    started_s = time.thread_time()
    try:
        len(trace_text(text, names, run) if traced else render_text(text, names, run))
        message = ""
    except TemplateFailure as failure:
        message = failure.message
    cpu_s = time.thread_time() - started_s
    units = UNITS - max(run.meter.left, 0)
    return {"source": source, "message": message, "us_per_unit": cpu_s / units * 1e6}


def _load(path: str, name: str) -> Text | None:
    others = hostile_constructs.OTHERS
    return plain_text(name, others[name]) if name in others else None


if __name__ == "__main__":
    main(float(sys.argv[1]))
