"""The files of one revision, as git lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from promptops.model.tree import Changed, Kind, TreeEntry
from promptops.repo.blobs import Blobs
from promptops.repo.listing import KINDS, Listing
from promptops.repo.process import Git, records

WORKTREE = "worktree"
INDEX = "index"
NOTHING = "nothing"
EMPTY_BLOBS = (
    b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    b"473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
)


class Tree:
    """The files of one revision, listed on first use.

    Attributes:
        revision: WORKTREE, INDEX, a commit's or a tree's id, the path of a directory, or NOTHING.
    """

    def __init__(
        self,
        revision: str,
        list_entries: Callable[[], Mapping[str, TreeEntry]],
        read_entries: Callable[[Iterable[TreeEntry]], dict[str, bytes]],
    ) -> None:
        self.revision = revision
        self._list = list_entries
        self._read = read_entries

    @cached_property
    def entries(self) -> Mapping[str, TreeEntry]:
        """Entries by path; of all kinds, so that links and conflicts can be reported."""
        return self._list()

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Contents by path, each at most MAX_BYTES + 1 bytes.

        Paths that are not files of this tree (links, submodules, conflicts) are left out. For the
        work tree, the bytes are those on disk, before git's filters.

        Raises:
            GitError: A blob is missing.
            InputError: A file on disk can't be read.
        """
        found = (self.entries.get(path) for path in paths)
        return self._read([entry for entry in found if entry and entry.kind == "file"])


def empty_tree() -> Tree:
    """The empty tree."""
    return Tree(NOTHING, dict, lambda _: {})


def commit_tree(git: Git, blobs: Blobs, commit: str, under: tuple[str, ...]) -> Tree:
    """The tree of a commit, or of a tree object."""

    def entries() -> Listing:
        return Listing(git.run("ls-tree", "-r", "-z", "--full-tree", commit, "--", *under))

    return Tree(commit, entries, lambda wanted: read_blobs(blobs, wanted))


def index_tree(
    git: Git, blobs: Blobs, under: tuple[str, ...], beside: tuple[str, ...] = ()
) -> IndexTree:
    """The files that would be committed, without those of `git add --intent-to-add`."""
    return IndexTree(git, blobs, under, beside if under else ())


class IndexTree(Tree):
    """The files of the index, and some other files that the same git process lists."""

    def __init__(
        self, git: Git, blobs: Blobs, under: tuple[str, ...], beside: tuple[str, ...]
    ) -> None:
        super().__init__(INDEX, self._without_beside, lambda wanted: read_blobs(blobs, wanted))
        self._git = git
        self._under = under
        self._beside = beside

    def lists_beside(self, path: str) -> bool:
        """Whether `read_beside` can read a path."""
        return path in self._beside

    def read_beside(self, path: str) -> bytes | None:
        """The content of one of the other files; None if it does not exist. Raises as `read`."""
        entry = self._listing.get(path)
        return self._read([entry])[path] if entry is not None and entry.kind == "file" else None

    @cached_property
    def _listing(self) -> Listing:
        paths = dict.fromkeys((*self._under, *self._beside))
        written = self._git.run("ls-files", "--stage", "-z", "--", *paths)
        return Listing(written, without=_intended(self._git, written))

    def _without_beside(self) -> Listing:
        found = {path for each in self._beside for path in self._listing.starting_with(each)}
        return self._listing.less(path for path in found if not _is_at_or_below(path, self._under))


def _is_at_or_below(path: str, under: Sequence[str]) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in under)


def compare(base: Mapping[str, TreeEntry], head: Mapping[str, TreeEntry]) -> tuple[Changed, ...]:
    """Paths that differ in content or kind."""
    pairs = ((path, base.get(path), head.get(path)) for path in sorted(_candidates(base, head)))
    return tuple(
        Changed(path, before.blob if before else None, after.blob if after else None)
        for path, before, after in pairs
        if not _equal(before, after)
    )


def _candidates(base: Mapping[str, TreeEntry], head: Mapping[str, TreeEntry]) -> set[str]:
    """The paths that may differ; between git's listings, those whose lines differ."""
    if not (isinstance(base, Listing) and isinstance(head, Listing)):
        return base.keys() | head.keys()
    return {*base.outside(head), *head.outside(base)}


def below(paths: Sequence[str]) -> tuple[str, ...]:
    """Paths as arguments for git; empty if one of them is the root."""
    plain = tuple(path.strip("/").removeprefix("./") for path in paths)
    return () if any(path in ("", ".") for path in plain) else plain


def kind_of(mode: str) -> Kind:
    """The kind for an octal mode as git prints it."""
    return KINDS.get(mode, "file")


def parse_index(lines: Iterable[str]) -> dict[str, TreeEntry]:
    """Parse `MODE ID STAGE<tab>PATH`; for a conflict, the first stage counts."""
    entries: dict[str, TreeEntry] = {}
    for line in lines:
        facts, _, path = line.partition("\t")
        mode, blob, stage = facts.split(" ")
        if stage == "0":
            entries[path] = TreeEntry(path, blob, KINDS.get(mode, "file"))
        elif path not in entries:
            entries[path] = TreeEntry(path, blob, "unmerged")
    return entries


def _intended(git: Git, written: bytes) -> list[str]:
    """Paths of `git add --intent-to-add`; the index has them with the id of an empty blob."""
    if not any(blob in written for blob in EMPTY_BLOBS):
        return []
    answer = git.ask("diff-files", "-z", "--name-only", "--diff-filter=A")
    return records(answer.stdout)  # empty without a work tree


def read_blobs(blobs: Blobs, wanted: Iterable[TreeEntry]) -> dict[str, bytes]:
    """The contents of entries, by path; GitError if a blob is missing."""
    wanted = list(wanted)
    contents = blobs.read({entry.blob: entry.path for entry in wanted})
    return {entry.path: contents[entry.blob] for entry in wanted}


def _equal(before: TreeEntry | None, after: TreeEntry | None) -> bool:
    return (
        before is not None
        and after is not None
        and (before.blob, before.kind) == (after.blob, after.kind)
    )
