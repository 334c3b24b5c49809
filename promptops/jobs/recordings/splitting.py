"""Distribute the recordings of a prompt over files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from promptops.errors import InputError
from promptops.model.answer import Recording
from promptops.records import field, record
from promptops.source.recording_files import MAX_FILES, numbered
from promptops.source.recordings import (
    FEWER,
    MAX_BYTES,
    MAX_TOTAL_BYTES,
    Key,
    ReadRecordings,
    key_of,
    order_of,
    recordings_bytes,
)

FULL_BYTES = MAX_BYTES // 2
"""A file that would be larger gets no further answers. If two branches each add answers to a file,
the merged file is still not larger than MAX_BYTES."""

Parts = Mapping[str, tuple[Recording, ...]]
"""Recordings by the path of their file."""


def split_recordings(first: str, before: ReadRecordings, after: Iterable[Recording]) -> Parts:
    """Distribute recordings over the files that begin with `first`; a file may end up empty.

    A recording stays in its file. A new answer goes to the file of the one that it replaces, or, if
    that is full or it replaces none, to the first file with room. Nothing else moves, so that one
    more answer changes one file.

    Raises:
        InputError: A file, or all of them together, would be larger than can be read.
    """
    home = _home(before)
    known = {key_of(recording): recording.answer for recording in before.recordings}
    files = _Files(first)
    new = []
    for recording in after:
        if known.get(key_of(recording)) == recording.answer:
            files.put(home[key_of(recording)], recording)
        else:
            new.append(recording)
    for recording in sorted(
        new, key=lambda recording: (_home_of(recording, home) is None, order_of(recording))
    ):
        files.add(recording, _home_of(recording, home))
    files.refuse_overfull()
    return {path: tuple(files.recordings.get(path, ())) for path in {*home.values(), *files.sizes}}


def write_steps(before: ReadRecordings, after: Parts) -> Iterator[tuple[str, bytes]]:
    """The contents to write, by path, in order; b"" for a file to remove.

    A recording is removed from its old file before it is added to another one, so that none is
    recorded twice if the process dies in between.
    """
    was = {
        key_of(recording): at.path
        for recording, at in zip(before.recordings, before.places, strict=True)
    }
    moved = {
        key_of(recording)
        for path, recordings in after.items()
        for recording in recordings
        if was.get(key_of(recording), path) != path
    }
    for path in sorted({was[key] for key in moved}):
        left = (
            recording
            for recording in before.recordings
            if was[key_of(recording)] == path and key_of(recording) not in moved
        )
        yield path, recordings_bytes(left)
    for path in sorted(after):
        yield path, recordings_bytes(after[path])


_Slot = tuple[str, str, int]
"""Case, judge and repeat: a new answer with the same ones replaces the old one."""


def _home(before: ReadRecordings) -> dict[Key | _Slot, str]:
    """The file of each recording and of each slot."""
    found: dict[Key | _Slot, str] = {}
    for recording, place in zip(before.recordings, before.places, strict=True):
        found[key_of(recording)] = place.path
        found.setdefault(_slot(recording), place.path)
    return found


def _home_of(recording: Recording, home: Mapping[Key | _Slot, str]) -> str | None:
    return home.get(key_of(recording)) or home.get(_slot(recording))


def _slot(recording: Recording) -> _Slot:
    return recording.case, recording.judge, recording.repeat


@record(slots=True)
class _Files:
    first: str
    recordings: dict[str, list[Recording]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def put(self, path: str, recording: Recording) -> None:
        self.recordings.setdefault(path, []).append(recording)
        self.sizes[path] = self.sizes.get(path, 0) + len(recordings_bytes((recording,)))

    def add(self, recording: Recording, home: str | None) -> None:
        """Add a recording to `home` if there is room, else to the first file with room."""
        size = len(recordings_bytes((recording,)))
        paths = (numbered(self.first, number) for number in range(1, MAX_FILES + 1))
        if home is not None and self._has_room(home, size):
            self.put(home, recording)
            return
        path = next((candidate for candidate in paths if self._has_room(candidate, size)), None)
        if path is None:
            raise _overfull(self.first, f"there would be more than {MAX_FILES} files")
        self.put(path, recording)

    def _has_room(self, path: str, size: int) -> bool:
        present = self.sizes.get(path, 0)
        return not present or present + size <= FULL_BYTES

    def refuse_overfull(self) -> None:
        """Raises InputError."""
        if sum(self.sizes.values()) > MAX_TOTAL_BYTES:
            raise _overfull(self.first, f"they would be larger than {MAX_TOTAL_BYTES >> 20} MB")
        for path, size in self.sizes.items():
            if size > MAX_BYTES:  # only possible if names of cases grew in a full file
                raise _overfull(path, f"the file would be larger than {MAX_BYTES >> 20} MB")


def _overfull(path: str, reason: str) -> InputError:
    return InputError(f"the recordings can't be written: {reason}", where=path, hint=FEWER)
