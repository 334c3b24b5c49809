"""Which files of a SOURCE are read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from promptops.errors import InputError
from promptops.formats.source_file import SourceFolder
from promptops.records import record

MAX_FILES = 5_000

_SKIPPED_FOLDERS = frozenset(
    str.split("node_modules vendor third_party dist build __pycache__ venv env site-packages")
)
_SKIPPED_STEMS = frozenset(str.split("readme license licence changelog contributing"))
_BINARY = frozenset(
    str.split(
        ".png .jpg .jpeg .gif .webp .ico .pdf .zip .gz .tar .whl .so .dll .exe .pyc .woff .woff2"
        " .ttf .mp3 .mp4 .wav .parquet .sqlite .db .bin .onnx .safetensors .lock"
    )
)


@record(frozen=True, slots=True, kw_only=True)
class Source:
    """A file or a folder that the user named.

    Attributes:
        paths: Of the files to read, below the folder.
        alone: The user named one file, so that it is read whatever its name is.
        skipped: Number of files left out by their names.
    """

    folder: SourceFolder
    paths: tuple[str, ...]
    alone: bool
    skipped: int = 0


def source(path: str, select: Sequence[str], exclude: Sequence[str]) -> Source:
    """The files of a SOURCE. Raises InputError if there is none, or if there are too many."""
    place = Path(path)
    if place.is_file():
        folder = SourceFolder(place.parent, place.parent.as_posix(), alone=True)
        return Source(folder=folder, paths=(place.name,), alone=True)
    if not place.is_dir():
        raise InputError("there is no such file or folder", where=path)
    found, skipped = [], 0
    for name in _files(place):
        if _is_skipped(name):
            skipped += 1
        elif _is_selected(name, select, exclude):
            found.append(name)
        if len(found) > MAX_FILES:
            hint = "import its folders one by one, or use --select"
            raise InputError(f"there are more than {MAX_FILES:,} files", where=path, hint=hint)
    folder = SourceFolder(place, place.as_posix())
    return Source(folder=folder, paths=tuple(found), alone=False, skipped=skipped)


def _files(root: Path) -> Iterator[str]:
    """The paths of all files below a folder, sorted, without hidden ones and links."""
    for folder, folders, names in os.walk(root):
        kept = [name for name in folders if name[0] != "." and name not in _SKIPPED_FOLDERS]
        folders[:] = sorted(name for name in kept if not Path(folder, name).is_symlink())
        for name in sorted(names):
            file = Path(folder, name)
            if name[0] != "." and not file.is_symlink():
                yield file.relative_to(root).as_posix()


def _is_skipped(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    return name.partition(".")[0] in _SKIPPED_STEMS or os.path.splitext(name)[1] in _BINARY


def _is_selected(path: str, select: Sequence[str], exclude: Sequence[str]) -> bool:
    """By globs of source paths; a glob with `::` selects names inside of files."""
    wanted = [glob.partition("::")[0] for glob in select]
    refused = [glob for glob in exclude if "::" not in glob]
    chosen = not wanted or any(fnmatch(path, glob) for glob in wanted)
    return chosen and not any(fnmatch(path, glob) for glob in refused)
