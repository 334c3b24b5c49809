"""The files of one revision, by name and content id."""

from __future__ import annotations

from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    Sequence,
    ValuesView,
)
from functools import cached_property
from pathlib import Path
from typing import Literal

from promptops.records import record
from promptops.repo.blobs import Blobs
from promptops.repo.process import Git, records

Kind = Literal["file", "symlink", "submodule", "unmerged"]


@record(frozen=True, slots=True)
class TreeEntry:
    """One file of a tree.

    Attributes:
        path: Relative to the repository root, forward slashes.
        blob: Git's object id of the content; equal ids are equal content.
        kind: Only a `file` is ever read.
        tracked: In git's index; false only for untracked files of the work tree.
    """

    path: str
    blob: str
    kind: Kind = "file"
    tracked: bool = True


@record(frozen=True, slots=True)
class Changed:
    """One path that differs between two trees; a blob is None where the side lacks the path."""

    path: str
    before: str | None
    after: str | None


# The files of one revision, as git lists them; the staged changes at the start of a hook.

KINDS: Mapping[str, Kind] = {"120000": "symlink", "160000": "submodule"}
_MODE = len("100644 ")
FOUND_ONE_BY_ONE = 64
"""The number of searches after which parsing all entries is cheaper."""
COMPARED_AT_ONCE = 4096
"""In bytes: shorter parts of two listings are compared line by line."""


