"""The files of a revision, each read once, and the ids of its prompt files."""

from __future__ import annotations

from collections.abc import (
    Callable,
    Collection,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    ValuesView,
)
from functools import cached_property
from typing import Protocol

from promptops.model.finding import Problem
from promptops.model.internal_error import CaughtBug
from promptops.model.place import Place, Text, plain_text
from promptops.repo.tree import Listing, TreeEntry, holding
from promptops.source.document import MAX_BYTES, Document, read
from promptops.source.lines import CONFLICT_CODE, UNMERGED_HINT
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
        code = CONFLICT_CODE if kind == "unmerged" else "SCH001"
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


# The ids of the prompt files of a tree; of many files, only those needed are computed.

PROMPT_ENDINGS = (".prompt.yaml", ".prompt.yml")


def without_ending(path: str) -> str:
    """The path of a prompt file without its suffix; any other path as it is."""
    ending = next((ending for ending in PROMPT_ENDINGS if path.endswith(ending)), "")
    return path.removesuffix(ending)


class PromptIds(Mapping[str, str]):
    """From the path of each prompt file, and of each folder with such a name, to its id.

    In the order of the tree, folders last.
    """

    def __init__(self, entries: Mapping[str, TreeEntry], roots: tuple[str, ...]) -> None:
        self._entries = entries
        self.roots = roots
        self._folders = tuple("" if root == "." else f"{root}/" for root in roots)

    @cached_property
    def folders(self) -> frozenset[str]:
        """Folders with the name of a prompt file, where prompts would not be expected."""
        ends = [f"{ending}/" for ending in PROMPT_ENDINGS]
        return frozenset(
            path[: path.index(end) + len(end) - 1]
            for end in ends
            for path in holding(self._entries, end)
        )

    def of(self, path: str) -> str | None:
        """The id of a path, whether or not the file exists; None if the path has none."""
        if not path.endswith(PROMPT_ENDINGS):
            return None
        end = -len(PROMPT_ENDINGS[0 if path.endswith(PROMPT_ENDINGS[0]) else 1])
        for folder in self._folders:
            if path.startswith(folder):
                return path[len(folder) : end]
        return None

    @cached_property
    def _all(self) -> dict[str, str]:
        paths = dict.fromkeys(path for path in self._entries if path.endswith(PROMPT_ENDINGS))
        paths |= dict.fromkeys(self.folders)
        found = ((path, self.of(path)) for path in paths)
        return {path: identity for path, identity in found if identity is not None}

    def __getitem__(self, path: str) -> str:
        if "_all" in self.__dict__:
            return self._all[path]
        identity = self.of(path)
        if identity is None or not (path in self._entries or path in self.folders):
            raise KeyError(path)
        return identity

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def keys(self) -> KeysView[str]:
        return self._all.keys()

    def values(self) -> ValuesView[str]:
        return self._all.values()

    def items(self) -> ItemsView[str, str]:
        return self._all.items()


FEW = 64
"""Up to this number, paths are searched one by one; for more, all ids are computed."""

_ENDING = ".prompt.y"
"""The common beginning of all suffixes of prompt files."""


def near_ids(
    ids: PromptIds, entries: Mapping[str, TreeEntry], paths: Collection[str]
) -> Mapping[str, str]:
    """From paths to ids: the ids of `paths`, their parent ids, ids that differ from these only in
    case, and ids below all of these.

    All ids, if searching is not faster.
    """
    if not isinstance(entries, Listing) or len(paths) > FEW or not entries.is_ascii or ids.folders:
        return ids
    near = _Near(ids, entries)
    names = {ids[path] for path in paths if path in ids}
    names |= {above for name in names for above in folders_above(name)}
    found = {path: ids.of(path) for name in names for path in near.alike(name)}
    known = names.intersection(filter(None, found.values()))
    found |= {path: ids.of(path) for name in known for path in near.below(name)}
    return {path: found[path] or "" for path in sorted(found)}


class _Near:
    def __init__(self, ids: PromptIds, entries: Listing) -> None:
        self._ids = ids
        self._entries = entries

    def alike(self, name: str) -> Iterator[str]:
        """The prompt files whose id differs from a name at most in case."""
        for path in self._beginning(f"{name}{_ENDING}"):
            identity = self._ids.of(path)
            if identity is not None and identity.lower() == name.lower():
                yield path

    def below(self, name: str) -> Iterator[str]:
        """The prompt files whose id is below a name, as in a folder."""
        for path in self._beginning(f"{name}/"):
            if (self._ids.of(path) or "").startswith(f"{name}/"):
                yield path

    def _beginning(self, part: str) -> Iterator[str]:
        for root in self._ids.roots:
            yield from self._entries.beginning(part if root == "." else f"{root}/{part}")


def folders_above(name: str) -> Iterator[str]:
    """The folders that a path or an id is in, the nearest first."""
    while name := name.rpartition("/")[0]:
        yield name
