"""The files that an import reads: those below the sources that can be prompts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from promptops.errors import InputError
from promptops.formats.source_file import SourceFolder
from promptops.jobs.importing.name_globs import NameGlobs
from promptops.jobs.workspace.workspace import Workspace
from promptops.records import record

MAX_FILES = 5_000

_SKIPPED_FOLDERS = frozenset(
    str.split("node_modules vendor third_party dist build __pycache__ venv env site-packages")
)
_SKIPPED_STEMS = frozenset(
    str.split("readme license licence changelog contributing promptops promptops-baseline")
)
_BINARY = frozenset(
    str.split(
        ".png .jpg .jpeg .gif .webp .ico .pdf .zip .gz .tar .whl .so .dll .exe .pyc .woff .woff2"
        " .ttf .mp3 .mp4 .wav .parquet .sqlite .db .bin .onnx .safetensors .lock"
    )
)

IsPrompt = Callable[[Path], bool]
"""Whether a file is a prompt file of promptops, or one that a prompt file uses."""


@record(frozen=True, slots=True, kw_only=True)
class Source:
    """A file or a folder that the user named.

    Attributes:
        shown: As the user named it.
        paths: Of the files to read, below the folder.
        skipped: Number of files left out by their names, or because a prompt has them already.
    """

    shown: str
    folder: SourceFolder
    paths: tuple[str, ...]
    skipped: int = 0


def sources(paths: Sequence[str], globs: NameGlobs, workspace: Workspace | None) -> list[Source]:
    """The files of all sources; of a workspace, not those of its prompts.

    Raises InputError for a source that does not exist or is a link, and for too many files.
    """
    is_prompt = _is_prompt(workspace) if workspace is not None else lambda _path: False
    found = [_source(path, globs, is_prompt) for path in paths]
    if sum(len(source.paths) for source in found) > MAX_FILES:
        raise _too_many(paths[0])
    return found


def _source(path: str, globs: NameGlobs, is_prompt: IsPrompt) -> Source:
    place = Path(path)
    if place.is_symlink():
        hint = f"name the file or folder itself: {os.path.realpath(path)}"
        raise InputError("a symbolic link is not followed", where=path, hint=hint)
    if place.is_file():
        folder = SourceFolder(place.parent, place.parent.as_posix(), alone=True)
        return Source(shown=path, folder=folder, paths=(place.name,))
    if not place.is_dir():
        raise InputError("there is no such file or folder", where=path)
    return _of_folder(place, globs, is_prompt)


def _of_folder(place: Path, globs: NameGlobs, is_prompt: IsPrompt) -> Source:
    found, skipped = list[str](), 0
    for name in _files(place):
        if _is_skipped(name) or is_prompt(place / name):
            skipped += 1
        elif globs.admit_path(name):
            found.append(name)
        if len(found) > MAX_FILES:
            raise _too_many(str(place))
    return Source(
        shown=str(place),
        folder=SourceFolder(place, place.as_posix()),
        paths=tuple(found),
        skipped=skipped,
    )


def _too_many(path: str) -> InputError:
    hint = "import its folders one by one, or use --select"
    return InputError(f"there are more than {MAX_FILES:,} files", where=path, hint=hint)


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


def _is_prompt(workspace: Workspace) -> IsPrompt:
    """The test for the files of the prompts of a workspace; they are listed once it is needed."""
    root = os.path.realpath(workspace.repository.root)
    roots = [os.path.normpath(os.path.join(root, name)) for name in workspace.config.prompts]
    known = set[str]()

    def is_prompt(path: Path) -> bool:
        real = os.path.realpath(path)
        if not any(real.startswith(f"{folder}{os.sep}") for folder in roots):
            return False
        if not known:
            known.update(os.path.join(root, *name.split("/")) for name in _own_files(workspace))
        return real in known

    return is_prompt


def _own_files(workspace: Workspace) -> Iterator[str]:
    for path in workspace.catalog.prompt_files:
        yield path
        yield from workspace.catalog.dependencies(path)
