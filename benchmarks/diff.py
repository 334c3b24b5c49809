"""Comparing two revisions: the CPU time of whole processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from corpus import make, partial_path, path
from environment import BARE_PYTHON
from repositories import commit, edit
from scene import Scene
from table import Row, compare
from timing import Program, as_written

CHANGED = 10
TIMES_BARE = 45
"""That is 0.4 s where bare Python takes 9 ms."""

SPANS = {"ten prompts changed": "HEAD~1..HEAD", "one partial changed": "HEAD~2..HEAD~1"}


def rows(scene: Scene) -> Iterator[Row]:
    """Ten prompts, and a partial that many include."""
    count = scene.sizes.linted
    repository = scene.repository(f"compared-{count}", lambda folder: _make(folder, count))
    environment = scene.environment
    for changed, span in SPANS.items():
        what = f"`diff` of {count:,} prompts, {changed}"
        name_status = ("git", "diff", "--name-status", span)
        programs = [
            environment.ours("diff", span, says=f"changed of {as_written(count)} compared"),
            Program("`git diff --name-status`", name_status, r"(?m)^M\tprompts/"),
            environment.bare_python(),
        ]
        timings = scene.measure(what, programs, repository)
        times = {BARE_PYTHON: TIMES_BARE} if span == SPANS["ten prompts changed"] else {}
        yield from compare(what, timings, "ms", of="cpu_s", at_most_times=times)


def _make(folder: Path, count: int) -> None:
    """Prompts, then a commit that changes a partial, then one that changes ten prompts."""
    make(folder, count)
    commit(folder, "prompts")
    edit(folder, partial_path(3), "Be brief", "Be very brief")
    commit(folder, "a partial")
    for number in range(0, count, count // CHANGED):
        edit(folder, path(number), "You triage", "You sort")
    commit(folder, "ten prompts")
