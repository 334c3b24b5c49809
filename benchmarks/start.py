"""Installation and start: size on disk, and the CPU time of whole processes."""

from __future__ import annotations

from collections.abc import Iterator

from environment import BARE_PYTHON
from scene import Scene
from table import Row, compare
from timing import OURS


def rows(scene: Scene) -> Iterator[Row]:
    """The size without extras, and `--help`."""
    yield from _size(scene)
    yield from _help(scene)


def _size(scene: Scene) -> Iterator[Row]:
    what = "installed size, without extras"
    scene.tell(what)
    sizes = scene.environment.installed_mb()
    ours = sizes.pop(OURS)
    for beside, theirs in sizes.items():
        yield Row(what=what, ours=ours, unit="MB", beside=beside, theirs=theirs, at_most=40)


def _help(scene: Scene) -> Iterator[Row]:
    environment, what = scene.environment, "`--help`"
    programs = [
        environment.ours("--help", says="bisect"),
        environment.bare_python(),
        environment.tool("inspect-ai", "`inspect --help`", "--help", says="eval"),
        environment.promptfoo("`promptfoo --help`", "--help", says="eval"),
    ]
    timings = scene.measure(what, programs, scene.folder)
    yield from compare(what, timings, "ms", of="cpu_s", at_most_times={BARE_PYTHON: 7})
