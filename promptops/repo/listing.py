"""Git's list of files as bytes: of 10,000 entries, only those in use are parsed."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from functools import cached_property

from promptops.model.tree import Kind, TreeEntry

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


def _entry(line: str) -> TreeEntry:
    """Parse `MODE ID STAGE<tab>PATH` or `MODE TYPE ID<tab>PATH`."""
    facts, _, path = line.partition("\t")
    mode, first, last = facts.split(" ")
    if len(last) > 1:
        return TreeEntry(path, last, KINDS.get(mode, "file"))
    kind = KINDS.get(mode, "file") if last == "0" else "unmerged"
    return TreeEntry(path, first, kind)
