"""Write answers: first to the journal of a run, and at its end to the files of recordings."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from promptops.errors import InputError, UsageError, os_reason
from promptops.model.answer import Answer, Recording
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.plurals import counted
from promptops.records import field, record, replace
from promptops.repo.repository import Repository
from promptops.repo.worktree import WorkTree
from promptops.source.recording_files import ENDING, MAX_FILES, by_first, numbered
from promptops.source.recordings import (
    FEWER,
    MAX_BYTES,
    MAX_TOTAL_BYTES,
    Key,
    ReadRecordings,
    key_of,
    order_of,
    read_files,
    read_recordings,
    recordings_bytes,
    without_latency,
)
from promptops.storage.atomic import replace_whole, sync_folder, write_all
from promptops.storage.lock import locked
from promptops.testing.recordings.store import AnswerCache, RecordingRoots


@record(frozen=True, slots=True, kw_only=True)
class WrittenAnswers:
    """The result of writing the answers of a journal.

    Attributes:
        changed: The changed files of recordings.
        problems: Why a file could not be written; its answers stay in the journal.
        unreadable: Lines of the journal that a crash of the machine cut off.
    """

    changed: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    unreadable: int = 0


_NO_FOLDERS_ASIDE = RecordingRoots()


def write_journal(
    repository: Repository,
    needs: Mapping[str, Collection[NeededRecording]] | None = None,
    *,
    prune: bool = False,
    roots: RecordingRoots = _NO_FOLDERS_ASIDE,
) -> WrittenAnswers:
    """Write the answers of the journal to the files of recordings and to the cache.

    Called without needs at the start of a recording run, for answers that an earlier run left, and
    with needs at its end, so that answers replace earlier ones. If the prompt is not in this work
    tree, after a change of branches, its answers go to the cache only.

    Args:
        needs: By the first file of recordings (`Store.first_file`), all that was looked up.
        prune: Of the files in `needs` remove what was not; only after a run of all their cases. A
            file aside with empty needs is removed, also if its prompt no longer exists.
        roots: The folders of recordings aside; answers for other folders go to the cache only.

    Raises:
        InputError: The journal can't be read or written, or another process holds it.
    """
    journal = Journal(repository)
    if not needs and not journal.pending:
        return WrittenAnswers()
    settling = _Settling(repository, needs or {}, prune, roots)
    journal.hand_over(settling.keep)
    return WrittenAnswers(
        changed=tuple(settling.changed),
        problems=tuple(settling.problems),
        unreadable=settling.unreadable,
    )


@record(slots=True)
class _Settling:
    repository: Repository
    needs: Mapping[str, Collection[NeededRecording]]
    prune: bool
    roots: RecordingRoots
    changed: dict[str, None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unreadable: int = 0
    _folders: dict[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    def keep(self, found: JournalContent) -> Iterator[JournalEntry]:
        """Write all files; yields the entries that are not in a file."""
        self.unreadable = found.unreadable
        new: dict[str, list[JournalEntry]] = {file: [] for file in self.needs}
        for entry in found.entries:
            new.setdefault(entry.file, []).append(entry)
        given = ((entry.endpoint, entry.recording) for entry in found.entries)
        AnswerCache(self.repository.common_dir).keep(given)
        for file in sorted(new):
            problem = self._write(file, [entry.recording for entry in new[file]])
            if problem is not None:
                self.problems.append(problem)
                yield from new[file]

    def _write(self, file: str, new: Sequence[Recording]) -> Problem | None:
        """Why a file can't be written; None if all are written or unchanged."""
        try:
            found = self.roots.has_prompt(self.repository.root, file)
            return self._merge(file, new) if found or self._is_left(file, new) else None
        except InputError as error:
            return _recordings_problem(error.where or file, error.message, error.hint)
        except OSError as error:
            hint = "check the permissions and the free disk space"
            return _recordings_problem(
                file, f"the recordings can't be written: {os_reason(error)}", hint
            )

    def _is_left(self, file: str, new: Sequence[Recording]) -> bool:
        """Whether a file aside, of a prompt that was removed, is to be pruned."""
        return self.prune and not new and file in self.needs and self.roots.are_aside(file)

    def _merge(self, file: str, new: Sequence[Recording]) -> Problem | None:
        old = self._contents(file)
        found = read_files(old)
        if found.problems:  # unreadable lines would be lost
            return found.problems[0]
        if not self.roots.are_aside(file):
            found = replace(found, recordings=tuple(map(without_latency, found.recordings)))
            new = tuple(map(without_latency, new))
        prune = self.prune and file in self.needs
        remaining = merge_recordings(found.recordings, new, self.needs.get(file, ()), prune=prune)
        for path, content in _steps(file, old, found, remaining):
            if content != old.get(path, b""):
                _replace_file(self.repository.root / path, content)
                old[path] = content
                self.changed[path] = None
        return None

    def _contents(self, file: str) -> dict[str, bytes]:
        """The files that begin with `file` in the work tree, in order.

        Raises InputError for a path that is not a file or outside the repository.
        """
        disk = WorkTree(self.repository.root, self.repository.object_format)
        if not file.endswith(ENDING) or not disk.holds(file):
            raise InputError("the path of the recordings is outside the repository")
        folder, slash, _ = file.rpartition("/")
        found = {path: disk.read(path) for path in self._files_in(f"{folder}{slash}").get(file, ())}
        for path, content in found.items():
            if content is None:
                hint = "move that file away"
                raise InputError("the recordings are not a regular file", where=path, hint=hint)
        return {path: content for path, content in found.items() if content is not None}

    def _files_in(self, folder: str) -> Mapping[str, tuple[str, ...]]:
        """All files of recordings in a folder, by the first file."""
        if folder not in self._folders:
            try:
                names = os.listdir(self.repository.root / folder)
            except FileNotFoundError:  # the first answers of an arm
                names = []
            self._folders[folder] = by_first(f"{folder}{name}" for name in names)
        return self._folders[folder]


