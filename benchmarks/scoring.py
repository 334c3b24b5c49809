"""Samples of production scored: CPU and memory of whole processes, next to reading their JSON, and
to a plain script with the same checks. Six plain assertions, and the same with `no-leak`, whose
request is rendered from the logged inputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from environment import Environment
from scene import Scene
from table import Row, compare
from timing import OURS, Program
from traffic import PROMPTS, make, write_samples

MOST_MB = 100
FLOOR = "`json.loads` of each line"
PLAIN = "a plain script with the same checks"
TIMES = {PLAIN: 8.0}
NO_LEAK_PER_SECOND = 2_000
"""The least number of samples with `no-leak` for each second of CPU."""
_START_S = 1.5
"""Allowed in addition for the start of a process and the prompts of both releases."""


def rows(scene: Scene) -> Iterator[Row]:
    """Each prompt with one process, then one with two processes."""
    repository = scene.repository("released", make)
    count, runs = scene.sizes.scored, min(scene.sizes.long_runs, 3)
    for prompt in PROMPTS:
        is_plain = prompt == PROMPTS[0]
        kind = "six plain assertions" if is_plain else "with `no-leak`"
        what = f"{count:,} samples, {kind}"
        programs = _programs(scene.environment, _file(scene, prompt, count), count)
        timings = scene.measure(what, programs[: 3 if is_plain else 2], repository, runs)
        most = None if is_plain else count / NO_LEAK_PER_SECOND + _START_S
        in_cpu = f"{what}, CPU"
        yield from compare(in_cpu, timings, "s", of="cpu_s", at_most=most, at_most_times=TIMES)
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
    says = f"^{count} samples"
    floor = environment.script(FLOOR, "parse_samples.py", file, says=says)
    plain = environment.script(PLAIN, "score_plainly.py", file, says=says)
    return [_ours(environment, file, count, 1), floor, plain]


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