class Listing(Mapping[str, TreeEntry]):
    """Entries by path; behaves like the dict `parsed`.

    Accepts the output of `git ls-files --stage -z` and `git ls-tree -r -z`. For a merge conflict,
    the first stage counts.
    """

    def __init__(self, written: bytes, without: Iterable[str] = ()) -> None:
        """`without` are listed paths to leave out."""
        self.written = written
        self._without = frozenset(without)
        self._searches = 0
        self._searched_before: dict[str, TreeEntry | None] = {}

    @cached_property
    def parsed(self) -> dict[str, TreeEntry]:
        """All entries, in git's order."""
        found: dict[str, TreeEntry] = {}
        for line in self.written.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            entry = _entry(line)
            if entry.path not in found or entry.kind != "unmerged":
                found[entry.path] = entry
        for path in self._without:
            found.pop(path, None)
        return found

    @cached_property
    def records(self) -> frozenset[bytes]:
        """`MODE ID<tab>PATH` of each file, for index and tree alike, except for conflicts."""
        lines = self.written.split(b"\0")[:-1]
        if not self._is_index:
            return frozenset([line[:_MODE] + line[line.index(b" ", _MODE) + 1 :] for line in lines])
        end = lines[0].index(b" ", _MODE) if lines else 0
        return frozenset([_without_stage(line, end) for line in lines])

    @cached_property
    def _is_index(self) -> bool:
        """Whether it is the list of an index, which is sorted by the bytes of paths."""
        return not self.written.startswith((b"blob ", b"commit "), _MODE)

    @cached_property
    def has_conflicts(self) -> bool:
        """Whether a file is unmerged; parses all entries only if one seems to be."""
        stages = (b" 1\t", b" 2\t", b" 3\t")
        if not (self._is_index and any(stage in self.written for stage in stages)):
            return False
        return any(entry.kind == "unmerged" for entry in self.parsed.values())

    @cached_property
    def is_ascii(self) -> bool:
        """Whether all paths are ASCII."""
        return self.written.isascii()

    @cached_property
    def _lower(self) -> bytes:
        return self.written.lower()

    def less(self, paths: Iterable[str]) -> Listing:
        """The same listing without some more paths."""
        hidden = tuple(paths)
        return Listing(self.written, (*self._without, *hidden)) if hidden else self

    def outside(self, other: Listing) -> list[str]:
        """Sorted paths whose records another listing lacks, and all left-out paths."""
        if self._is_index and other._is_index:
            lines = set(_lines_outside(self.written, other.written))
        else:
            lines = {*(self.records - other.records)}
        paths = {line.partition(b"\t")[2].decode("utf-8", "surrogateescape") for line in lines}
        return sorted(paths | self._without)

    def starting_with(self, text: str) -> Iterator[str]:
        """The paths that start with a string, each once."""
        if not self._is_index:
            yield from (path for path in self.holding(text) if path.startswith(text))
            return
        start = _start_of(self.written, text.encode("utf-8", "surrogateescape"))
        last = None
        while start < len(self.written):
            line = self._line(start)
            path = line.partition("\t")[2]
            if not path.startswith(text):
                return
            if path != last and path not in self._without:
                yield path
            last = path
            start = self.written.index(b"\0", start) + 1

    def holding(self, text: str) -> Iterator[str]:
        """The paths that contain a string, each once."""
        part = text.encode("utf-8", "surrogateescape")
        if part not in self.written:
            return iter(())
        if self.written.count(part) > FOUND_ONE_BY_ONE:
            return (path for path in self._paths if text in path)
        return iter(dict.fromkeys(self._paths_around(part)))

    def beginning(self, text: str) -> Iterator[str]:
        """The paths that start with a string, ignoring case, each once.

        Requires `is_ascii`.
        """
        part = text.lower()
        starts = self._starts_around(self._lower, f"\t{part}".encode("utf-8", "surrogateescape"))
        paths = dict.fromkeys(_entry(self._line(start)).path for start in starts)
        return (path for path in paths if path.lower().startswith(part) and path in self)

    def having(self, blob: str) -> Iterator[str]:
        """The paths of entries whose id starts with `blob`."""
        for start in self._starts_around(self.written, f" {blob}".encode()):
            entry = _entry(self._line(start))
            if entry.blob.startswith(blob) and self.get(entry.path) == entry:
                yield entry.path

    def __getitem__(self, path: str) -> TreeEntry:
        if "parsed" in self.__dict__:
            return self.parsed[path]
        if path not in self._searched_before:
            self._searches += 1
            if self._searches > FOUND_ONE_BY_ONE:
                return self.parsed[path]
            hidden = path in self._without
            self._searched_before[path] = None if hidden else self._searched(path)
        found = self._searched_before[path]
        if found is None:
            raise KeyError(path)
        return found

    @cached_property
    def _paths(self) -> dict[str, None]:
        lines = self.written.decode("utf-8", "surrogateescape").split("\0")[:-1]
        found = dict.fromkeys([line.partition("\t")[2] for line in lines])
        for path in self._without:
            found.pop(path, None)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def keys(self) -> KeysView[str]:
        return self._paths.keys()

    def values(self) -> ValuesView[TreeEntry]:
        return self.parsed.values()

    def items(self) -> ItemsView[str, TreeEntry]:
        return self.parsed.items()

    def _searched(self, path: str) -> TreeEntry | None:
        try:
            name = path.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return None
        if b"\0" in name:
            return None
        for start in self._starts_of(name):
            entry = _entry(self._line(start))
            if entry.path == path:  # it may be the end of a path that contains a tab
                return entry
        return None

    def _starts_of(self, name: bytes) -> Iterable[int]:
        """Offsets of lines that end with a path; in an index, of the first line of this path."""
        if not self._is_index:
            return self._starts_around(self.written, b"\t%b\0" % name)
        start = _start_of(self.written, name)
        return (start,) if start < len(self.written) else ()

    def _paths_around(self, part: bytes) -> Iterator[str]:
        for start in self._starts_around(self.written, part):
            path = _entry(self._line(start)).path
            if part in path.encode("utf-8", "surrogateescape") and path not in self._without:
                yield path

    @staticmethod
    def _starts_around(written: bytes, part: bytes) -> Iterator[int]:
        """Offsets of lines that contain some bytes, which may include the final NUL."""
        at = written.find(part)
        while at >= 0:
            yield written.rfind(b"\0", 0, at) + 1
            end = written.find(b"\0", at)
            at = written.find(part, end)

    def _line(self, start: int) -> str:
        end = self.written.index(b"\0", start)
        return self.written[start:end].decode("utf-8", "surrogateescape")