def with_answers(
    first: str,
    files: Mapping[str, bytes],
    new: Iterable[Recording],
    needs: Collection[NeededRecording],
) -> dict[str, bytes]:
    """The files of recordings next to a prompt, with more answers, as a recording run writes them.

    Args:
        first: The path of the first file, whether or not it exists.
        files: The content of the existing files, by path, in order.
        needs: All that the cases of the prompt need.

    Raises InputError if a file can't be read, or would be too large.
    """
    found = read_files(files)
    for problem in found.problems:  # unreadable lines would be lost
        raise InputError(problem.message, where=str(problem.at), hint=problem.hint)
    found = replace(found, recordings=tuple(map(without_latency, found.recordings)))
    remaining = merge_recordings(found.recordings, map(without_latency, new), needs)
    return {**files, **dict(_steps(first, files, found, remaining))}


def _steps(
    first: str, files: Iterable[str], found: ReadRecordings, remaining: Iterable[Recording]
) -> Iterator[tuple[str, bytes]]:
    after = split_recordings(first, found, remaining)
    return write_steps(found, {**dict.fromkeys(files, ()), **after})


def _replace_file(file: Path, content: bytes) -> None:
    if content:
        file.parent.mkdir(parents=True, exist_ok=True)
        # The name is always the same, so that the next run replaces what a crash left.
        replace_whole(file, content, file.with_name(f".{file.name}.new"))
    else:
        file.unlink()
        sync_folder(file.parent)


def _recordings_problem(file: str, message: str, hint: str | None) -> Problem:
    return Problem(message, at=Place(file), hint=hint, code="SCH001")


# The journal of a run: each answer is on disk before the run continues, so a crash loses none.


@record(frozen=True, slots=True)
class JournalEntry:
    """An answer, and its file of recordings, relative to the root.

    Attributes:
        endpoint: The digest of the endpoint that gave it; "" for the result of a function.
    """

    file: str
    recording: Recording
    endpoint: str = ""


@record(frozen=True, slots=True)
class JournalContent:
    """The entries of a journal, oldest first.

    Attributes:
        unreadable: The number of lines that a crash of the machine cut off.
    """

    entries: tuple[JournalEntry, ...]
    unreadable: int = 0


