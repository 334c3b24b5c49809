"""Files that are replaced as a whole, or stay as they were."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from promptops.storage.atomic import keep, replace_private, replace_whole


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"old")
    file.chmod(0o640)

    replace_whole(file, b"new", tmp_path / "temporary")

    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"new", 0o640)
    assert list(tmp_path.iterdir()) == [file]


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
