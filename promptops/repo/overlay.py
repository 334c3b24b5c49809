"""A tree with other files laid over it; nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from promptops.model.tree import TreeEntry
from promptops.repo.tree import Tree
from promptops.repo.worktree import blob_id


def overlaid(tree: Tree, files: Mapping[str, bytes], object_format: str) -> Tree:
    """The tree with some files added or replaced.

    Their blobs are the ids that git gives these contents, so that all that is keyed by blob id
    stays right. `object_format` is sha1 or sha256.
    """

    def entries() -> Mapping[str, TreeEntry]:
        laid = {path: TreeEntry(path, blob_id(data, object_format)) for path, data in files.items()}
        return {**tree.entries, **laid}

    def read(wanted: Iterable[TreeEntry]) -> dict[str, bytes]:
        paths = [entry.path for entry in wanted]
        below = tree.read(path for path in paths if path not in files)
        return below | {path: files[path] for path in paths if path in files}

    return Tree(tree.revision, entries, read)
