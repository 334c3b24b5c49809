"""Merge old and new recordings after a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from promptops.model.answer import Recording
from promptops.records import record, replace
from promptops.source.recordings import Key, key_of


@record(frozen=True, slots=True, kw_only=True)
class Need:
    """A recording that a run looked up for a case; see `Recording` for the names."""

    case: str
    request: str
    repeat: int
    judge: str = ""

    @property
    def key(self) -> Key:
        return self.request, self.repeat, self.judge


def merged(
    old: Iterable[Recording],
    new: Iterable[Recording],
    needs: Collection[Need] = (),
    *,
    prune: bool = False,
) -> tuple[Recording, ...]:
    """Old and new recordings, one for each request, repeat and judge: the last.

    Needed recordings stay, and replace others with the same case, judge and repeat, which belong
    to an earlier wording. A case may send several requests to one judge, so without needs nothing
    can be replaced. With `prune` only needed recordings stay.
    """
    kept = {key_of(recording): recording for recording in (*old, *new)}
    asked_by: dict[Key, set[str]] = {}
    for need in needs:
        asked_by.setdefault(need.key, set()).add(need.case)
    slots = {(need.case, need.judge, need.repeat) for need in needs if need.key in kept}
    return tuple(
        _named(recording, asked_by.get(key, ()))
        for key, recording in kept.items()
        if key in asked_by
        or not (prune or (recording.case, recording.judge, recording.repeat) in slots)
    )


def _named(recording: Recording, cases: Collection[str]) -> Recording:
    """The recording, with the current name of its case."""
    if not cases or recording.case in cases:
        return recording
    return replace(recording, case=min(cases))
