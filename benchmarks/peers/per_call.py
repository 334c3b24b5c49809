"""What one call costs, where it is too short to be a process of its own."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

BATCHES = 15
BATCH_S = 0.02


def report(ways: dict[str, Callable[[], Any]], said: dict[str, list[Any]]) -> None:
    """Print `{"us": …, "said": …}`: microseconds of CPU time by name, and what came of it.

    Medians over batches, each of all ways in turns.
    """
    counts = {name: _count(way) for name, way in ways.items()}
    rows = [
        {name: _cpu_s(way, counts[name]) / counts[name] for name, way in ways.items()}
        for _ in range(BATCHES)
    ]
    us = {name: statistics.median(row[name] for row in rows) * 1e6 for name in ways}
    print(json.dumps({"us": us, "said": said}))


def _count(way: Callable[[], Any]) -> int:
    """How many calls make a batch."""
    way()
    count = 1
    while _cpu_s(way, count) < BATCH_S:
        count *= 2
    return count


def _cpu_s(way: Callable[[], Any], count: int) -> float:
    start = time.process_time()
    for _ in range(count):
        way()
    return time.process_time() - start
