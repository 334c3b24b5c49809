"""Known answers: the committed recordings, and a cache in git's directory."""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import PROMPT_ENDINGS, Files, without_ending
from promptops.catalog.recordings import recordings_at, recordings_in
from promptops.errors import UsageError
from promptops.evals.conversations import Conversation, SimulatedUsers, recorded_conversation
from promptops.model.answer import Answer, Recording
from promptops.model.config import Config, ModelProfile
from promptops.model.finding import Problem
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.request.canonical import canonical_json
from promptops.source.paths import overlapping
from promptops.source.recording_files import ENDING, by_first
from promptops.source.recordings import (
    MAX_BYTES,
    Key,
    ReadRecordings,
    key_of,
    read_recordings,
    recordings_bytes,
    without_latency,
)
from promptops.storage.atomic import keep
from promptops.storage.eviction import evict_to_size
from promptops.testing.plan import PlannedCase


@record(frozen=True, slots=True)
class StoredAnswer:
    """An answer, and where it was found.

    Attributes:
        given_by: For a cached answer, the address that gave it, without user and query; else "".
    """

    answer: Answer
    source: Literal["recorded", "cached"]
    given_by: str = ""


class Store:
    """The known answers at one revision; the recordings of a prompt are read once."""

    def __init__(
        self,
        catalog: Catalog,
        cache: AnswerCache | None = None,
        aside: RecordingsAside | None = None,
        head: Catalog | None = None,
    ) -> None:
        """Looks up the recordings next to prompts, then those aside, then the cache.

        Args:
            aside: New answers are written there.
            head: Another revision, whose recordings are looked up after those of `catalog`: it has
                the judges.
        """
        self._catalog = catalog
        self._cache = cache
        self._aside = aside
        self._head = Store(head) if head is not None and head.files is not catalog.files else None
        self._own: dict[str, ReadRecordings] = {}
        self._others: dict[str, ReadRecordings] = {}
        self._answers: dict[str, Mapping[Key, Answer]] = {}

    def find(
        self,
        prompt: str,
        request: str,
        repeat: int,
        judge: str = "",
        profile: ModelProfile | None = None,
    ) -> StoredAnswer | None:
        """The answer to a request of the prompt file `prompt`; never that of another repeat.

        A cached answer is only found if the endpoint of `profile` gave it.
        """
        recorded = self._recorded(prompt).get((request, repeat, judge))
        if recorded is not None:
            return StoredAnswer(recorded, "recorded")
        if self._cache is None or profile is None:
            return None
        cached = self._cache.find(request, repeat, endpoint_digest(profile))
        return StoredAnswer(cached, "cached", _given_by(profile)) if cached is not None else None

    def answer_to(self, planned: PlannedCase, repeat: int | None = None) -> Answer | None:
        """The known answer to a case; of a conversation only if all turns are answered."""
        path, number = planned.prompt.path, planned.repeat if repeat is None else repeat
        if not planned.case.turns or planned.request is None:
            found = self.find(path, planned.digest, number)
            return found.answer if found is not None else None
        conversation = self.conversation(planned, number)
        return conversation.whole() if conversation.next() is None else None

    def conversation(self, planned: PlannedCase, repeat: int = 0) -> Conversation:
        """The conversation of a case that has a request, as far as its answers are known."""

        def find(key: tuple[str, str]) -> Answer | None:
            stored = self.find(planned.prompt.path, key[0], repeat, key[1])
            return stored.answer if stored is not None else None

        assert planned.request is not None
        simulate = SimulatedUsers(self._catalog).request
        conversation = Conversation(planned.request, planned.case.turns, simulate)
        recorded_conversation(conversation, find)
        return conversation

    def problems(self, prompt: str) -> tuple[Problem, ...]:
        """The problems in the recordings of a prompt file."""
        return (*self._beside(prompt).problems, *self._in_folder(prompt).problems)

    def recordings(self, prompt: str) -> tuple[Recording, ...]:
        """The recordings that new answers for a prompt file join, in the order of their lines."""
        found = self._beside(prompt) if self._aside is None else self._in_folder(prompt)
        return found.recordings

    def first_file(self, prompt: str) -> str:
        """The path of the first file of recordings that new answers for a prompt file join."""
        if self._aside is None:
            return self._catalog.recordings_of(prompt)
        return self._aside.first_file(prompt)

    def beside(self) -> Iterator[str]:
        """The first files of recordings next to readable prompts; none for a store aside."""
        for loaded in self._catalog.prompts(self._catalog.prompt_files) if not self._aside else ():
            if loaded.prompt is not None:
                yield self._catalog.recordings_of(loaded.path)

    def left_behind(self) -> tuple[str, ...]:
        """The first files of recordings aside whose prompts are not compared or attacked."""
        return tuple(self._aside.left_behind()) if self._aside is not None else ()

    def _recorded(self, prompt: str) -> Mapping[Key, Answer]:
        if prompt not in self._answers:
            own = map(without_latency, self._beside(prompt).recordings)
            head = self._head._recorded(prompt) if self._head is not None else {}
            aside = self._in_folder(prompt).recordings
            found = {key_of(recording): recording.answer for recording in (*aside, *own)}
            self._answers[prompt] = {**head, **found}
        return self._answers[prompt]

    def _beside(self, prompt: str) -> ReadRecordings:
        if prompt not in self._own:
            self._own[prompt] = recordings_in(self._catalog, prompt)
        return self._own[prompt]

    def _in_folder(self, prompt: str) -> ReadRecordings:
        if self._aside is None:
            return ReadRecordings()
        if prompt not in self._others:
            self._others[prompt] = recordings_at(self._aside.files, self.first_file(prompt))
        return self._others[prompt]


