"""Check that the answers of a run fit into the recordings of a prompt, before most are paid for."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from promptops.counting import counted
from promptops.errors import UsageError
from promptops.jobs.recordings.merging import Need
from promptops.model.answer import Answer, Recording
from promptops.source.recordings import FEWER, MAX_TOTAL_BYTES, Key, key_of, recordings_bytes

SAMPLE = 20
"""The number of recordings needed to estimate the length of further answers."""

_MANY = MAX_TOTAL_BYTES // 2_000
"""The number of answers from which recordings may be too large: 2,000 bytes on average are rare."""


def needs_sample(recorded: Collection[Recording], missing: Collection[Need]) -> bool:
    """Whether a sample of answers is needed to know whether all of them will fit."""
    return len(missing) >= _MANY and len(recorded) < SAMPLE


def refuse_overfull(
    file: str, recorded: Collection[Recording], needs: Iterable[Need], missing: Collection[Need]
) -> None:
    """Raise UsageError if the recordings of a run would be too large.

    A missing answer counts as empty, or, with at least SAMPLE recordings, as long as the average.

    Args:
        file: The first file of the recordings, for the message.
        recorded: The recordings, and the answers of the run so far.
        needs: All recordings that the run looked up.
        missing: Those that the run will request.
    """
    asked = {need.key for need in missing}
    stays = {need.key for need in needs} - asked
    kept = [each for each in recorded if key_of(each) in stays]
    size = len(recordings_bytes(kept)) + len(recordings_bytes(map(_empty, _once(missing))))
    if len(recorded) >= SAMPLE:
        size += len(asked) * _mean_answer(recorded)
    if size > MAX_TOTAL_BYTES:
        number = len(kept) + len(asked)
        message = (
            f"{counted(number, 'answer')} would exceed the limit of {MAX_TOTAL_BYTES >> 20} MB"
        )
        raise UsageError(message, where=file, hint=FEWER)


def _once(needs: Iterable[Need]) -> Iterable[Need]:
    """Cases with the same request share one recording."""
    found: dict[Key, Need] = {need.key: need for need in needs}
    return found.values()


def _empty(need: Need) -> Recording:
    return Recording(
        request=need.request,
        repeat=need.repeat,
        case=need.case,
        judge=need.judge,
        answer=Answer(text=""),
    )


def _mean_answer(recorded: Collection[Recording]) -> int:
    """Bytes of an average answer beyond an empty one, rounded down."""
    needs = [Need(case=r.case, request=r.request, repeat=r.repeat, judge=r.judge) for r in recorded]
    empty = len(recordings_bytes(map(_empty, needs)))
    return (len(recordings_bytes(recorded)) - empty) // len(recorded)
