"""The files that an import reads: those below the sources that can be prompts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from promptops.commands.import_.name_globs import NameGlobs
from promptops.errors import InputError
from promptops.formats.source_file import SourceFolder
from promptops.model.imported import LeftOut
from promptops.records import record
from promptops.workspace.workspace import Workspace

MAX_FILES = 5_000

_SKIPPED_FOLDERS = frozenset(
    str.split("node_modules vendor third_party dist build __pycache__ venv env site-packages")
)
_INTERNAL = (".git", ".promptops")
"""Hidden folders that are not listed as left out."""
_DOCUMENTATION = frozenset(str.split("readme license licence changelog contributing"))
_SETTINGS = frozenset(str.split("promptops promptops-baseline"))
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
        left_out: The files and folders that are not read.
    """

    shown: str
    folder: SourceFolder
    paths: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()


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
    found, left_out = list[str](), list[LeftOut]()
    folder = SourceFolder(place, place.as_posix())
    for name, unread in _files(place):
        reason = unread or _skipped(name) or _own(is_prompt, place / name) or globs.refusal(name)
        if reason is None:
            found.append(name)
        else:
            left_out.append(LeftOut(path=folder.path_shown(name), reason=reason))
        if len(found) > MAX_FILES:
            raise _too_many(str(place))
    return Source(shown=str(place), folder=folder, paths=tuple(found), left_out=tuple(left_out))


def _too_many(path: str) -> InputError:
    hint = "import its folders one by one, or use --select"
    return InputError(f"there are more than {MAX_FILES:,} files", where=path, hint=hint)


def _files(root: Path) -> Iterator[tuple[str, str | None]]:
    """The paths of all files below a folder, sorted; with a reason those that are not read.

    The files of a folder that is not read are not listed: its path ends with a slash.
    """
    for folder, folders, names in os.walk(root):
        reasons = {name: _unread_folder(folder, name) for name in sorted(folders)}
        folders[:] = [name for name, reason in reasons.items() if reason is None]
        inside = Path(folder).relative_to(root)
        for name, reason in reasons.items():
            if reason is not None and name not in _INTERNAL:
                yield f"{(inside / name).as_posix()}/", reason
        for name in sorted(names):
            yield (inside / name).as_posix(), _unread_entry(folder, name)


def _unread_folder(folder: str, name: str) -> str | None:
    if name in _SKIPPED_FOLDERS:
        return "dependencies or build output"
    return _unread_entry(folder, name)


def _unread_entry(folder: str, name: str) -> str | None:
    if name[0] == ".":
        return "hidden"
    return "symbolic link" if os.path.islink(os.path.join(folder, name)) else None


def _skipped(path: str) -> str | None:
    """Why the name of a file is not that of a prompt, or None."""
    name = path.rpartition("/")[2].lower()
    stem = name.partition(".")[0]
    if stem in _DOCUMENTATION:
        return "documentation"
    if stem in _SETTINGS:
        return "configuration of promptops"
    return "binary or lock file" if os.path.splitext(name)[1] in _BINARY else None


def _own(is_prompt: IsPrompt, path: Path) -> str | None:
    return "used by a prompt of this repository" if is_prompt(path) else None


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
