"""Write the files of an export; existing files are never overwritten."""

from __future__ import annotations

from pathlib import Path

from promptops.formats.exported import ExportedFile
from promptops.jobs.setup.new_files import create_file, existing_content
from promptops.model.exported import FileState, WrittenFile


def differs(folder: Path, file: ExportedFile) -> bool:
    """Whether the file exists with another content."""
    return existing_content(folder / file.path) not in (None, file.text.encode())


def written(folder: Path, file: ExportedFile, instead: FileState | None) -> WrittenFile:
    """The file with what became of it; a new one is written, or has the state `instead`.

    Raises InputError if it can't be created.
    """
    existing = existing_content(folder / file.path)
    if existing is not None:
        state: FileState = "same" if existing == file.text.encode() else "refused"
    elif instead is not None:
        state = instead
    else:
        create_file(folder, file.path, file.text)
        state = "written"
    return WrittenFile(path=str(folder / file.path), state=state)
