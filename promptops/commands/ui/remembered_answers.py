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
from promptops.testing.answering import Answering, need_of, recording_of, wanted_answers
from promptops.testing.plan import WantedAnswer, plan_cases
from promptops.testing.recordings.screening import recording_refusal
from promptops.testing.recordings.store import Store
from promptops.testing.recordings.writing import with_answers

MOST_ANSWERS = 2_000
"""Answers that are remembered: a case may need many to one request."""


class RememberedAnswers:
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
    edits: Edits,
    catalog: Catalog,
    path: str,
    remembered: RememberedAnswers,
    commit: LastCommit | None = None,
) -> Refusals:
    """Edit the recordings of a prompt file: add the answers that its test cases need.

    An answer to an earlier wording of the same case is replaced; an added answer that no case needs
    any more is removed. Recordings on disk that are not committed become an edit, too, if a branch
    with the edits needs them.

    Args:
        catalog: The files on disk, with the edits.
    """
    for file in _edited_files(edits, catalog, path):
        if edits.is_outdated(file):  # another program recorded answers
            edits.forget(file)
    on_branch = _wants(commit.after, path) if commit is not None else []
    wants = [*_wants(catalog, path), *on_branch]
    try:
        before = dict(_before(edits, catalog, path))
        new, refused = _screened(_missing(wants, before), remembered)
        first, needs = catalog.recordings_of(path), [*map(need_of, wants)]
        after = with_answers(first, before, new, needs) if new else before
        uncommitted = _missing(on_branch, _committed(commit, after))
        added = {*map(key_of, new), *(need_of(want).key for want in uncommitted)}
        for file in set(_edited_files(edits, catalog, path)) - after.keys():
            edits.forget(file)
        for file, data in after.items():
            count = _count(file, data, added)
            _put(edits, file, data, Reason(prompt=catalog.ids[path], answers=count))
    except InputError as error:
        reason = f"{error.where}: {error.message}"
        return {(want.prompt.id, want.case): reason for want in wants}
    return refused


def _edited_files(edits: Edits, catalog: Catalog, path: str) -> list[str]:
    """The files of recordings of a prompt file that have edits."""
    return [file for file in catalog.recording_files(path) if file in edits.pending]


def _wants(catalog: Catalog, path: str) -> list[WantedAnswer]:
    """The answers that the cases of a prompt file need; of a conversation the recorded ones."""
    loaded = [catalog.loaded(path)] if path in catalog.ids else []
    wants = list(wanted_answers(catalog, list(plan_cases(catalog, loaded))))
    replayed = Answering(catalog, Store(catalog))
    replayed.look_up([want for want in wants if want.turns])
    turns = [want for want, _ in replayed.answered()]
    return [*(want for want in wants if not want.turns), *turns]


def _before(edits: Edits, catalog: Catalog, path: str) -> Iterator[tuple[str, bytes]]:
    """The files of recordings without edits, by path, in order. Raises InputError for a link."""
    for file in catalog.recording_files(path):
        data = edits.before(file)
        if data is not None:
            yield file, data
        elif file not in edits.pending:
            raise InputError("the recordings are not a regular file", where=file)


def _committed(commit: LastCommit | None, paths: Iterable[str]) -> dict[str, bytes]:
    """The content of some files in the last commit, by path."""
    if commit is None:
        return {}
    found = ((path, commit.before.files.data(path)) for path in paths)
    return {path: data for path, data in found if data is not None}


def _put(edits: Edits, file: str, data: bytes, reason: Reason) -> None:
    """Edit a file if it gets another content, or has answers that are not committed."""
    if reason.answers or data != edits.before(file):
        edits.put(file, data, reason)
    else:
        edits.forget(file)


def _count(file: str, data: bytes, keys: Collection[Key]) -> int:
    """How many of some recordings are in a file."""
    return sum(key_of(each) in keys for each in read_recordings(file, data).recordings)


def _missing(wants: Iterable[WantedAnswer], files: Mapping[str, bytes]) -> list[WantedAnswer]:
    """The answers that are not recorded, each once."""
    known = {key_of(recording) for recording in read_files(files).recordings}
    found = {want.key: want for want in wants}
    return [want for want in found.values() if (want.digest, want.repeat, "") not in known]


def _screened(
    wants: Iterable[WantedAnswer], remembered: RememberedAnswers
) -> tuple[list[Recording], Refusals]:
    """The answers that may be recorded, and the reasons for the others."""
    allowed: list[Recording] = []
    refused: Refusals = {}
    for want in wants:
        answers = remembered.to(want.digest, want.prompt.evaluation.get("repeats") or 1)
        if want.repeat < len(answers):
            recording = recording_of(want, answers[want.repeat])
            problem = recording_refusal(want.path, recording)
            if problem is None:
                allowed.append(recording)
            else:
                refused[want.prompt.id, want.case] = problem.message
    return allowed, refused