class Journal:
    """The journal of one work tree; any number of runs may add to it at once.

    A line is a JSON list of the path of a file of recordings and the digest of an endpoint, a tab,
    and a line of that file.
    """

    def __init__(self, repository: Repository) -> None:
        """Raises GitError if there is no work tree."""
        repository.need_work_tree()
        linked = repository.git_dir != repository.common_dir
        name = f"worktree-{repository.git_dir.name}" if linked else "main"
        self._file = repository.common_dir / "promptops" / "journal" / f"{name}.jsonl"

    @property
    def pending(self) -> bool:
        """Whether there are answers that are not in a file yet."""
        try:
            return self._file.stat().st_size > 0
        except OSError:
            return False

    def append(self, file: str, recording: Recording, endpoint: str = "") -> Problem | None:
        """Write an answer to disk; returns why it may not be recorded, or None.

        Raises InputError if it can't be written.
        """
        from promptops.testing.recordings.screening import recording_refusal

        problem = recording_refusal(file, recording)
        if problem is None:
            with self._locked():
                entry = JournalEntry(file, recording, endpoint)
                _append_line(self._file, _journal_line(entry))
        return problem

    def hand_over(self, keep: Callable[[JournalContent], Iterable[JournalEntry]]) -> None:
        """Pass all entries to `keep` under the lock; the entries that it returns stay here.

        All of them stay if it raises or the process dies. Raises InputError.
        """
        with self._locked():
            found = _read_journal(self._file)
            left = b"".join(_journal_line(entry) for entry in keep(found))
            if left:
                replace_whole(self._file, left, self._file.with_suffix(".new"))
            else:
                self._file.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with locked(self._file.with_suffix(".lock")):
                yield
        except OSError as error:
            message = f"the journal of answers can't be written: {os_reason(error)}"
            hint = "check the permissions and the free disk space"
            raise InputError(message, where=str(self._file), hint=hint) from None


def _append_line(file: Path, line: bytes) -> None:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    number = os.open(file, flags, 0o666)
    try:
        size = os.fstat(number).st_size
        torn = size > 0 and os.pread(number, 1, size - 1) != b"\n"
        try:
            write_all(number, b"\n" * torn + line)
        except OSError:  # the disk is full: remove the incomplete line
            with suppress(OSError):
                os.ftruncate(number, size)
            raise
        os.fsync(number)
    finally:
        os.close(number)


def _journal_line(entry: JournalEntry) -> bytes:
    head = json.dumps([entry.file, entry.endpoint]).encode()
    return head + b"\t" + recordings_bytes((entry.recording,))


def _read_journal(file: Path) -> JournalContent:
    try:
        rows = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        return JournalContent(())
    entries = [_journal_entry(row) for row in rows if row]
    found = tuple(entry for entry in entries if entry is not None)
    return JournalContent(found, unreadable=len(entries) - len(found))


def _journal_entry(row: bytes) -> JournalEntry | None:
    """The entry of a line; None if it was cut off. A missing line end is accepted."""
    head, _, line = row.partition(b"\t")
    recordings = read_recordings("", line).recordings
    try:
        read = json.loads(head)
    except ValueError:
        return None
    # An earlier version wrote only the path.
    file, endpoint = read if isinstance(read, list) and len(read) == 2 else (read, "")
    if not (recordings and isinstance(file, str) and isinstance(endpoint, str)):
        return None
    return JournalEntry(file, recordings[0], endpoint)


# Merge old and new recordings after a run.


@record(frozen=True, slots=True, kw_only=True)
class NeededRecording:
    """A recording that a run looked up for a case; see `Recording` for the names.

    Attributes:
        replaces: It replaces others with the same case, judge and repeat. A turn only does if all
            cases ran: another case may begin with the same turns.
        begun: It is a turn of a conversation that did not end. Then an answer that is recorded
            stays, because the turns after it belong to it.
    """

    case: str
    request: str
    repeat: int
    judge: str = ""
    replaces: bool = True
    begun: bool = False

    @property
    def key(self) -> Key:
        return self.request, self.repeat, self.judge


def merge_recordings(
    old: Iterable[Recording],
    new: Iterable[Recording],
    needs: Collection[NeededRecording] = (),
    *,
    prune: bool = False,
) -> tuple[Recording, ...]:
    """Old and new recordings, one for each request, repeat and judge: the last.

    Needed recordings stay, and replace others with the same case, judge and repeat, which belong
    to an earlier wording. A case may send several requests to one judge, so without needs nothing
    can be replaced. With `prune` only needed recordings stay.
    """
    begun = {need.key for need in needs if need.begun}
    known = {key_of(recording): recording for recording in old}
    later = (each for each in new if not (key_of(each) in begun and key_of(each) in known))
    remaining = {**known, **{key_of(recording): recording for recording in later}}
    asked_by: dict[Key, set[str]] = {}
    for need in needs:
        asked_by.setdefault(need.key, set()).add(need.case)
    slots = {
        (need.case, need.judge, need.repeat)
        for need in needs
        if need.replaces and need.key in remaining
    }
    return tuple(
        _with_current_name(recording, asked_by.get(key, ()))
        for key, recording in remaining.items()
        if key in asked_by
        or not (prune or (recording.case, recording.judge, recording.repeat) in slots)
    )


