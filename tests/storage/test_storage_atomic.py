"""Files that are replaced as a whole, or stay as they were."""

from __future__ import annotations

import os
import resource
import stat
from pathlib import Path

import pytest

from promptops.storage.atomic import create_whole, keep, replace_private, replace_whole


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"old")
    file.chmod(0o640)

    replace_whole(file, b"new", tmp_path / "temporary")

    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"new", 0o640)
    assert list(tmp_path.iterdir()) == [file]


def test_a_new_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            create_whole(tmp_path / "a", b"x" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    left = os.listdir(tmp_path)
    (tmp_path / ".a.new").write_bytes(b"of a killed process")

    create_whole(tmp_path / "a", b"whole")

    assert (left, os.listdir(tmp_path)) == ([], ["a"])
    assert (tmp_path / "a").read_bytes() == b"whole"


def test_an_existing_file_is_not_created_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"mine")

    with pytest.raises(FileExistsError):
        create_whole(tmp_path / "a", b"new")

    assert (os.listdir(tmp_path), (tmp_path / "a").read_bytes()) == (["a"], b"mine")


def test_a_private_file_is_readable_by_its_user_only(tmp_path: Path) -> None:
    file = tmp_path / "a"

    replace_private(file, b"new")

    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"new", 0o600)
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_can_t_be_replaced_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()

    with pytest.raises(OSError, match="directory"):
        replace_whole(folder, b"new", tmp_path / "temporary")
    keep(folder, b"new")

    assert list(tmp_path.iterdir()) == [folder]


def test_a_link_in_the_place_of_the_temporary_file_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"other")
    (tmp_path / "temporary").symlink_to(other)

    replace_whole(tmp_path / "a", b"new", tmp_path / "temporary")

    assert other.read_bytes() == b"other"


def test_a_cache_file_is_written_below_folders_that_do_not_exist_yet(tmp_path: Path) -> None:
    keep(tmp_path / "a" / "b", b"new")

    assert (tmp_path / "a" / "b").read_bytes() == b"new"
