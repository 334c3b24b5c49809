"""Importing a folder with the prompts of 13 formats, without writing them: the CPU time of a whole
process, one core. The files are those of `tests/formats/references`, again and again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path

from scene import Scene
from table import Row, compare

SOURCES = Path(__file__).parents[1] / "tests" / "formats" / "references"
_REFUSED = shutil.ignore_patterns("outer.prompt", "flow.dag.yaml", "__pycache__")
_NAMED = ("langfuse", "mlflow")
"""Formats whose prompts have a name of their own, which must be another one in each copy."""


def rows(scene: Scene) -> Iterator[Row]:
    """One row, beside reading the same files."""
    number = scene.sizes.imported
    repository = scene.repository(f"imported-{number}", lambda folder: make(folder, number))
    environment = scene.environment
    programs = [
        environment.ours("import", "old", "--dry-run", says="would be written"),
        environment.script("reading the files alone", "read_files.py", "old", says=r"^\d+$"),
    ]
    what = f"`import --dry-run` of {number:,} files, CPU"
    timings = scene.measure(what, programs, repository, scene.sizes.long_runs)
    yield from compare(what, timings, "s", of="cpu_s", at_most=30)


def make(folder: Path, number: int) -> None:
    """At least so many files of all formats below `old`."""
    sources = sorted(path for path in SOURCES.iterdir() if path.is_dir())
    made = 0
    for copy, source in zip(count(), cycle(sources), strict=False):
        target = folder / "old" / f"{source.name}-{copy}"
        shutil.copytree(source, target, ignore=_REFUSED)
        made += sum(path.is_file() for path in target.rglob("*"))
        if source.name in _NAMED:
            _rename(target)
        if made >= number:
            return


def _rename(target: Path) -> None:
    for file in target.glob("*.json"):
        text = file.read_text("utf-8").replace('"name": "', f'"name": "{target.name}-')
        file.write_text(text, "utf-8")
