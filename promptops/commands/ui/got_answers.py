"""Answers that the page got from models, recorded with the edits whose test cases need them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from threading import Lock

from promptops.catalog.catalog import Catalog
from promptops.commands.ui.editing import Edits, Reason
from promptops.errors import InputError
from promptops.model.answer import Answer, Recording
from promptops.model.prompt_run import PromptRun
from promptops.records import record
from promptops.source.recordings import Key, key_of, read_files, read_recordings
from promptops.testing.answering import need_of, recording_of, wanted_answers
from promptops.testing.plan import WantedAnswer, plan_cases
from promptops.testing.recordings.screening import recording_refusal
from promptops.testing.recordings.writing import with_answers

MOST_ANSWERS = 2_000
"""Answers that are remembered: a case may need many to one request."""


class GotAnswers:
    """The last answers that models gave, by the digest of the request; for any thread.

    Attributes:
        count: How often answers were added.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers: dict[str, tuple[Answer, ...]] = {}
        self.count = 0

    @property
    def are_none(self) -> bool:
        return not self._answers

    def add(self, run: PromptRun) -> None:
        """Remember the complete answers.

        A request contains the model and its parameters, so that a case gets only answers of the
        prompt's own model.
        """
        with self._lock:
            self.count += 1
            for each in run.answers:
                if each.answer is not None:
                    known = self._answers.pop(each.digest, ())
                    self._answers[each.digest] = (*known, each.answer)[-MOST_ANSWERS:]
            while sum(map(len, self._answers.values())) > MOST_ANSWERS:
                del self._answers[next(iter(self._answers))]

    def to(self, request: str, count: int) -> Sequence[Answer]:
        """The last answers to a request, oldest first: at most `count`."""
        with self._lock:
            return self._answers.get(request, ())[-count:]


Refusals = dict[tuple[str, str], str]
"""From the id of a prompt and the name of a case to the reason why its answer is not recorded."""


@record(frozen=True, slots=True, kw_only=True)
class LastCommit:
    """What a branch with the edits starts from, if the files on disk differ from it.

    Attributes:
        before: The last commit.
        after: The same with the edits.
    """

    before: Catalog
    after: Catalog


def record_answers(
    edits: Edits, catalog: Catalog, path: str, got: GotAnswers, commit: LastCommit | None = None
) -> Refusals:
    """Edit the recordings of a prompt file: add the answers that its test cases need.

    An answer to an earlier wording of the same case is replaced; an added answer that no case needs
    any more is removed. Recordings on disk that are not committed become an edit, too, if a branch
    with the edits needs them.

    Args:
        catalog: The files on disk, with the edits.
    """
    return _Recordings(edits, catalog, path, commit).record(got)


class _Recordings:
    """The recordings of one prompt file."""

    def __init__(
        self, edits: Edits, catalog: Catalog, path: str, commit: LastCommit | None
    ) -> None:
        self._edits = edits
        self._catalog = catalog
        self._path = path
        self._commit = commit
        for file in self._pending():
            if edits.is_outdated(file):  # another program recorded answers
                edits.forget(file)

    def _pending(self) -> list[str]:
        known = self._catalog.recording_files(self._path)
        return [file for file in known if file in self._edits.pending]

    def record(self, got: GotAnswers) -> Refusals:
        """Add answers; returns the reasons for those that can't be added."""
        on_branch = _wants(self._commit.after, self._path) if self._commit is not None else []
        wants = [*_wants(self._catalog, self._path), *on_branch]
        try:
            files = dict(self._before())
            new, refused = _screened(_missing(wants, files), got)
            first, needs = self._catalog.recordings_of(self._path), [*map(need_of, wants)]
            after = with_answers(first, files, new, needs) if new else files
            uncommitted = _missing(on_branch, self._committed(after))
            self._put(after, {*map(key_of, new), *(need_of(want).key for want in uncommitted)})
        except InputError as error:
            return {(want.prompt.id, want.case): error.message for want in wants}
        return refused

    def _before(self) -> Iterator[tuple[str, bytes]]:
        """The files without edits, by path, in order."""
        for file in self._catalog.recording_files(self._path):
            data = self._edits.before(file)
            if data is not None:
                yield file, data
            elif file not in self._edits.pending:
                raise InputError("the recordings are not a regular file", where=file)

    def _committed(self, paths: Iterable[str]) -> dict[str, bytes]:
        files = self._commit.before.files if self._commit is not None else None
        found = ((path, files.data(path) if files is not None else None) for path in paths)
        return {path: data for path, data in found if data is not None}

    def _put(self, after: Mapping[str, bytes], added: Collection[Key]) -> None:
        """Edit each file whose content is another one, or that has answers that are added."""
        for file in self._pending():
            if file not in after:
                self._edits.forget(file)
        prompt = self._catalog.ids[self._path]
        for file, data in after.items():
            count = sum(key_of(each) in added for each in read_recordings(file, data).recordings)
            if count or data != self._edits.before(file):
                self._edits.put(file, data, Reason(prompt=prompt, answers=count))
            else:
                self._edits.forget(file)


def _wants(catalog: Catalog, path: str) -> list[WantedAnswer]:
    """The answers that the cases of a prompt file need."""
    loaded = [catalog.loaded(path)] if path in catalog.ids else []
    return list(wanted_answers(catalog, list(plan_cases(catalog, loaded))))


def _missing(wants: Iterable[WantedAnswer], files: Mapping[str, bytes]) -> list[WantedAnswer]:
    """The answers that are not recorded, each once."""
    known = {key_of(recording) for recording in read_files(files).recordings}
    found = {want.key: want for want in wants}
    return [want for want in found.values() if (want.digest, want.repeat, "") not in known]


def _screened(wants: Iterable[WantedAnswer], got: GotAnswers) -> tuple[list[Recording], Refusals]:
    """The answers that may be recorded, and the reasons for the others."""
    allowed: list[Recording] = []
    refused: Refusals = {}
    for want in wants:
        answers = got.to(want.digest, want.prompt.evaluation.get("repeats") or 1)
        if want.repeat < len(answers):
            recording = recording_of(want, answers[want.repeat])
            problem = recording_refusal(want.path, recording)
            if problem is None:
                allowed.append(recording)
            else:
                refused[want.prompt.id, want.case] = problem.message
    return allowed, refused
