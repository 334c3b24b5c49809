"""Where nights are kept: git notes on the tags of releases, or a file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from promptops.errors import InputError, os_reason
from promptops.jobs.drifting.night_lines import ReadNights, read_nights, with_nights
from promptops.model.night import NOTES_REF, Night
from promptops.records import record
from promptops.repo.notes import Notes
from promptops.repo.repository import Repository
from promptops.storage.atomic import check_replaceable, part_of, replace_whole
from promptops.storage.lock import locked

REF = NOTES_REF


class History(Protocol):
    """The nights of all releases. Lines that can't be read are reported, and stay as they are."""

    @property
    def name(self) -> str:
        """The name of the place, for reports."""

    def read(self) -> ReadNights:
        """All nights, before any request is sent.

        Raises GitError or InputError if the history can't be opened, or could not be written.
        """

    def add(self, nights: Sequence[Night], tag: str) -> None:
        """Add the nights of one run; `tag` is the id of the release's tag object."""


@record(frozen=True, slots=True)
class NotesHistory:
    """Notes on the tag objects of releases; they need no branch and no commit."""

    repository: Repository

    @property
    def name(self) -> str:
        return REF

    @property
    def notes(self) -> Notes:
        return Notes(self.repository, REF)

    def read(self) -> ReadNights:
        return _read(self.notes.read())

    def add(self, nights: Sequence[Night], tag: str) -> None:
        with _lock(self.repository):
            self.notes.write({tag: with_nights(self.notes.find(tag), nights)})


@record(frozen=True, slots=True)
class FileHistory:
    """A file of nights; it is replaced as a whole."""

    repository: Repository
    path: Path

    @property
    def name(self) -> str:
        return str(self.path)

    def read(self) -> ReadNights:
        found = _read({self.name: self._data()})
        if found.problems and not found.nights:
            first = found.problems[0]
            message = f"it is not a history of nights: {first.message}"
            hint = "name a file that `promptops drift` wrote, or a new one"
            raise InputError(message, where=str(first.place), hint=hint)
        try:
            check_replaceable(self.path)
        except OSError as error:
            raise _unwritable(self.path, error) from None
        return found

    def add(self, nights: Sequence[Night], tag: str) -> None:
        with _lock(self.repository):
            data = with_nights(self._data(), nights)
            try:
                replace_whole(self.path, data, part_of(self.path))
            except OSError as error:
                raise _unwritable(self.path, error) from None

    def _data(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""  # the first night creates it
        except OSError as error:
            message = f"the history can't be read: {os_reason(error)}"
            raise InputError(message, where=self.name, hint="name another file") from None


def _read(files: Mapping[str, bytes]) -> ReadNights:
    """The nights of several files, oldest first; equal ones once."""
    found = [read_nights(path, data) for path, data in files.items()]
    nights = dict.fromkeys(night for each in found for night in each.nights)
    ordered = sorted(nights, key=lambda night: (night.at, night.prompt))
    return ReadNights(tuple(ordered), tuple(p for each in found for p in each.problems))


@contextmanager
def _lock(repository: Repository) -> Iterator[None]:
    """Runs on one machine write one after the other."""
    folder = repository.common_dir / "promptops"
    try:
        os.makedirs(folder, exist_ok=True)
        with locked(folder / "drift.lock", work="writing nights"):
            yield
    except OSError as error:
        raise _unwritable(folder, error) from None


def _unwritable(path: Path, error: OSError) -> InputError:
    message = f"the history can't be written: {os_reason(error)}"
    hint = "check the permissions and the free disk space, or name another file with --history"
    return InputError(message, where=str(path), hint=hint)