def _start_of(written: bytes, path: bytes) -> int:
    """The offset of the first line with this path or a later one, by binary search."""
    low, high = 0, len(written)
    while low < high:
        start = written.rfind(b"\0", low, (low + high) // 2) + 1 or low
        end = written.index(b"\0", start)
        if written[written.index(b"\t", start) + 1 : end] < path:
            low = end + 1
        else:
            high = start
    return low


def _lines_outside(written: bytes, other: bytes) -> Iterator[bytes]:
    """The lines that another listing of an index lacks or has in another place.

    Equal halves, usually most of a listing, are not split into lines.
    """
    if written == other:
        return
    middle = written.find(b"\0", len(written) // 2) + 1
    if len(written) <= COMPARED_AT_ONCE or middle == len(written):
        yield from {*written.split(b"\0")[:-1]} - {*other.split(b"\0")}
        return
    path = written[written.index(b"\t", middle) + 1 : written.index(b"\0", middle)]
    cut = _start_of(other, path)
    yield from _lines_outside(written[:middle], other[:cut])
    yield from _lines_outside(written[middle:], other[cut:])


def _without_stage(line: bytes, end: int) -> bytes:
    """A line of the index without its stage; `end` is the end of the id. Conflicts stay."""
    return line[:end] + line[end + 2 :] if line[end : end + 3] == b" 0\t" else line


def starting_with(entries: Mapping[str, TreeEntry], text: str) -> Iterable[str]:
    """The paths of a tree that start with a string."""
    if isinstance(entries, Listing):
        return entries.starting_with(text)
    return (path for path in entries if path.startswith(text))


def holding(entries: Mapping[str, TreeEntry], text: str) -> Iterable[str]:
    """The paths of a tree that contain a string."""
    if isinstance(entries, Listing):
        return entries.holding(text)
    return (path for path in entries if text in path)


def has_conflicts(entries: Mapping[str, TreeEntry]) -> bool:
    """Whether a file of a tree is unmerged."""
    if isinstance(entries, Listing):
        return entries.has_conflicts
    return any(entry.kind == "unmerged" for entry in entries.values())


def _entry(line: str) -> TreeEntry:
    """Parse `MODE ID STAGE<tab>PATH` or `MODE TYPE ID<tab>PATH`."""
    facts, _, path = line.partition("\t")
    mode, first, last = facts.split(" ")
    if len(last) > 1:
        return TreeEntry(path, last, KINDS.get(mode, "file"))
    kind = KINDS.get(mode, "file") if last == "0" else "unmerged"
    return TreeEntry(path, first, kind)


# The files of one revision, as git lists them.

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


# The staged changes at the start of a hook, read with one run of git.

RAW = ("--raw", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff", "--ignore-submodules=dirty")


@record(frozen=True, slots=True, kw_only=True)
class Staged:
    """Git's results about the index of the repository around a directory.

    Attributes:
        directory: The absolute path where git ran.
        changes: The index compared with HEAD: output of `git diff --cached` with `RAW`.
        contents: The index contents of some paths; for a link, its target. None for a missing path,
            or a conflict.
        blobs: Reads contents; its process is still running.
    """

    directory: Path
    changes: bytes
    contents: Mapping[str, bytes | None]
    blobs: Blobs

    @property
    def paths(self) -> list[str]:
        """The paths that differ from HEAD."""
        return changed_paths(self.changes)


def staged_in(git: Git, paths: tuple[str, ...]) -> Staged | None:
    """The staged changes, with the index contents of some paths; None without changes.

    Raises GitError if git fails.
    """
    changes = git.run("diff", "--cached", *RAW, "--no-relative", "--")
    if not changes:
        return None
    blobs = Blobs(git)
    contents = blobs.in_index(paths)
    return Staged(directory=git.directory, changes=changes, contents=contents, blobs=blobs)


def changed_paths(changes: bytes) -> list[str]:
    """The paths in git's output with `RAW`."""
    return records(changes)[1::2]


def parse_changes(lines: Sequence[str], conflicts: Mapping[str, str]) -> tuple[Changed, ...]:
    """Parse git's output with `RAW`: `:MODE MODE ID ID STATUS` and path, in turn.

    Args:
        conflicts: The blob by path for files with a merge conflict.
    """
    changes = (
        _change(facts[1:].split(" "), path, conflicts)
        for facts, path in zip(lines[::2], lines[1::2], strict=True)
    )
    return tuple(sorted((each for each in changes if each), key=lambda change: change.path))


def _change(facts: list[str], path: str, conflicts: Mapping[str, str]) -> Changed | None:
    mode, new_mode, before, after, _ = facts
    if before == after and kind_of(mode) == kind_of(new_mode) and path not in conflicts:
        return None  # only the permissions differ
    return Changed(path, _blob_or_none(before), conflicts.get(path, _blob_or_none(after)))


def _blob_or_none(blob: str) -> str | None:
    return blob if blob.strip("0") else None