def _with_current_name(recording: Recording, cases: Collection[str]) -> Recording:
    """The recording, with the current name of its case."""
    if not cases or recording.case in cases:
        return recording
    return replace(recording, case=min(cases))


# Distribute the recordings of a prompt over files.

FULL_BYTES = MAX_BYTES // 2
"""A file that would be larger gets no further answers. If two branches each add answers to a file,
the merged file is still not larger than MAX_BYTES."""

RecordingsByFile = Mapping[str, tuple[Recording, ...]]
"""Recordings by the path of their file."""


def split_recordings(
    first: str, before: ReadRecordings, after: Iterable[Recording]
) -> RecordingsByFile:
    """Distribute recordings over the files that begin with `first`; a file may end up empty.

    A recording stays in its file. A new answer goes to the file of the one that it replaces, or, if
    that is full or it replaces none, to the first file with room. Nothing else moves, so that one
    more answer changes one file.

    Raises:
        InputError: A file, or all of them together, would be larger than can be read.
    """
    home = _home(before)
    known = {key_of(recording): recording.answer for recording in before.recordings}
    files = _RecordingFiles(first)
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


def write_steps(before: ReadRecordings, after: RecordingsByFile) -> Iterator[tuple[str, bytes]]:
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
class _RecordingFiles:
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


# Whether the recordings of a run will fit, before it requests answers.

SAMPLE_SIZE = 20
"""The number of recordings needed to estimate the length of further answers."""

_MANY_ANSWERS = MAX_TOTAL_BYTES // 2_000
"""The number of answers from which recordings may be too large: 2,000 bytes on average are rare."""


def needs_sample(recorded: Collection[Recording], missing: Collection[NeededRecording]) -> bool:
    """Whether a sample of answers is needed to know whether all of them will fit."""
    return len(missing) >= _MANY_ANSWERS and len(recorded) < SAMPLE_SIZE


def refuse_overfull(
    file: str,
    recorded: Collection[Recording],
    needs: Iterable[NeededRecording],
    missing: Collection[NeededRecording],
) -> None:
    """Raise UsageError if the recordings of a run would be too large.

    A missing answer counts as empty, or, with at least SAMPLE_SIZE recordings, as long as the
    average.

    Args:
        file: The first file of the recordings, for the message.
        recorded: The recordings, and the answers of the run so far.
        needs: All recordings that the run looked up.
        missing: Those that the run will request.
    """
    missing_keys = {need.key for need in missing}
    needed_keys = {need.key for need in needs} - missing_keys
    remaining = [recording for recording in recorded if key_of(recording) in needed_keys]
    size = len(recordings_bytes(remaining)) + len(
        recordings_bytes(map(_empty_recording, _without_duplicates(missing)))
    )
    if len(recorded) >= SAMPLE_SIZE:
        size += len(missing_keys) * _mean_answer_bytes(recorded)
    if size > MAX_TOTAL_BYTES:
        number = len(remaining) + len(missing_keys)
        answers = counted(number, "answer")
        message = f"{answers} would exceed the limit of {MAX_TOTAL_BYTES >> 20} MB"
        raise UsageError(message, where=file, hint=FEWER)


def _without_duplicates(needs: Iterable[NeededRecording]) -> Iterable[NeededRecording]:
    """Cases with the same request share one recording."""
    found: dict[Key, NeededRecording] = {need.key: need for need in needs}
    return found.values()


def _empty_recording(need: NeededRecording) -> Recording:
    return Recording(
        request=need.request,
        repeat=need.repeat,
        case=need.case,
        judge=need.judge,
        answer=Answer(text=""),
    )


def _mean_answer_bytes(recorded: Collection[Recording]) -> int:
    """Bytes of an average answer beyond an empty one, rounded down."""
    needs = [
        NeededRecording(case=r.case, request=r.request, repeat=r.repeat, judge=r.judge)
        for r in recorded
    ]
    empty = len(recordings_bytes(map(_empty_recording, needs)))
    return (len(recordings_bytes(recorded)) - empty) // len(recorded)
