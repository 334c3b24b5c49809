"""Renders the templates of one table of `hostile_calls`, and prints the worst of them as JSON.

Run by test_runtime_work.py. Each is rendered once: with a result or a refusal it ends.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import hostile_calls

from promptops.model.place import Text, plain_text
from promptops.runtime.template.limits import MAX_WORK
from promptops.runtime.template.text_rendering import Run, TemplateFailure, render_text

MANY_UNITS = 20_000
"""So many that the time for each can be measured."""


def main(table: str, part: int, parts: int) -> None:
    gc.freeze()  # the values are many, and none of them is garbage
    before_mb = _peak_mb()
    # Addresses too few for 90 GB: what asks for them fails with a MemoryError, a refusal.
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
    sources = list(getattr(hostile_calls, table)())[part::parts]
    ended = [_ended(source) for source in sources]
    json.dump({"ended": ended, "grown_mb": _peak_mb() - before_mb}, sys.stdout)


def _ended(source: str) -> dict[str, Any]:
    before_mb = _peak_mb()
    run = Run(_no_template)
    started_s = time.thread_time()
    try:
        message = str(len(render_text(plain_text("main", source), dict(hostile_calls.VALUES), run)))
    except TemplateFailure as failure:
        message = failure.message
    cpu_s = time.thread_time() - started_s
    units = min(MAX_WORK, MAX_WORK - run.meter.left)
    return {
        "source": source,
        "message": message,
        "cpu_s": cpu_s,
        "units": units,
        "us_per_unit": cpu_s / units * 1e6 if units >= MANY_UNITS else 0,
        "grown_mb": _peak_mb() - before_mb,
    }


def _no_template(path: str, name: str) -> Text | None:
    return None


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