# The local cache of answers, in git's directory.

MAX_CACHE_BYTES = 256 * 1024 * 1024
_DISK_BLOCK_BYTES = 4096
"""The disk space of the smallest file, in bytes."""


def endpoint_digest(profile: ModelProfile | None) -> str:
    """The digest of the endpoint that a request of a profile is sent to; "" without a profile.

    OPENAI_BASE_URL counts: the same profile can reach a gateway or a mock in another shell.
    """
    if profile is None:
        return ""
    from promptops.evals.providers.endpoint import addressed, endpoint_of

    return endpoint_of(addressed(profile, os.environ)).digest


def _given_by(profile: ModelProfile) -> str:
    from promptops.evals.providers.endpoint import addressed, shown_address

    return shown_address(addressed(profile, os.environ))


class AnswerCache:
    """One file for each endpoint, request and repeat.

    They are in `promptops/answers` below git's common directory. Two servers may answer the same
    request, so an answer is only found for the endpoint that gave it.
    """

    def __init__(self, common_dir: Path, max_bytes: int = MAX_CACHE_BYTES) -> None:
        """The oldest answers are removed when the cache exceeds `max_bytes`."""
        self._folder = common_dir / "promptops" / "answers"
        self._max_bytes = max_bytes

    def find(self, request: str, repeat: int, endpoint: str) -> Answer | None:
        """The answer of an endpoint to a request, for any prompt; a damaged file is removed.

        `endpoint` is its digest.
        """
        file = self._file(request, repeat, endpoint)
        try:
            with file.open("rb") as opened:
                found = read_recordings("", opened.read(MAX_BYTES + 1)).recordings
        except OSError:
            return None
        if [(recording.request, recording.repeat) for recording in found] == [(request, repeat)]:
            return found[0].answer
        with suppress(OSError):
            file.unlink()
        return None

    def keep(self, given: Iterable[tuple[str, Recording]]) -> None:
        """Store answers that may be stored, each with the digest of the endpoint that gave it.

        What no endpoint gave, the result of a function, is left out. A directory that can't be
        written is not an error.
        """
        from promptops.testing.recordings.screening import recording_refusal

        for endpoint, recording in given:
            if endpoint and recording_refusal("", recording) is None:
                file = self._file(recording.request, recording.repeat, endpoint)
                keep(file, recordings_bytes((without_latency(recording),)))
        evict_to_size(
            self._folder, self._max_bytes, lambda status: max(status.st_size, _DISK_BLOCK_BYTES)
        )

    def _file(self, request: str, repeat: int, endpoint: str) -> Path:
        return self._folder / endpoint[:16] / request[:2] / f"{request[2:]}-{repeat}"


# Recordings aside: the answers of other arms and to probes, in folders of their own.
#
# `comparisons/strong/support/triage.recordings.jsonl` has the answers of the arm `strong` to the
# cases of the prompt `support/triage`. They can't be in the file next to the prompt: an answer
# there replaces the one with the same case, judge and repeat.


@record(frozen=True, slots=True, kw_only=True)
class RecordingRoots:
    """The folders of recordings.

    Attributes:
        prompts: Roots of prompts, whose recordings are next to their prompt files.
        comparisons: The folder with one folder for each arm; "" if unknown.
        probes: The folder of the answers to probes; "" if unknown.
    """

    prompts: tuple[str, ...] = ()
    comparisons: str = ""
    probes: str = ""

    def has_prompt(self, root: Path, file: str) -> bool:
        """Whether the prompt of a first file of recordings is in the work tree at `root`."""
        stem = file.removesuffix(ENDING)
        identity = self._id_aside(stem)
        stems = [stem] if identity is None else [_path_in_root(at, identity) for at in self.prompts]
        return any(
            (root / f"{found}{ending}").is_file() for found in stems for ending in PROMPT_ENDINGS
        )

    def are_aside(self, file: str) -> bool:
        """Whether a file of recordings is in one of the folders aside."""
        return self._id_aside(file) is not None

    def _id_aside(self, path: str) -> str | None:
        if self.comparisons and path.startswith(f"{self.comparisons}/"):
            return path.removeprefix(f"{self.comparisons}/").partition("/")[2]
        if self.probes and path.startswith(f"{self.probes}/"):
            return path.removeprefix(f"{self.probes}/")
        return None


