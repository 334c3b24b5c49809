"""The files of a cache that were used longest ago are removed first."""

from __future__ import annotations

import os
from pathlib import Path

from promptops.storage.eviction import (
    ABANDONED_S,
    all_but_newest,
    evict_to_count,
    evict_to_size,
    statuses,
    stored_files,
)


def files(folder: Path, number: int) -> list[Path]:
    """Files of ten bytes, the oldest first."""
    made = [folder / str(index % 2) / f"{index}" for index in range(number)]
    for age, file in enumerate(reversed(made), 1):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"0123456789")
        os.utime(file, (1_000_000_000 - age,) * 2)
    return made


def size(status: os.stat_result) -> int:
    return status.st_size


def test_a_cache_that_fits_stays_as_it_is(tmp_path: Path) -> None:
    made = files(tmp_path, 4)

    evict_to_size(tmp_path, 40, size)

    assert sorted(path for path, _ in stored_files(tmp_path)) == sorted(made)


def test_the_oldest_files_go_until_three_quarters_of_the_limit_are_left(tmp_path: Path) -> None:
    made = files(tmp_path, 5)

    evict_to_size(tmp_path, 40, size)

    assert sorted(path for path, _ in stored_files(tmp_path)) == sorted(made[2:])


def test_the_file_that_was_just_written_is_spared(tmp_path: Path) -> None:
    made = files(tmp_path, 2)

    evict_to_size(tmp_path, 10, size, spared=made[0])

    assert [path for path, _ in stored_files(tmp_path)] == [made[0]]


def test_only_the_newest_files_stay(tmp_path: Path) -> None:
    made = files(tmp_path, 5)

    assert all_but_newest(statuses(made), 2) == made[2::-1]
    evict_to_count(statuses(made), 2)

    assert sorted(path for path, _ in stored_files(tmp_path)) == sorted(made[3:])


def test_an_abandoned_temporary_file_is_removed_and_a_new_one_is_not(tmp_path: Path) -> None:
    old, new = tmp_path / "a.part", tmp_path / "b.part"
    for file in (old, new):
        file.write_bytes(b"")
    seconds = new.stat().st_mtime - 2 * ABANDONED_S
    os.utime(old, (seconds, seconds))

    assert stored_files(tmp_path) == []
    assert list(tmp_path.iterdir()) == [new]
