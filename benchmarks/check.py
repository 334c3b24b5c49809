"""The gate of a pull request: the wall time of whole processes. The prompts are those of `lint`,
each with a recorded answer; three were changed and recorded again. The caches of an earlier run are
warm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from corpus import make, path
from recording import record
from repositories import edit
from scene import Scene
from table import Row, compare
from timing import Program, as_written, prove

CHANGED = 3


def rows(scene: Scene) -> Iterator[Row]:
    """`check --since`, and the whole gate beside it."""
    count = scene.sizes.checked
    repository = scene.repository(f"checked-{count}", lambda folder: _make(scene, folder, count))
    environment = scene.environment
    whole = environment.ours("check", says=f"(?m)^pass: {as_written(count)} prompts,")
    prove(whole, repository)
    what = f"`check --since HEAD~1`, {CHANGED} changed of {count:,}"
    names = ("git", "diff", "--name-status", "HEAD~1")
    since = environment.ours("check", "--since", "HEAD~1", says=f"(?m)^pass: {CHANGED} prompts")
    programs = [
        since,
        Program("`git diff --name-status HEAD~1`", names, r"(?m)^M\tprompts/.*\.prompt\.yaml$"),
        environment.bare_python(),
    ]
    yield from compare(what, scene.measure(what, programs, repository), "ms", at_most=1)
    what = f"`check` of all {count:,}"
    floor = environment.script("reading and libyaml alone", "parse_yaml.py", says=f"^{count}$")
    timings = scene.measure(what, [whole, floor], repository, scene.sizes.long_runs)
    yield from compare(what, timings, "s")


def _make(scene: Scene, folder: Path, count: int) -> None:
    make(folder, count, recorded=True)
    record(scene.environment, folder, "prompts")
    for number in range(0, count, count // CHANGED)[:CHANGED]:
        edit(folder, path(number), "You triage", "You sort")
    record(scene.environment, folder, "three prompts")