def recording_roots(config: Config) -> RecordingRoots:
    """The folders that a configuration names."""
    return RecordingRoots(
        prompts=config.prompts,
        comparisons=config.compare.recordings,
        probes=config.probe.recordings,
    )


@record(frozen=True, slots=True)
class RecordingsAside:
    """The recordings of one arm.

    Attributes:
        folder: `comparisons/ARM`.
        files: A tree with the files below it.
        ids: From the arm's prompt files to the ids of the prompts that they are compared with.
    """

    folder: str
    files: Files
    ids: Mapping[str, str]

    def first_file(self, path: str) -> str:
        """The path of the first file of recordings of a prompt file, whether or not it exists."""
        return f"{self.folder}/{self.ids.get(path) or without_ending(path)}{ENDING}"

    def left_behind(self) -> Iterator[str]:
        """The first files of recordings of prompts that are not in `ids`, in order of paths."""
        own = {f"{self.folder}/{identity}{ENDING}" for identity in self.ids.values()}
        inside = (path for path in self.files.entries if path.startswith(f"{self.folder}/"))
        yield from sorted(by_first(inside).keys() - own)


def refuse_prompt_root(section: Literal["compare", "probe"], config: Config) -> None:
    """Raise UsageError for a folder of recordings in a prompt root.

    The default folder may be in one, such as `.`; a configured one is checked when read.
    """
    folder = getattr(config, section).recordings
    root = next((root for root in config.prompts if overlapping(folder, root)), None)
    if root is not None:
        raise UsageError(
            f"the folder of recordings, `{folder}`, is in the prompt root `{root}`",
            where=config.path,
            hint=f'name a folder outside of it: [{section}] recordings = "…"',
        )


def arm_folder(comparisons: str, arm: str) -> str:
    """The folder of an arm; names such as `origin/main` are escaped to one part of a path."""
    name = quote(arm, safe=" @+=,()[]{}")
    return f"{comparisons}/{name.replace('.', '%2E', 1) if name.startswith('.') else name}"


def _path_in_root(root: str, identity: str) -> str:
    return identity if root == "." else f"{root}/{identity}"


# Audit recordings by requesting them again, so that picked answers are found.

_SIZE = lazy_pattern(r"(?P<percent>\d{1,3}(?:\.\d{1,6})?)%|(?P<count>\d{1,9})", re.ASCII)


@record(frozen=True, slots=True)
class SampleSize:
    """The size of an audit: a number of recordings, or a share of all."""

    count: int = 0
    percent: float = 0.0

    def of(self, total: int) -> int:
        """The number of recordings; at least one if there are any."""
        share = math.ceil(total * self.percent / 100)
        return min(total, max(self.count, share))


def parse_size(written: str) -> SampleSize:
    """Parse `10%` or `25`; raises UsageError."""
    found = _SIZE.fullmatch(written)
    count = int(found["count"] or 0) if found else 0
    percent = float(found["percent"] or 0) if found else 0.0
    if percent > 100 or not (count or percent):
        raise UsageError(
            f"{written!r} is not a sample size", hint="a share such as 10%, or a number"
        )
    return SampleSize(count, percent)


def sample(recordings: Iterable[Recording], size: SampleSize, seed: str) -> tuple[Recording, ...]:
    """The recordings that a seed selects, in the given order.

    The selection depends on request, repeat and judge, not on the file. Anyone who knows the seed
    before recording could still pick answers, so use a later one, such as the id of the commit.
    """
    wanted = {key_of(recording): recording for recording in recordings}
    drawn = sorted(
        wanted,
        key=lambda key: hashlib.sha256(f"{seed}\0{key}".encode("utf-8", "surrogatepass")).digest(),
    )
    chosen = set(drawn[: size.of(len(wanted))])
    return tuple(recording for key, recording in wanted.items() if key in chosen)


def answer_differences(recorded: Answer, fresh: Answer) -> tuple[str, ...]:
    """The differences of a fresh answer, by the keys of a recording; empty if it is equal.

    The provider's cache statistics are ignored.
    """
    before, after = _facts(recorded), _facts(fresh)
    return tuple(name for name in before if before[name] != after[name])


def _facts(answer: Answer) -> dict[str, object]:
    return {
        "output": answer.text,
        "tool_calls": _calls(answer),
        "finish_reason": answer.finish_reason,
        "model": answer.model,
        "fingerprint": answer.fingerprint,
        "usage": (answer.usage.input, answer.usage.output),
    }


def _calls(answer: Answer) -> str | None:
    """Tool calls in canonical form; None if a recording can't contain them."""
    try:
        return canonical_json([dict(call) for call in answer.tool_calls])
    except (ValueError, RecursionError):
        return None
