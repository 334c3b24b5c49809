"""Runs that record and are killed, or run at once: each answer is kept exactly once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from promptops.errors import InputError
from promptops.repo.repository import Repository
from promptops.source.recordings import recordings_bytes
from promptops.storage.lock import locked
from promptops.testing.recordings.writing import Journal, write_journal
from tests.testing.recordings.made import FILE, PROMPT, PROMPT_TEXT, on_disk, recording

ROOT = Path(__file__).parents[3]
CASES = ("a", "b", "c", "d")


class Child:
    """A process that records; it waits until it is told to go."""

    def __init__(
        self,
        root: Path,
        run: int,
        cases: tuple[str, ...] = CASES,
        fatal: int = 0,
        full_bytes: int = 0,
    ):
        module = "tests.testing.recordings.recording_child"
        arguments = (str(root), str(run), ",".join(cases), str(fatal), str(full_bytes))
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def ended(self) -> tuple[int, list[str]]:
        """Its exit code and the lines it printed."""
        said, _ = self._process.communicate(timeout=120)
        return self._process.returncode, said.splitlines()


def run(root: Path, number: int, fatal: int = 0, full_bytes: int = 0) -> tuple[int, list[str]]:
    child = Child(root, number, fatal=fatal, full_bytes=full_bytes)
    child.go()
    return child.ended()


def kept(root: Path) -> list[tuple[str, str]]:
    """Case and text of each recording, in the order of the files."""
    found = on_disk(root)
    assert found.problems == ()
    return [(each.case, each.answer.text) for each in found.recordings]


def test_killed_at_ten_moments_no_answer_is_lost_doubled_or_half_written(
    repo, tmp_path, fatal_steps
):
    repo.write({PROMPT: PROMPT_TEXT})
    repo.commit("one")
    shutil.copytree(repo.root, tmp_path / "whole")
    _, said = run(tmp_path / "whole", 1)
    moments = [1 + (int(said[-1]) - 1) * tenth // 9 for tenth in range(10)]

    for moment in fatal_steps(moments):
        root = tmp_path / f"killed at {moment}"
        shutil.copytree(repo.root, root)
        code, told = run(root, 1, fatal=moment)
        with Repository.open(root) as repository:
            write_journal(repository)
        after_crash = kept(root)
        ended, asked = run(root, 2)

        assert code == -signal.SIGKILL, moment
        assert set(told) <= {case for case, _ in after_crash}, moment
        assert {text[1:] for _, text in after_crash} <= {" in run 1"}, moment
        first = [case for case, _ in after_crash]
        assert (ended, asked[:-1]) == (0, [case for case in CASES if case not in first]), moment
        assert kept(root) == [(c, f"{c} in run {1 if c in first else 2}") for c in CASES], moment
        assert sorted(path.name for path in (root / "prompts").iterdir()) == [
            "ask.prompt.yaml",
            "ask.recordings.jsonl",
        ]
        with Repository.open(root) as repository:
            assert not Journal(repository).pending


def test_killed_at_any_step_of_its_end_a_run_has_lost_nothing(repo, tmp_path, fatal_steps):
    repo.write({PROMPT: PROMPT_TEXT})
    repo.commit("one")
    with Repository.open(repo.root) as repository:
        for case in CASES:
            Journal(repository).append(FILE, recording(case))
    shutil.copytree(repo.root, tmp_path / "whole")
    steps = int(run(tmp_path / "whole", 1)[1][-1])
    wanted = kept(tmp_path / "whole")

    for moment in fatal_steps(range(1, steps + 1, 3)):
        root = tmp_path / f"killed at {moment}"
        shutil.copytree(repo.root, root)
        code, _ = run(root, 1, fatal=moment)
        with Repository.open(root) as repository:
            write_journal(repository)

        assert code == -signal.SIGKILL
        assert kept(root) == wanted == [(case, f"answer to {case}") for case in CASES]


def test_killed_while_answers_move_to_another_file_none_is_lost_or_twice(repo, tmp_path):
    """Asked again, all answers are longer: the second file has room for two, and the first one
    for the third of them."""
    short = [recording(case, "x") for case in CASES]
    full_bytes = len(recordings_bytes(recording(case, "long " * 20) for case in CASES[:2]))
    second = FILE.replace(".jsonl", ".part02.jsonl")
    repo.write({PROMPT: PROMPT_TEXT, FILE: recordings_bytes(short[:1])})
    repo.write({second: recordings_bytes(short[1:])})
    repo.commit("one")
    with Repository.open(repo.root) as repository:
        for case in CASES:
            Journal(repository).append(FILE, recording(case, "long " * 20))
    shutil.copytree(repo.root, tmp_path / "whole")
    steps = int(run(tmp_path / "whole", 1, full_bytes=full_bytes)[1][-1])
    wanted = [(case, "long " * 20) for case in CASES]

    for moment in range(1, steps + 1, 2):
        root = tmp_path / f"killed at {moment}"
        shutil.copytree(repo.root, root)
        code, _ = run(root, 1, fatal=moment, full_bytes=full_bytes)
        after_crash = on_disk(root)
        with Repository.open(root) as repository:
            write_journal(repository)

        assert code == -signal.SIGKILL
        assert after_crash.problems == ()
        assert sorted(kept(root)) == sorted(kept(tmp_path / "whole")) == wanted, moment
    assert kept(tmp_path / "whole") == [wanted[0], wanted[3], wanted[1], wanted[2]]


def test_two_runs_at_once_keep_all_answers_once(repo):
    repo.write({PROMPT: PROMPT_TEXT})
    repo.commit("one")
    ours = (*(f"a{number:02}" for number in range(40)), "both")
    theirs = (*(f"b{number:02}" for number in range(40)), "both")
    children = [Child(repo.root, 1, ours), Child(repo.root, 2, theirs)]

    for child in children:
        child.go()
    codes = [child.ended()[0] for child in children]

    assert codes == [0, 0]
    assert [case for case, _ in kept(repo.root)] == sorted({*ours, *theirs})
    with Repository.open(repo.root) as repository:
        assert not Journal(repository).pending


def test_a_lock_that_is_held_names_who_holds_it(tmp_path):
    lock = tmp_path / "lock"

    with locked(lock), pytest.raises(InputError) as raised, locked(lock, patience_s=0):
        pass

    assert raised.value.message == f"process {os.getpid()} is writing recordings"
    assert raised.value.where == str(lock)


def test_a_lock_whose_holder_died_is_free(tmp_path):
    lock = tmp_path / "lock"
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from promptops.storage.lock import locked\n"
        "with locked(Path(sys.argv[1])):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    died = subprocess.run([sys.executable, "-c", program, lock], cwd=ROOT, check=False)

    with locked(lock, patience_s=0):
        holder = lock.read_text()

    assert (died.returncode, holder) == (-signal.SIGKILL, f"{os.getpid()}\n")
