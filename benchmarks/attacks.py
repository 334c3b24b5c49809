"""All packaged probes written into the untrusted inputs of a catalog."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from repositories import commit
from scene import Scene
from table import Row, compare
from timing import OURS

CATALOG = Path(__file__).parent.parent
_MOST_S = 2.0
_SAYS = r"^12 prompts, \d{4} attacks$"


def rows_of_probes(scene: Scene) -> Iterator[Row]:
    """The CPU time to expand and render all attacks on the prompts of this project."""
    repository = scene.repository("own-catalog", _copy)
    what = "all probes on every untrusted input of 12 prompts, CPU"
    program = scene.environment.script(OURS, "expand_probes.py", says=_SAYS)
    timings = scene.measure(what, [program], repository)
    yield from compare(what, timings, "s", of="cpu_s", at_most=_MOST_S)


def _copy(folder: Path) -> None:
    shutil.copytree(CATALOG / "prompts", folder / "prompts")
    shutil.copy(CATALOG / "promptops.toml", folder)
    commit(folder, "the catalog")
