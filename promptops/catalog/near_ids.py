"""The ids that may collide with those of some prompt files, found without reading all others."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from promptops.catalog.prompt_ids import PromptIds
from promptops.model.tree import TreeEntry
from promptops.repo.listing import Listing

FEW = 64
"""Up to this many paths are searched one by one; for more, all ids are computed."""

_ENDING = ".prompt.y"
"""The common beginning of all suffixes of prompt files."""


def near_ids(
    ids: PromptIds, entries: Mapping[str, TreeEntry], paths: Collection[str]
) -> Mapping[str, str]:
    """From paths to ids: of the files of `paths`, of the ids above them, of all that differ from
    these in case alone, and of all below these.

    All ids, where they can't be found faster.
    """
    if not isinstance(entries, Listing) or len(paths) > FEW or not entries.is_ascii or ids.folders:
        return ids
    near = _Near(ids, entries)
    names = {ids[path] for path in paths if path in ids}
    names |= {above for name in names for above in _above(name)}
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


def _above(name: str) -> Iterator[str]:
    while name := name.rpartition("/")[0]:
        yield name
