"""The files of a revision, each read once: as bytes, as text, prompt files also as YAML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Protocol

from promptops.catalog.prompt_ids import PromptIds
from promptops.model.finding import Problem
from promptops.model.internal_error import CaughtBug
from promptops.model.place import Place, Text, plain_text
from promptops.model.tree import TreeEntry
from promptops.repo.tree import holding
from promptops.source.document import MAX_BYTES, Document, read
from promptops.source.lines import CODE as CONFLICT
from promptops.source.lines import UNMERGED_HINT
from promptops.source.recording_files import INSIDE, by_first
from promptops.source.references import definition_name


class FileTree(Protocol):
    """The files of a revision; `repo.tree.Tree` implements it, and so does a directory."""

    @property
    def revision(self) -> str:
        """`worktree`, `index`, or the id of a commit."""

    @property
    def entries(self) -> Mapping[str, TreeEntry]:
        """All files by path: relative to the root, forward slashes."""

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Contents by path; paths that are not files are left out. Raises as `repo.tree.Tree`."""


class Files:
    """The content of a tree, decoded on first use.

    Attributes:
        tree: Where the files are.
        entries: All files, by path.
    """

    def __init__(self, tree: FileTree) -> None:
        self.tree = tree
        self._bytes: dict[str, bytes] = {}
        self._texts: dict[str, Text | None] = {}
        self.entries = tree.entries

    def prefetch(self, paths: Iterable[str]) -> None:
        """Read many files in one request, before they are needed."""
        wanted = [path for path in paths if path not in self._bytes and self.is_file(path)]
        if wanted:
            self._bytes.update(self.tree.read(wanted))

    def is_file(self, path: str) -> bool:
        """Whether a path is a plain file of the tree: no link, no submodule, no conflict."""
        entry = self.entries.get(path)
        return entry is not None and entry.kind == "file"

    def is_unmerged(self, path: str) -> bool:
        """Whether a file has an unresolved merge in git's index."""
        entry = self.entries.get(path)
        return entry is not None and entry.kind == "unmerged"

    def defines(self, name: str) -> bool:
        """Whether a name under `$defs` of a resolved schema is the name of a file."""
        return name in self._definitions or name.rstrip("_") in self._definitions

    @cached_property
    def _definitions(self) -> frozenset[str]:
        return frozenset(map(definition_name, self.entries))

    def forget(self, paths: Iterable[str], *, listing: bool) -> None:
        """Read some files anew when they are next needed; with `listing`, files came or went."""
        for path in paths:
            self._bytes.pop(path, None)
            self._texts.pop(path, None)
        if listing:
            self.__dict__.pop("_definitions", None)
            self.__dict__.pop("_recordings", None)

    def recordings(self, first: str) -> tuple[str, ...]:
        """The existing recording files whose first one is `first`, in order.

        Links and unmerged files are included.
        """
        return self._recordings.get(first, ())

    @cached_property
    def _recordings(self) -> Mapping[str, tuple[str, ...]]:
        return by_first(holding(self.entries, INSIDE))

    def data(self, path: str) -> bytes | None:
        """The bytes of a plain file, or None."""
        self.prefetch((path,))
        return self._bytes.get(path)

    def text(self, path: str) -> Text | None:
        """A plain file as text, newlines as LF; None if it is missing, not UTF-8, or over 1 MB."""
        if path not in self._texts:
            self._texts[path] = _decoded(path, self.data(path))
        return self._texts[path]

    def blob(self, path: str) -> str | None:
        """Git's id of a file's content, or None."""
        entry = self.entries.get(path)
        return entry.blob if entry is not None else None


def _decoded(path: str, data: bytes | None) -> Text | None:
    if data is None or len(data) > MAX_BYTES:
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return plain_text(path, text)


class PromptDocuments:
    """Prompt files, parsed on first use.

    Attributes:
        ids: The ids of the prompt files of the tree.
    """

    def __init__(self, files: Files, ids: PromptIds) -> None:
        self._files = files
        self.ids = ids
        self._documents: dict[str, Document] = {}

    def document(self, path: str) -> Document:
        """A prompt file with the place of each value; what prevents parsing is in its problems."""
        if path not in self._documents:
            with CaughtBug() as bug:
                self._documents[path] = self._parsed(path)
            if bug.error is not None:
                problem = bug.error.problem(Place(path))
                self._documents[path] = _without_content(path, problem)
        return self._documents[path]

    def drop(self, path: str) -> None:
        """Free the memory of a document; a later request parses the file again."""
        self._documents.pop(path, None)

    def _parsed(self, path: str) -> Document:
        data = self._files.data(path)
        return read(path, data) if data is not None else self._not_a_file(path)

    def _not_a_file(self, path: str) -> Document:
        entry = self._files.entries.get(path)
        absent = "folder" if path in self.ids.folders else "missing"
        kind = entry.kind if entry is not None else absent
        code = CONFLICT if kind == "unmerged" else "SCH001"
        problem = Problem(_NOT_A_FILE[kind], at=Place(path), hint=_FIX.get(kind), code=code)
        return _without_content(path, problem)


def _without_content(path: str, problem: Problem) -> Document:
    document = read(path, b"")
    document.problems = (problem,)
    return document


_NOT_A_FILE = {
    "symlink": "a prompt file that is a symbolic link",
    "submodule": "a prompt file that is a submodule",
    "unmerged": "a prompt file with an unresolved merge conflict",
    "file": "a prompt file that can't be read",
    "folder": "a folder with the name of a prompt file",
    "missing": "there is no such file",
}
_FIX = {
    "symlink": "commit the file itself",
    "submodule": "commit the file itself",
    "folder": "rename it",
    "unmerged": UNMERGED_HINT,
}


# Facts beyond the files that a prompt needs: other prompts, and files that the tree lacks.


class Surroundings:
    """What a check of one prompt may learn beyond the files that the prompt needs.

    A result that depends on such a fact is valid only for this catalog and must not be cached.

    Attributes:
        files: The files of the tree; reading those that the prompt needs is not recorded.
        were_used: At least one fact was requested.
    """

    def __init__(
        self,
        files: Files,
        *,
        paths: Callable[[], Mapping[str, str]],
        state: Callable[[str], str | None],
        includers: Callable[[str], tuple[str, ...]],
    ) -> None:
        """`paths` is by prompt id; `state` and `includers` are as the methods with these names."""
        self.files = files
        self.were_used = False
        self._paths = paths
        self._state = state
        self._includers = includers

    def state(self, path: str) -> str | None:
        """The state of a file that the tree lacks: untracked, ignored, unstaged; None if absent."""
        self.were_used = True
        return self._state(path)

    def content(self, path: str) -> bytes | None:
        """The content of a file that the prompt does not need; None if the tree lacks it."""
        self.were_used = True
        return self.files.data(path)

    def is_tracked(self, path: str) -> bool:
        """Whether git tracks a file; `git add` changes that without changing any file."""
        self.were_used = True
        entry = self.files.entries.get(path)
        return entry is not None and entry.tracked

    def includers(self, path: str) -> tuple[str, ...]:
        """The prompt files that need a file, directly or through what they include and extend."""
        self.were_used = True
        return self._includers(path)

    def has_prompt(self, identity: str) -> bool:
        """Whether a prompt has this id. Only a negative reply counts as used.

        An existing prompt is a file that the other one needs.
        """
        found = identity in self._paths()
        self.were_used |= not found
        return found
