"""What every topic is given: the programs, a folder, sizes, and a way to measure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from environment import Environment
from repositories import new_repository
from timing import Program, Timing, Wrong, in_turns, prove


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured, and how often.

    Attributes:
        runs: Of what takes less than a second.
        long_runs: Of what takes longer.
        rounds: Processes in which calls are timed.
    """

    linted: int = 10_000
    linted_by_peers: int = 1_000
    checked: int = 2_000
    loaded: int = 1_000
    mutated: int = 1_000
    imported: int = 1_500
    scored: int = 100_000
    edited: tuple[int, int] = (1_000, 10_000)
    edits: int = 200
    many_edits: int = 5_000
    commits: int = 300
    cases: tuple[int, int] = (200, 1_000)
    grown: tuple[int, int] = (2_500, 10_000)
    requests: int = 1_000
    samples: int = 50_000
    runs: int = 9
    long_runs: int = 5
    rounds: int = 5


QUICK = Sizes(
    linted=200,
    linted_by_peers=10,
    checked=60,
    loaded=50,
    mutated=20,
    imported=60,
    scored=500,
    edited=(40, 60),
    edits=10,
    many_edits=30,
    commits=30,
    cases=(20, 40),
    grown=(50, 200),
    requests=64,
    samples=1_000,
    runs=1,
    long_runs=1,
    rounds=1,
)


class Scene:
    """Where everything happens.

    Attributes:
        folder: Repositories are made there, once.
        notes: What a topic says below its table.
    """

    def __init__(
        self, environment: Environment, folder: Path, sizes: Sizes, tell: Callable[[str], None]
    ) -> None:
        self.environment = environment
        self.folder = folder
        self.sizes = sizes
        self.notes: list[str] = []
        self._tell = tell

    def measure(
        self, what: str, programs: Sequence[Program], folder: Path, runs: int | None = None
    ) -> dict[str, Timing]:
        """Each program's figures by its name, measured in turns, A B A B …

        Each runs once before, to warm up and to show that it does the work. A peer that does not
        is left out here; ours that does not raises Wrong.
        """
        self._tell(f"{what}: does each do the work?")
        ready = [each for each in programs if self._works(what, each, folder)]
        runs = runs or self.sizes.runs
        self._tell(f"{what}: {', '.join(each.name for each in ready)}, {runs} times in turns")
        timings = in_turns(ready, folder, runs, partial(self._lost, what))
        self._tell(", ".join(f"{name} {each.wall_s:.3f} s" for name, each in timings.items()))
        return timings

    def repository(self, name: str, make: Callable[[Path], None]) -> Path:
        """One of that name, made where it is not there whole."""
        repository, whole = self.folder / name, self.folder / f"{name}.made"
        if not whole.exists():
            self._tell(f"making the repository {name}")
            new_repository(repository, make)
            whole.touch()
        return repository

    def tell(self, what: str) -> None:
        self._tell(what)

    def _works(self, what: str, program: Program, folder: Path) -> bool:
        if program.needs and not self.environment.has(program.needs):
            return False
        try:
            prove(program, folder)
        except (Wrong, OSError) as wrong:
            self._tell(getattr(wrong, "said", ""))
            self._lost(what, program, wrong)
            return False
        return True

    def _lost(self, what: str, program: Program, wrong: Exception) -> None:
        """A peer that fails costs its own figure; ours raises."""
        if not program.needs:
            raise wrong
        self.environment.leave_out(f"{program.name}, beside {what}", str(wrong))
