"""Move answers from the journal to the files of recordings."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from promptops.errors import InputError, os_reason
from promptops.jobs.recordings.journal import Journal, JournalContent, JournalEntry
from promptops.jobs.recordings.merging import NeededRecording, merge_recordings
from promptops.jobs.recordings.roots import RecordingRoots
from promptops.jobs.recordings.splitting import split_recordings, write_steps
from promptops.jobs.recordings.store import AnswerCache
from promptops.model.answer import Recording
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.records import field, record, replace
from promptops.repo.repository import Repository
from promptops.repo.worktree import WorkTree
from promptops.source.recording_files import ENDING, by_first
from promptops.source.recordings import read_files, without_latency
from promptops.storage.atomic import replace_whole, sync_folder


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


_BESIDE = RecordingRoots()


def write_journal(
    repository: Repository,
    needs: Mapping[str, Collection[NeededRecording]] | None = None,
    *,
    prune: bool = False,
    roots: RecordingRoots = _BESIDE,
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
        new: dict[str, list[Recording]] = {file: [] for file in self.needs}
        for entry in found.entries:
            new.setdefault(entry.file, []).append(entry.recording)
        AnswerCache(self.repository.common_dir).keep(entry.recording for entry in found.entries)
        for file in sorted(new):
            problem = self._write(file, new[file])
            if problem is not None:
                self.problems.append(problem)
                yield from (JournalEntry(file, recording) for recording in new[file])

    def _write(self, file: str, new: Sequence[Recording]) -> Problem | None:
        """Why a file can't be written; None if all are written or unchanged."""
        try:
            found = self.roots.has_prompt(self.repository.root, file)
            return self._merge(file, new) if found or self._is_left(file, new) else None
        except InputError as error:
            return _problem(error.where or file, error.message, error.hint)
        except OSError as error:
            hint = "check the permissions and the free disk space"
            return _problem(file, f"the recordings can't be written: {os_reason(error)}", hint)

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
        for path, content in write_steps(
            found, {**dict.fromkeys(old, ()), **split_recordings(file, found, remaining)}
        ):
            if content != old.get(path, b""):
                _put(self.repository.root / path, content)
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


def _put(file: Path, content: bytes) -> None:
    if content:
        file.parent.mkdir(parents=True, exist_ok=True)
        # The name is always the same, so that the next run replaces what a crash left.
        replace_whole(file, content, file.with_name(f".{file.name}.new"))
    else:
        file.unlink()
        sync_folder(file.parent)


def _problem(file: str, message: str, hint: str | None) -> Problem:
    return Problem(message, at=Place(file), hint=hint, code="SCH001")
