"""Which files of a source, and which prompts in them, an import reads: `--select`, `--exclude`."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from promptops.model.imported import EXCLUDED, NOT_SELECTED
from promptops.patterns import lazy_pattern
from promptops.records import record

_BETWEEN_WORDS = lazy_pattern(r"[^a-z0-9*?\[\]!]+")


class NameGlobs:
    """Globs of paths below a source, `prompts/*.md`, and of names in files, `prompts.py::*_PROMPT`.

    Names are compared by their words: `SYSTEM_PROMPT`, `system-prompt` and `System.prompt` are
    equal.
    """

    def __init__(self, select: Iterable[str] = (), exclude: Iterable[str] = ()) -> None:
        self._select = tuple(map(_glob, select))
        self._exclude = tuple(map(_glob, exclude))

    @property
    def name_prompts(self) -> bool:
        """Whether there is a glob of names in files."""
        return any(glob.name is not None for glob in (*self._select, *self._exclude))

    def refusal(self, path: str) -> str | None:
        """Why a file is not read, or None."""
        if any(glob.name is None and fnmatchcase(path, glob.path) for glob in self._exclude):
            return EXCLUDED
        if self._select and not any(fnmatchcase(path, glob.path) for glob in self._select):
            return NOT_SELECTED
        return None

    def name_refusal(self, path: str, identity: str) -> str | None:
        """Why a prompt of a file that is read is not imported, or None.

        `identity` is its id as its reader proposes it; globs are of the whole id, or of its end.
        """
        if any(glob.matches(path, identity) for glob in self._exclude):
            return EXCLUDED
        if self._select and not any(glob.matches(path, identity) for glob in self._select):
            return NOT_SELECTED
        return None


@record(frozen=True, slots=True)
class _Glob:
    """`path` of files; `name` of prompts in them, None for all."""

    path: str
    name: str | None

    def matches(self, path: str, identity: str) -> bool:
        """Whether it is a glob of this prompt."""
        names = (identity, identity.rpartition("/")[2])
        return fnmatchcase(path, self.path) and (
            self.name is None or any(fnmatchcase(_words(name), self.name) for name in names)
        )


def _glob(written: str) -> _Glob:
    path, separator, name = written.partition("::")
    return _Glob(path or "*", _words(name) if separator else None)


def _words(name: str) -> str:
    return _BETWEEN_WORDS.sub("-", name.lower())
