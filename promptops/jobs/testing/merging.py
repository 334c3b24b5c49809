"""Merge shards: judge and decide their answers as in one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from promptops.counting import some
from promptops.errors import InputError, UsageError
from promptops.jobs.testing.runner import RunOptions, run_selected
from promptops.jobs.testing.shards import MergedShards, known_answers, revision_of
from promptops.jobs.workspace.selection import SelectionOptions, select
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.shard import ShardRun
from promptops.model.test_run import TestRun
from promptops.records import replace
from promptops.source.shard import MAX_BYTES, read_shard

_FIELDS = {
    "shard": "another number of shards",
    "revision": "another revision",
    "mode": "another mode",
    "patterns": "other prompts",
    "since": "another base",
    "selectors": "other prompts",
    "repeats": "another number of repeats",
    "baseline": "another baseline",
    "plan": "other cases",
}


def read_shards(directory: Path, files: Sequence[str]) -> dict[str, ShardRun]:
    """Every shard by its file; raises UsageError unless they are all shards of one run.

    Raises InputError with its place for a line that can't be read.
    """
    if not files:
        raise UsageError("there is nothing to merge", hint="name the files of all shards")
    found: dict[str, ShardRun] = {}
    for file in files:
        if file in found:
            raise UsageError(f"`{file}` is named twice")
        found[file] = read_shard(file, _content(directory / file, file))
    _refuse_others(found)
    _refuse_gaps(found)
    return found


def merge(workspace: Workspace, shards: Sequence[ShardRun], options: RunOptions) -> TestRun:
    """The merged run of all shards of `read_shards`, judged and decided again; makes no API calls.

    Raises UsageError if the prompts of the workspace are not those of the shards.
    """
    first = shards[0]
    if first.revision != revision_of(workspace):
        raise UsageError(
            f"the shards ran at {first.revision[:12] or 'no commit'}, and this is another revision",
            hint=f"git checkout {first.revision[:12]}" if first.revision else None,
        )
    wanted = SelectionOptions(patterns=first.patterns, since=first.since, selectors=first.selectors)
    merged = MergedShards(
        plan=first.plan,
        known=known_answers(answer for shard in shards for answer in shard.answers),
        cost_usd=sum(shard.cost_usd for shard in shards),
        problems=tuple(problem for shard in shards for problem in shard.problems),
    )
    return run_selected(
        workspace,
        select(workspace, wanted),
        replace(
            options,
            mode=first.mode,
            repeats=first.repeats,
            baseline=first.baseline,
            merged=merged,
        ),
    )


def _content(path: Path, file: str) -> bytes:
    try:
        with path.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"can't be read: {reason}", where=file) from None


def _refuse_others(found: dict[str, ShardRun]) -> None:
    """Raise UsageError unless all shards belong to one run."""
    name, first = next(iter(found.items()))
    for file, shard in found.items():
        other = next(_differences(first, shard), None)
        if other is not None:
            raise UsageError(
                f"`{file}` has {other} than `{name}`", hint="run all shards with the same options"
            )


def _differences(first: ShardRun, other: ShardRun) -> Iterator[str]:
    for field, said in _FIELDS.items():
        ours, theirs = getattr(first, field), getattr(other, field)
        if field == "shard":
            ours, theirs = ours.count, theirs.count
        if ours != theirs:
            yield said


def _refuse_gaps(found: dict[str, ShardRun]) -> None:
    """Raise UsageError unless each shard is present once."""
    files: dict[int, str] = {}
    for file, run in found.items():
        known = files.setdefault(run.shard.index, file)
        if known != file:
            raise UsageError(
                f"`{file}` and `{known}` are both shard {run.shard}", hint="leave one out"
            )
    count = next(iter(found.values())).shard.count
    missing = [f"{index}/{count}" for index in range(1, count + 1) if index not in files]
    if missing:
        hint = "name the files of all shards"
        raise UsageError(f"shards are missing: {some(missing, 3)}", hint=hint)
