"""Cached lint results, keyed by the content of every file that the rules read.

An entry is valid for a prompt file of this path and content as long as each file it depends on is
unchanged, or still missing. File times are ignored, so a fresh checkout can use the results of
another one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from pathlib import Path

from promptops.catalog.files import Files
from promptops.lint.pipeline import PromptResult
from promptops.lint.registry import Rule
from promptops.model.config import Config, LintSettings
from promptops.records import record, replace
from promptops.source.recording_files import ENDING as RECORDINGS

MAX_ENTRIES = 40_000
MAX_FILES = 8
"""The number of configurations and rule selections whose results are kept."""

Entry = tuple[tuple[tuple[str, str], ...], bytes]
"""The files that the result depends on, each with its state; and the pickled result, which is
unpickled only if the entry is valid. Empty for a result without findings and comments."""

_CODE = (".py", ".json")

CLEAN = PromptResult((), ())


@record(frozen=True, slots=True)
class CachedResult:
    """A valid result, and the files it depends on."""

    result: PromptResult
    needed: frozenset[str]


class LintCache:
    """One file in git's directory, read at the start and replaced at the end."""

    def __init__(self, folder: Path | None, key: str) -> None:
        """`folder` is None for no cache; `key` covers all dependencies of results except files."""
        self._file = folder / f"lint-{key[:16]}" if folder is not None else None
        self._key = key
        self._entries = _read_entries(self._file, key) if self._file is not None else {}
        self._fresh = False

    def find(self, files: Files, path: str) -> CachedResult | None:
        """The cached result for this file, if all its dependencies are unchanged."""
        entry = self._entries.get(f"{path}\0{file_state(files, path)}")
        if entry is None:
            return None
        needed, packed = entry
        for needed_path, known in needed:
            if file_state(files, needed_path) != known:
                return None
        return CachedResult(_unpacked(packed), frozenset([path for path, _ in needed]))

    def keep(self, files: Files, path: str, known: CachedResult) -> None:
        """Remember a result for the next run."""
        if self._file is not None:
            import pickle

            needed = tuple(
                (needed_path, file_state(files, needed_path))
                for needed_path in sorted(known.needed)
            )
            packed = b"" if known.result == CLEAN else pickle.dumps(known.result, protocol=5)
            self._entries[f"{path}\0{file_state(files, path)}"] = (needed, packed)
            self._fresh = True

    def save(self) -> None:
        """Write new results to disk."""
        if self._file is not None and self._fresh:
            import pickle

            from promptops.storage.atomic import keep
            from promptops.storage.eviction import evict_to_count, statuses

            entries = dict(list(self._entries.items())[-MAX_ENTRIES:])
            keep(self._file, pickle.dumps((self._key, entries), protocol=5))
            evict_to_count(statuses(self._file.parent.glob("lint-*")), MAX_FILES)


def _unpacked(packed: bytes) -> PromptResult:
    if not packed:
        return CLEAN
    import pickle

    result: PromptResult = pickle.loads(packed)
    return result


def file_state(files: Files, path: str) -> str:
    """The state of a file: its content id, and how it differs from a regular tracked file.

    The state of the first file of recordings covers all of them, so that an added one counts.
    """
    own = _state(files, path)
    if not path.endswith(RECORDINGS):
        return own
    further = [other for other in files.recordings(path) if other != path]
    return "\0".join((own, *(f"{other} {_state(files, other)}" for other in further)))


def _state(files: Files, path: str) -> str:
    entry = files.entries.get(path)
    if entry is None:
        return ""
    if entry.kind == "file" and entry.tracked:
        return entry.blob
    return f"{entry.blob} {entry.kind} {entry.tracked}"


def _read_entries(file: Path, key: str) -> dict[str, Entry]:
    """The entries of a cache file with the same key; none if it is damaged."""
    import pickle

    try:
        with file.open("rb") as opened:
            kept_key, entries = pickle.load(opened)
    except Exception:  # noqa: BLE001  # pickle raises whatever a broken file makes it raise
        return {}
    return entries if kept_key == key else {}


def cache_key(config: Config, rules: Iterable[Rule], today: date) -> str:
    """All dependencies of results except files: configuration, rules and their code.

    Contains the date if a rule depends on it, so that no result outlives its day.
    """
    import hashlib

    rules = tuple(rules)
    dated = any(rule.dated for rule in rules)
    facts = (
        repr(_heeded(config)),
        *(rule.code for rule in rules),
        own_code(),
        *(code_digest(folder) for folder in _plugins(rules)),
        f"{sys.version_info}",
        str(today if dated else ""),
    )
    return hashlib.sha256("\0".join(facts).encode("utf-8", "surrogatepass")).hexdigest()


def _heeded(config: Config) -> Config:
    """The configuration without the settings that are applied to results, not by rules."""
    settings = LintSettings(
        required_metadata=config.lint.required_metadata, rules=config.lint.rules
    )
    return replace(config, lint=settings)


@cache
def own_code() -> str:
    """The hash of this package's files, of which a process runs one version."""
    return code_digest(Path(__file__).parents[2])


def _plugins(rules: Iterable[Rule]) -> Iterator[Path]:
    """The folders of the plugins that rules come from; or their one file."""
    names = {rule.check.__module__.partition(".")[0] for rule in rules} - {"promptops"}
    for module in (sys.modules[name] for name in sorted(names)):
        folders = getattr(module, "__path__", None)
        places = list(folders) if folders is not None else [module.__file__]
        yield from (Path(place) for place in places if place)


def code_digest(place: Path) -> str:
    """The hash of a package's files, or of one file."""
    import hashlib

    digest = hashlib.sha256()
    for file in sorted(_files(place)):
        with open(file, "rb") as opened:
            digest.update(opened.read())
    return digest.hexdigest()


def _files(place: Path) -> Iterator[str]:
    if place.is_file():
        yield str(place)
    for folder, _, names in os.walk(place):
        yield from (os.path.join(folder, name) for name in names if name.endswith(_CODE))
