"""A work tree with changes that are not on disk: new files, other contents, other paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import FileTree
from promptops.model.tree import TreeEntry
from promptops.records import field, record, replace
from promptops.repo.repository import WORKTREE
from promptops.workspace.workspace import Workspace


@record(frozen=True, slots=True)
class ChangedTree:
    """A tree in which some files are new, or have another content or another path.

    Attributes:
        contents: By the path in this tree; the content of each differs from that in `below`, if
            the file exists there.
        moves: From paths in `below` to paths in this tree.
    """

    below: FileTree
    contents: Mapping[str, bytes]
    moves: Mapping[str, str] = field(default_factory=dict)
    revision: str = WORKTREE
    entries: Mapping[str, TreeEntry] = field(init=False)

    def __post_init__(self) -> None:
        found = {}
        for path, entry in self.below.entries.items():
            new = self.moves.get(path, path)
            found[new] = entry if new == path else replace(entry, path=new)
        for path, data in self.contents.items():
            entry = found.get(path, TreeEntry(path, "", tracked=False))
            found[path] = replace(entry, blob=f"changed {hash(data)}")
        object.__setattr__(self, "entries", found)

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        wanted = list(paths)
        before = {new: old for old, new in self.moves.items()}
        below = {before.get(path, path): path for path in wanted if path not in self.contents}
        found = {below[path]: data for path, data in self.below.read(below).items()}
        return found | {path: self.contents[path] for path in wanted if path in self.contents}


def with_changes(
    workspace: Workspace, contents: Mapping[str, bytes], moves: Mapping[str, str] | None = None
) -> Workspace:
    """The workspace with changed files; see `ChangedTree`."""
    tree = ChangedTree(workspace.catalog.files.tree, contents, moves or {})
    known = workspace.catalog.graph.facts
    state = workspace.catalog.surroundings().state
    releases = workspace.catalog.releases
    catalog = Catalog(tree, workspace.config, state, known=lambda: known, releases=releases)
    return replace(workspace, catalog=catalog)
