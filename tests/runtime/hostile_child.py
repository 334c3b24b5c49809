"""Renders every hostile template in one process, and prints what became of each as JSON.

Run by test_runtime_hostile.py with limits that it sets on itself.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from hostile_corpus import HOSTILE, OTHERS

from promptops.model.place import Text, plain_text
from promptops.runtime.template.text_rendering import Run, TemplateFailure, render_text, trace_text

DATA: dict[str, Any] = {"text": "t", "data": {"a": 1}}


def main(first: int) -> None:
    """Render the first so many templates of each row."""
    render("{% if 1 %}{{ 'warm up'|upper }}{% endif %}")
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
    before = _peak_mb()
    outcomes = {
        row: [both(source) for source in sources[:first]] for row, sources in HOSTILE.items()
    }
    json.dump({"outcomes": outcomes, "grown_mb": _peak_mb() - before}, sys.stdout)


def both(source: str) -> dict[str, Any]:
    started = time.thread_time()
    plain = outcome(render, source)
    middle = time.thread_time()
    traced = outcome(trace, source)
    slowest_s = max(middle - started, time.thread_time() - middle)
    return {"plain": plain, "traced": traced, "slowest_s": slowest_s}


def outcome(run: Callable[[str], int], source: str) -> dict[str, Any]:
    try:
        return {"rendered_chars": run(source)}
    except TemplateFailure as failure:
        inside = 0 <= failure.start < failure.end <= len(failure.frame.text.value)
        return {"message": failure.message, "span": [failure.start, failure.end], "inside": inside}


def render(source: str) -> int:
    return len(render_text(plain_text("main", source), dict(DATA), Run(_load)))


def trace(source: str) -> int:
    pieces = trace_text(plain_text("main", source), dict(DATA), Run(_load, traced=True))
    return sum(len(piece.text) for piece in pieces)


def _load(path: str, name: str) -> Text | None:
    return plain_text(name, OTHERS[name]) if name in OTHERS else None


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(int(sys.argv[1]))
