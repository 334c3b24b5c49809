"""Processes of this machine: the same result as one, whatever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing import active_children

import pytest

from promptops.commands.score import engines
from promptops.commands.score.options import ScoreOptions
from promptops.commands.score.packing import pack_of
from promptops.commands.score.part import PartSettings
from promptops.errors import InputError
from promptops.model.score import Part
from promptops.source.traffic.files import opened as opened_files
from promptops.source.traffic.parts import parts
from promptops.workspace.workspace import workspace
from tests.commands.score.released_prompts import make, sample, scored, written

pytestmark = pytest.mark.slow

SCORE = """\
import sys
from pathlib import Path
from promptops.commands.score.options import ScoreOptions
from promptops.commands.score.score import score
from promptops.workspace.workspace import workspace

if __name__ == "__main__":
    with workspace(Path()) as opened:
        options = ScoreOptions(paths=(sys.argv[1],), processes=int(sys.argv[2]))
        score(opened, options)
    status = Path("/proc/self/status").read_text()
    print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


@pytest.fixture
def released(prepared):
    return prepared(make)


def packed(repo):
    with workspace(repo.root) as opened:
        return pack_of(opened, "HEAD", (), PartSettings(by=("prompt",))).pack


def small_parts(file):
    with opened_files((file,)) as files:
        return list(parts(files, "auto", 20_000))


def test_two_processes_give_the_same_result_as_one(released, tmp_path):
    samples = [sample(n, conversation=f"c{n // 4}", latency_s=n % 7 / 3) for n in range(20_000)]
    files = [written(tmp_path / f"{n}.jsonl", samples[n::2]) for n in range(2)]

    one, two = (scored(released, files, processes=number, failures=5) for number in (1, 2))

    assert one == two
    assert one.samples.scored == 20_000


def test_events_of_two_processes_come_in_the_order_of_the_samples(released, tmp_path):
    sizes = (1_000, 10, 300)  # the second part is ready before the first one
    files = [
        written(tmp_path / f"{size}.jsonl", (sample(f"{size}-{n}") for n in range(size)))
        for size in sizes
    ]
    lines: tuple[list[bytes], list[bytes]] = [], []

    for number in (1, 2):
        passed_on = lines[number - 1].append
        scored(released, files, processes=number, events=True, on_events=passed_on)

    one, two = map(b"".join, lines)
    assert one == two
    assert one.count(b"\n") == sum(sizes)


def test_the_parts_of_a_killed_process_are_scored_again(released, tmp_path):
    file = written(tmp_path / "s.jsonl", map(sample, range(1_000)))
    wanted = small_parts(file)

    found = []
    for partial in engines.run_in_processes(
        wanted, packed(released), ScoreOptions(paths=(), processes=2)
    ):
        if not found:
            os.kill(active_children()[0].pid, signal.SIGKILL)
        found.append(partial)

    assert sorted(each.part.start for each in found) == [each.start for each in wanted]
    assert sum(each.counts.scored for each in found) == 1_000


def test_a_part_whose_process_always_dies_is_named(released, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # reading it waits, so that the process can be killed
    part = Part(path="s.jsonl", location=str(pipe), format="json", start=0, end=12_000)
    done = threading.Event()

    def kill() -> None:
        while not done.wait(0.1):
            for child in active_children():
                with suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with pytest.raises(InputError) as caught:
            list(
                engines.run_in_processes(
                    [part], packed(released), ScoreOptions(paths=(), processes=2)
                )
            )
    finally:
        done.set()
        killer.join()

    assert (caught.value.where, caught.value.message) == (
        "s.jsonl",
        "a process died twice while it scored the bytes 0 to 12,000",
    )


def test_an_interruption_ends_all_processes_at_once(released, tmp_path):
    file = written(tmp_path / "s.jsonl", map(sample, range(60_000)))
    script = tmp_path / "run.py"
    script.write_text(SCORE)
    run = subprocess.Popen(
        [sys.executable, str(script), file, "2"],
        cwd=released.root,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not children_of(run.pid):
        assert run.poll() is None

    os.killpg(run.pid, signal.SIGINT)
    _, errors = run.communicate(timeout=60)

    assert run.returncode in (130, -signal.SIGINT)
    assert errors.strip().endswith("KeyboardInterrupt")
    assert errors.count("Traceback") == 1  # of the first process; the command shows none


def test_memory_does_not_grow_with_the_number_of_samples(released, tmp_path):
    script = tmp_path / "run.py"
    script.write_text(SCORE)
    peaks_mb = []
    for count in (1_000, 30_000):
        samples = (sample(n, error="timeout", messages=[{"x": "y" * 900}]) for n in range(count))
        command = [sys.executable, str(script), written(tmp_path / "s.jsonl", samples), "1"]
        done = subprocess.run(command, cwd=released.root, capture_output=True, check=True)
        peaks_mb.append(int(done.stdout))

    small, large = peaks_mb
    assert large < small + 25
    assert large < 100


def children_of(pid: int) -> list[str]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return file.read().split()
