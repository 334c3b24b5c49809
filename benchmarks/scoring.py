"""Samples of production scored: CPU and memory of whole processes, next to reading their JSON. Six
plain assertions, and the same with `no-leak`, whose request is rendered from the logged inputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from environment import Environment
from scene import Scene
from table import Row, compare
from timing import OURS, Program
from traffic import PROMPTS, make, write_samples

MOST_MB = 100
PER_SECOND = {PROMPTS[0]: 5_000, PROMPTS[1]: 2_000}
"""The least number of samples for each second of CPU, by the prompt that they are of."""

FLOOR = "`json.loads` of each line"
_START_S = 1.5
"""Allowed in addition for the start of a process and the prompts of both releases."""


def rows(scene: Scene) -> Iterator[Row]:
    """Each prompt with one process, then one with two processes."""
    repository = scene.repository("released", make)
    count, runs = scene.sizes.scored, min(scene.sizes.long_runs, 3)
    for prompt in PROMPTS:
        kind = "with `no-leak`" if prompt == PROMPTS[1] else "six plain assertions"
        what = f"{count:,} samples, {kind}"
        programs = _programs(scene.environment, _file(scene, prompt, count), count)
        timings = scene.measure(what, programs, repository, runs)
        most = count / PER_SECOND[prompt] + _START_S
        yield from compare(f"{what}, CPU", timings, "s", of="cpu_s", at_most=most)
        peak = f"{what}, peak memory"
        yield from compare(peak, timings, "MB", of="memory_mb", at_most=MOST_MB)
    yield from _of_two_processes(scene, repository, count, runs)


def _of_two_processes(scene: Scene, repository: Path, count: int, runs: int) -> Iterator[Row]:
    what = f"{count:,} samples, six plain assertions, two processes"
    programs = [_ours(scene.environment, _file(scene, PROMPTS[0], count), count, 2)]
    timings = scene.measure(what, programs, repository, runs)
    yield from compare(f"{what}, time", timings, "s")
    yield from compare(f"{what}, CPU", timings, "s", of="cpu_s")


def _programs(environment: Environment, file: Path, count: int) -> list[Program]:
    floor = environment.script(FLOOR, "parse_samples.py", file, says=f"^{count} samples")
    return [_ours(environment, file, count, 1), floor]


def _ours(environment: Environment, file: Path, count: int, processes: int) -> Program:
    script, says = "score_samples.py", f"^{count} samples"
    return environment.script(OURS, script, file, str(processes), says=says)


def _file(scene: Scene, prompt: str, count: int) -> Path:
    """A file with so many samples, written once."""
    file = scene.folder / f"{prompt.replace('/', '-')}-{count}.jsonl"
    if not file.exists():
        scene.tell(f"writing {count:,} samples")
        part = file.with_suffix(".part")
        write_samples(part, count, prompt)
        part.rename(file)
    return file
