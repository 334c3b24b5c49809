"""Look up answers: first in the committed recordings, then in the local cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from promptops.catalog.catalog import Catalog
from promptops.catalog.recordings import recordings_in
from promptops.jobs.recordings.cache import AnswerCache
from promptops.model.answer import Answer, Recording
from promptops.model.finding import Problem
from promptops.records import record
from promptops.source.recordings import Key, ReadRecordings, key_of


@record(frozen=True, slots=True)
class StoredAnswer:
    """An answer, and where it was found."""

    answer: Answer
    source: Literal["recorded", "cached"]


class Store:
    """The known answers at one revision; the recordings of a prompt are read once."""

    def __init__(self, catalog: Catalog, cache: AnswerCache | None = None) -> None:
        """Without a cache only committed recordings are used."""
        self._catalog = catalog
        self._cache = cache
        self._files: dict[str, ReadRecordings] = {}
        self._answers: dict[str, Mapping[Key, Answer]] = {}

    def find(self, prompt: str, request: str, repeat: int, judge: str = "") -> StoredAnswer | None:
        """The answer to a request of the prompt file `prompt`; never that of another repeat."""
        recorded = self._recorded(prompt).get((request, repeat, judge))
        if recorded is not None:
            return StoredAnswer(recorded, "recorded")
        cached = self._cache.find(request, repeat) if self._cache is not None else None
        return StoredAnswer(cached, "cached") if cached is not None else None

    def problems(self, prompt: str) -> tuple[Problem, ...]:
        """The problems in the recordings of a prompt file."""
        return self._read(prompt).problems

    def recordings(self, prompt: str) -> tuple[Recording, ...]:
        """All recordings of a prompt file, in the order of their files and lines."""
        return self._read(prompt).recordings

    def _recorded(self, prompt: str) -> Mapping[Key, Answer]:
        if prompt not in self._answers:
            recordings = self._read(prompt).recordings
            self._answers[prompt] = {
                key_of(recording): recording.answer for recording in recordings
            }
        return self._answers[prompt]

    def _read(self, prompt: str) -> ReadRecordings:
        if prompt not in self._files:
            self._files[prompt] = recordings_in(self._catalog, prompt)
        return self._files[prompt]
