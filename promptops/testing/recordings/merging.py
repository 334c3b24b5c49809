"""Merge old and new recordings after a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from promptops.errors import UsageError
from promptops.model.answer import Answer, Recording
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.source.recordings import FEWER, MAX_TOTAL_BYTES, Key, key_of, recordings_bytes


@record(frozen=True, slots=True, kw_only=True)
class NeededRecording:
    """A recording that a run looked up for a case; see `Recording` for the names."""

    case: str
    request: str
    repeat: int
    judge: str = ""

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
    remaining = {key_of(recording): recording for recording in (*old, *new)}
    asked_by: dict[Key, set[str]] = {}
    for need in needs:
        asked_by.setdefault(need.key, set()).add(need.case)
    slots = {(need.case, need.judge, need.repeat) for need in needs if need.key in remaining}
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


SAMPLE = 20
"""The number of recordings needed to estimate the length of further answers."""

_MANY = MAX_TOTAL_BYTES // 2_000
"""The number of answers from which recordings may be too large: 2,000 bytes on average are rare."""


def needs_sample(recorded: Collection[Recording], missing: Collection[NeededRecording]) -> bool:
    """Whether a sample of answers is needed to know whether all of them will fit."""
    return len(missing) >= _MANY and len(recorded) < SAMPLE


def refuse_overfull(
    file: str,
    recorded: Collection[Recording],
    needs: Iterable[NeededRecording],
    missing: Collection[NeededRecording],
) -> None:
    """Raise UsageError if the recordings of a run would be too large.

    A missing answer counts as empty, or, with at least SAMPLE recordings, as long as the average.

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
        recordings_bytes(map(_empty, _without_duplicates(missing)))
    )
    if len(recorded) >= SAMPLE:
        size += len(missing_keys) * _mean_answer(recorded)
    if size > MAX_TOTAL_BYTES:
        number = len(remaining) + len(missing_keys)
        answers = counted(number, "answer")
        message = f"{answers} would exceed the limit of {MAX_TOTAL_BYTES >> 20} MB"
        raise UsageError(message, where=file, hint=FEWER)


def _without_duplicates(needs: Iterable[NeededRecording]) -> Iterable[NeededRecording]:
    """Cases with the same request share one recording."""
    found: dict[Key, NeededRecording] = {need.key: need for need in needs}
    return found.values()


def _empty(need: NeededRecording) -> Recording:
    return Recording(
        request=need.request,
        repeat=need.repeat,
        case=need.case,
        judge=need.judge,
        answer=Answer(text=""),
    )


def _mean_answer(recorded: Collection[Recording]) -> int:
    """Bytes of an average answer beyond an empty one, rounded down."""
    needs = [
        NeededRecording(case=r.case, request=r.request, repeat=r.repeat, judge=r.judge)
        for r in recorded
    ]
    empty = len(recordings_bytes(map(_empty, needs)))
    return (len(recordings_bytes(recorded)) - empty) // len(recorded)
