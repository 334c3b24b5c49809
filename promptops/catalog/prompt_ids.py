"""The ids of the prompt files of a tree; of many files, only those needed are computed."""

from __future__ import annotations

from collections.abc import Collection, ItemsView, Iterator, KeysView, Mapping, ValuesView
from functools import cached_property

from promptops.model.tree import TreeEntry
from promptops.repo.tree import Listing, holding

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
