"""Samples with equal ids count once: the first one, in any order of the parts."""

from __future__ import annotations

import json
import subprocess
import sys
from array import array
from pathlib import Path
from random import Random

import pytest

from promptops.commands.score.picked_samples import ids_of, without_repeated
from promptops.model.score import Part, Sample
from tests.commands.score.released_prompts import make, sample, scored, written

LONG = json.dumps({"reply": "It is on its way, and it arrives tomorrow morning."})
MEMORY = """\
from array import array
from pathlib import Path
from promptops.commands.score.picked_samples import without_repeated
from promptops.model.score import Part

def part(number):
    return Part(path="a", location="a", format="json", start=number, end=number + 1)

def ids(number):
    return array("q", ((number * 20_000 + index) * 7_919 % 2**61 for index in range(20_000)))

def peak_mb():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024

parts = [part(number) for number in range(100)]
before = peak_mb()
found = list(without_repeated(parts, ((part(number), ids(number)) for number in range(100))))
assert found == parts
print(peak_mb() - before)
"""


@pytest.fixture
def released(prepared):
    return prepared(make)


def part(number: int, **values: object) -> Part:
    named = {"path": "a", "location": "a", "format": "json", "start": number, "end": number + 1}
    return Part(**{**named, **values})


def test_of_equal_ids_the_first_in_the_order_of_the_parts_counts():
    parts = [part(0), part(1), part(1), part(2)]  # the second file is named twice
    ids = [(part(0), [1, 2, 1]), (part(1), [3, 2]), (part(1), [3, 2]), (part(2), [4, 5, 1, 5])]

    for seed in range(5):
        shuffled = Random(seed).sample(ids, len(ids))
        found = without_repeated(parts, ((each, array("q", known)) for each, known in shuffled))

        assert [each.repeated for each in found] == [(2,), (1,), (0, 1), (2, 3)]


def test_samples_without_an_id_are_never_equal_unless_their_file_is_named_twice():
    alone = [Sample(id="a.jsonl:0", path="a.jsonl", offset=0) for _ in range(2)]
    same = [Sample(id="x", path="a.jsonl", offset=0) for _ in range(2)]
    first, second = (part(0, path=f"{name}/a.jsonl", location=f"{name}/a.jsonl") for name in "bc")

    ids = [*ids_of(alone, first), *ids_of(alone, second), *ids_of(same, first)]

    assert len(set(ids)) == 5
    assert ids_of(alone, first) == ids_of(alone, first)
    assert max(ids) < 2**63


def test_equal_ids_count_once_across_files_and_the_rest_are_reported(released, tmp_path):
    first = written(tmp_path / "1.jsonl", [sample(1), sample(2), sample(1, output=LONG)])
    second = written(
        tmp_path / "2.jsonl", [sample(2, output=LONG), sample(3), sample(4, prompt="aks")]
    )

    found = scored(released, [first, second], by=("prompt",))
    reverse = scored(released, [second, first], by=("prompt",))
    twice = scored(released, [first, second, first], by=("prompt",))

    assert [(each.samples.read, each.samples.repeated) for each in (found, reverse, twice)] == [
        (6, 2),
        (6, 2),
        (9, 5),
    ]
    assert [each.samples.scored for each in (found, reverse, twice)] == [3, 3, 3]
    assert [each.samples.sampled for each in (found, reverse, twice)] == [4, 4, 4]
    assert [each.groups[0].contracts.count for each in (found, reverse, twice)] == [3, 2, 3]


def test_files_of_the_same_name_without_ids_count_all_their_samples(released, tmp_path):
    files = []
    for name in ("monday", "tuesday"):
        (tmp_path / name).mkdir()
        lines = [{**sample(number), "id": None} for number in range(3)]
        files.append(written(tmp_path / name / "app.jsonl", lines))

    found = scored(released, files, by=("prompt",))
    twice = scored(released, [files[0], files[0]], by=("prompt",))

    assert (found.samples.repeated, found.samples.scored) == (0, 6)
    assert (twice.samples.repeated, twice.samples.scored) == (3, 3)


@pytest.mark.slow
def test_two_processes_find_the_same_repeated_ids_as_one(released, tmp_path):
    draw = Random(1)
    samples = [
        sample(draw.randrange(15_000), conversation=f"c{n // 4}", latency_s=n % 7 / 3)
        for n in range(30_000)
    ]
    files = [written(tmp_path / f"{n}.jsonl", samples[n::2]) for n in range(2)]
    events: tuple[list[bytes], list[bytes]] = [], []

    one, two = (
        scored(
            released,
            files,
            processes=number,
            failures=5,
            events=True,
            on_events=events[number - 1].append,
        )
        for number in (1, 2)
    )

    assert one == two
    assert b"".join(events[0]) == b"".join(events[1])
    ids = len({each["id"] for each in samples})
    assert (one.samples.scored, one.samples.repeated) == (ids, 30_000 - ids)


@pytest.mark.slow
def test_the_ids_of_two_million_samples_are_kept_in_little_memory(tmp_path: Path):
    script = tmp_path / "run.py"
    script.write_text(MEMORY)

    done = subprocess.run([sys.executable, str(script)], capture_output=True, check=True)

    assert int(done.stdout) < 40
