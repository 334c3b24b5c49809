"""The names in files, stored by an earlier run: searched as bytes, or parsed for many queries.

There is one line for each name: its last part, the key of the file, and the name, separated by
tabs. A file without names has a line without last part and name. Names are printable, so they
contain no tab and no newline. A file whose names are not known has a line `/` with its key. Each
word of such files has a line `/WORD` with the prefixes of their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from promptops.repo.tree import Listing

Names = tuple[str, ...]
"""The names in one file, sorted, each after a letter: `p` for a path relative to the prompt roots,
`s` relative to the schema roots, `a` for an earlier name of the prompt."""

_WORD = "/"
"""Begins the lines of words; the last part of a path has no slash."""

BEGINNING = 10
"""The number of digits of an id prefix. Two files with the same prefix are both checked."""

FOUND_ONE_BY_ONE = 64
"""After this many searches for a key, parsing all lines is cheaper."""


class StoredFacts(Mapping[str, Names]):
    """Names by key, found without parsing all lines.

    Attributes:
        listing: The files that are stored here, or that can name no others, as of an index.
    """

    def __init__(self, lines: bytes = b"", listing: bytes = b"") -> None:
        """`lines` begin and end with a newline; empty if nothing is stored."""
        self._lines = lines
        self.listing = Listing(listing)
        self._searches = 0
        self._searched: dict[str, Names | None] = {}

    @cached_property
    def parsed(self) -> dict[str, Names]:
        """All names, by key."""
        found: dict[str, list[str]] = {}
        for line in self._lines.decode().split("\n")[1:-1]:
            last, key, name = line.split("\t")
            if last.startswith(_WORD):
                continue
            names = found.setdefault(key, [])
            if name:
                names.append(name)
        return {key: tuple(names) for key, names in found.items()}

    @cached_property
    def words(self) -> dict[str, str]:
        """From each word to the id prefixes of the files that have it, separated by spaces."""
        lines = self._matching(f"\n{_WORD}".encode())
        return {word[1:]: beginnings for word, key, beginnings in lines if not key}

    @cached_property
    def keys_with_words(self) -> frozenset[str]:
        """The keys of the files whose words are stored."""
        return frozenset(key for _, key, _ in self._matching(f"\n{_WORD}\t".encode()))

    def has_words(self, key: str) -> bool:
        """Whether the words of a file are stored."""
        self._searches += 1
        if self._searches > FOUND_ONE_BY_ONE:
            return key in self.keys_with_words
        return f"\n{_WORD}\t{key}\t".encode() in self._lines

    def with_word(self, word: str) -> list[str]:
        """The id prefixes of the files that have a word."""
        lines = self._matching(f"\n{_WORD}{word}\t".encode())
        return [beginning for *_, beginnings in lines for beginning in beginnings.split()]

    def naming(self, last: str) -> list[tuple[str, str]]:
        """The keys of the files with names that end in a last part, each with such a name."""
        found = self._matching(f"\n{last}\t".encode("utf-8", "surrogatepass")) if last else ()
        return [(key, name) for _, key, name in found]

    def __getitem__(self, key: str) -> Names:
        if "parsed" in self.__dict__:
            return self.parsed[key]
        self._searches += 1
        if self._searches > FOUND_ONE_BY_ONE:
            return self.parsed[key]
        if key not in self._searched:
            self._searched[key] = self._search(key)
        found = self._searched[key]
        if found is None:
            raise KeyError(key)
        return found

    def _search(self, key: str) -> Names | None:
        lines = [line for line in self._matching(f"\t{key}\t".encode()) if _is_name(line, key)]
        return tuple(name for _, _, name in lines if name) if lines else None

    def __iter__(self) -> Iterator[str]:
        return iter(self.parsed)

    def __len__(self) -> int:
        return len(self.parsed)

    def __bool__(self) -> bool:
        return bool(self._lines)

    def _matching(self, part: bytes) -> Iterator[list[str]]:
        """The fields of each line that contains some bytes, which may begin with its newline."""
        lines = self._lines
        at = lines.find(part)
        while at >= 0:
            start = at if part.startswith(b"\n") else lines.rfind(b"\n", 0, at)
            end = lines.index(b"\n", start + 1)
            yield lines[start + 1 : end].decode().split("\t")
            at = lines.find(part, end)


def lines_of_facts(facts: Mapping[str, Names], last_part: Callable[[str], str]) -> Iterator[str]:
    """The lines for `StoredFacts`, each without its newline."""
    for key, names in facts.items():
        yield from _lines(key, names, last_part)


def lines_of_words(words: Mapping[str, str], keys: Iterable[str]) -> Iterator[str]:
    """The lines for `StoredFacts` of its `words` and `keys_with_words`."""
    yield from (f"{_WORD}\t{key}\t" for key in keys)
    yield from (f"{_WORD}{word}\t\t{beginnings}" for word, beginnings in words.items())


def by_word(words: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """As `StoredFacts.words`, from the words by key."""
    found: dict[str, list[str]] = {}
    for key, some in words.items():
        for word in some:
            found.setdefault(word, []).append(key[1 : BEGINNING + 1])
    return {word: " ".join(beginnings) for word, beginnings in found.items()}


def _is_name(line: list[str], key: str) -> bool:
    return line[1] == key and not line[0].startswith(_WORD)


def _lines(key: str, names: Names, last_part: Callable[[str], str]) -> Iterable[str]:
    if not names:
        yield f"\t{key}\t"
    for name in names:
        last = "" if name[0] == "a" else last_part(name)
        yield f"{last}\t{key}\t{name}"
