"""For `promptops test --merge-shards`: the answers of a shard; see `schemas/shard.schema.json`."""

from __future__ import annotations

from promptops.model.test_run import TestRun
from promptops.source.shard import shard_text


def write(run: TestRun, **_: object) -> str:
    """A header line that identifies the shard, then a line for each answer."""
    return shard_text(run.shard) if run.shard is not None else ""
