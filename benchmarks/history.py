"""The history of a prompt: the wall time of whole processes. Every commit of the history changes
this prompt."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from cases import case
from past import BROKEN, LINES, RECORDINGS, REWRITTEN, first_bad, make, path
from repositories import git
from scene import Scene
from table import Row, compare
from timing import Program

NEWEST = 3


def rows(scene: Scene) -> Iterator[Row]:
    """`blame`, `log` and `bisect`, each beside git's own."""
    commits, environment = scene.sizes.commits, scene.environment
    repository = scene.repository(
        f"past-{commits}", lambda folder: make(environment, folder, commits)
    )
    git(repository, "reset", "-q", "--hard")
    yield from _blame(scene, repository)
    yield from _log(scene, repository)
    yield from _bisect(scene, repository)


def _blame(scene: Scene, repository: Path) -> Iterator[Row]:
    what = f"`blame` of {LINES + 2} lines, {scene.sizes.commits} commits"
    of_git = ("git", "blame", path(REWRITTEN))
    programs = [
        scene.environment.ours("blame", REWRITTEN, says=_last_line(scene)),
        Program("`git blame`, the same file", of_git, _last_line(scene)),
        scene.environment.bare_python(),
    ]
    yield from compare(what, scene.measure(what, programs, repository), "ms")


def _last_line(scene: Scene) -> str:
    """The line that the newest commit wrote."""
    number = scene.sizes.commits
    return f"Rule {number % LINES}: as of change {number},"


def _log(scene: Scene, repository: Path) -> Iterator[Row]:
    what = f"`log -n {NEWEST}` of {scene.sizes.commits} commits"
    newest = rf"(?s)change {scene.sizes.commits}\b.*change {scene.sizes.commits - NEWEST + 1}\b"
    of_git = ("git", "log", "-n", str(NEWEST), "--", path(REWRITTEN))
    programs = [
        scene.environment.ours("log", REWRITTEN, "-n", str(NEWEST), says=newest),
        Program("`git log`, the same file", of_git, newest),
        scene.environment.bare_python(),
    ]
    yield from compare(what, scene.measure(what, programs, repository), "ms")


def _bisect(scene: Scene, repository: Path) -> Iterator[Row]:
    commits = scene.sizes.commits
    what = f"`bisect` over {commits} commits"
    good = f"HEAD~{commits}"
    broken = git(repository, "rev-parse", f"HEAD~{commits - first_bad(commits)}").strip()
    search = ("bisect", BROKEN, "--case", case(0))
    ours = scene.environment.ours(*search, "--good", good, says=broken[:12])
    here = scene.environment.ours(*search, "--here").command
    programs = [
        ours,
        _by_git("`git bisect run promptops bisect --here`", good, here, broken),
        _by_git("`git bisect run grep`", good, ("grep", "-q", "bug", RECORDINGS), broken),
    ]
    timings = scene.measure(what, programs, repository, scene.sizes.long_runs)
    yield from compare(what, timings, "ms")


def _by_git(name: str, good: str, command: Sequence[str], broken: str) -> Program:
    script = (
        f"git bisect start HEAD {good} && git bisect run {shlex.join(command)}; git bisect reset"
    )
    return Program(name, ("sh", "-c", script), f"{broken} is the first bad commit")
