"""References between files: the names that each file contains, which depend only on its content.

Facts are stored by content id, so that of 10,000 files only the changed ones are parsed. The
target of a name depends on the path of its file and on the roots, and is computed when needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from promptops.catalog.files import Files
from promptops.catalog.name_index import NameIndex, last_part
from promptops.catalog.named_files import ESCAPED, file_words, kind_of, names_in_file
from promptops.catalog.references import roots_of
from promptops.catalog.stored_facts import BEGINNING, Names, StoredFacts
from promptops.model.config import Config
from promptops.model.tree import TreeEntry
from promptops.repo.listing import Listing
from promptops.source.paths import confined

FORMAT = 5
"""Increase this when parsing finds other names, so that old facts are not used."""

SILENT_ENDINGS = (
    *(".jsonl", ".csv", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".pdf"),
    *(".mp3", ".wav", ".ogg", ".mp4", ".zip", ".gz"),
)
FEW = 32
"""Up to this number, files are searched by content id one by one; for more, all are searched."""


class Graph:
    """The names in the files below the roots, parsed on demand if not known already."""

    def __init__(
        self,
        files: Files,
        config: Config,
        value_of: Callable[[str], Any],
        known: Mapping[str, Names],
    ) -> None:
        """`value_of` parses a YAML file, None if it can't be; `known` is by the key of a file."""
        self._files = files
        self._config = config
        self._value_of = value_of
        self._known = known
        self._parsed: dict[str, Names] = {}
        self.words: dict[str, frozenset[str]] = {}
        roots = {*config.prompts, *config.schemas}
        self._folders = () if "." in roots else tuple(f"{root}/" for root in roots)
        self._targets: dict[str, frozenset[str]] = {}
        self._forgotten: set[str] | None = None

    @property
    def facts(self) -> Mapping[str, Names]:
        """All known names, by key."""
        return {**self._known, **self._parsed}

    @property
    def parsed_count(self) -> int:
        """The number of contents parsed in this run."""
        return len(self._parsed) + len(self.words)

    @property
    def stored(self) -> StoredFacts:
        """The names that an earlier run stored."""
        return self._known if isinstance(self._known, StoredFacts) else StoredFacts()

    @property
    def is_empty(self) -> bool:
        """Whether no names are known yet."""
        return not (self._known or self._parsed or self.words)

    @property
    def has_stored(self) -> bool:
        """Whether an earlier run stored names."""
        return bool(self._known)

    @cached_property
    def sources(self) -> dict[str, str]:
        """From each file that can name other files to its key."""
        keys = ((path, self._key_of(path, entry)) for path, entry in self._files.entries.items())
        return {path: key for path, key in keys if key is not None}

    def _key(self, path: str) -> str | None:
        """The key of a file; None for a kind of file that names no others."""
        entry = self._files.entries.get(path)
        return self._key_of(path, entry) if entry is not None else None

    def _key_of(self, path: str, entry: TreeEntry) -> str | None:
        if entry.kind != "file" or path.endswith(SILENT_ENDINGS):
            return None
        if self._folders and not path.startswith(self._folders):
            return None
        return kind_of(path) + entry.blob

    def _facts_of(self, key: str) -> Names | None:
        found = self._parsed.get(key)
        return self._known.get(key) if found is None else found

    @property
    def unparsed(self) -> list[str]:
        """The files whose names are not parsed yet."""
        return [path for path, key in self.sources.items() if self._facts_of(key) is None]

    @property
    def without_words(self) -> list[str]:
        """The files of which neither the names nor the words are known."""
        keys = ((path, self._key(path)) for path in self._maybe_without_words())
        return [path for path, key in keys if key is not None and not self._has_names_or_words(key)]

    def _maybe_without_words(self) -> Iterable[str]:
        entries, known = self._files.entries, self._known
        if (
            isinstance(entries, Listing)
            and isinstance(known, StoredFacts)
            and known.listing.written
        ):
            return entries.outside(known.listing)
        return self.sources

    def _has_names_or_words(self, key: str) -> bool:
        if key in self.words or self._facts_of(key) is not None:
            return True
        return isinstance(self._known, StoredFacts) and self._known.has_words(key)

    def read_words(self, paths: Sequence[str]) -> None:
        """Collect the words of some files, in a tenth of the time of parsing their names."""
        self._files.prefetch(paths)
        for path in paths:
            content = self._files.data(path)
            key = self._key_of_read_bytes(path)
            if content is not None and key is not None:
                self.words[key] = file_words(content)

    def parse_with_words(self, names: Iterable[str]) -> None:
        """Parse the files that have one of some plain names among their words."""
        wanted = {*names, ESCAPED}
        having = (key for key, words in self.words.items() if not wanted.isdisjoint(words))
        blobs = {key[1 : BEGINNING + 1] for key in having}
        if isinstance(self._known, StoredFacts):
            blobs.update(blob for word in wanted for blob in self._known.with_word(word))
        self.parse(self._beginning(blobs))

    def _beginning(self, blobs: Collection[str]) -> list[str]:
        """The files whose content ids begin with one of some prefixes."""
        entries = self._files.entries
        if isinstance(entries, Listing) and len(blobs) <= FEW:
            return sorted({path for blob in blobs for path in entries.having(blob)})
        return [path for path, key in self.sources.items() if key[1 : BEGINNING + 1] in blobs]

    def parse(self, paths: Iterable[str]) -> None:
        """Parse the names in some files, unless they are known."""
        keys = ((path, self._key(path)) for path in paths)
        new = [path for path, key in keys if key is not None and self._facts_of(key) is None]
        self._files.prefetch(new)
        for path in new:
            self.add_names(path, names_in_file(path, self._files, self._value_of))

    def add_names(self, path: str, names: Names) -> None:
        """Add the names of a file that the caller has parsed."""
        key = self._key_of_read_bytes(path)
        if key is not None and self._facts_of(key) is None:
            self._parsed[key] = names
            self._enter(key, names)

    def _key_of_read_bytes(self, path: str) -> str | None:
        """The key of the bytes that were read: a file may have changed since it was listed."""
        key = self._key(path)
        sources = self.__dict__.get("sources")
        if sources is not None and key is not None and sources.get(path) != key:
            sources[path] = key
            self.__dict__.pop("_files_of_keys", None)
            self.__dict__.pop("_index", None)
        return key

    def names(self, path: str) -> Names:
        """The names in one file."""
        self.parse((path,))
        key = self._key(path)
        return () if key is None else self._facts_of(key) or ()

    def files_naming(self, target: str) -> Iterator[str]:
        """The files with a name that may refer to a path, among those whose names are known."""
        for path, name in self._files_naming(target.rpartition("/")[2]):
            if target in self._targets_of(path, name):
                yield path

    def _files_naming(self, last: str) -> Iterable[tuple[str, str]]:
        """The files with names that end in a last part, each with such a name."""
        entries, known = self._files.entries, self._known
        is_searched = isinstance(known, StoredFacts) and bool(known.listing.written)
        if isinstance(entries, Listing) and (is_searched or self._is_nearly_new):
            found = [*self.stored.naming(last), *self._parsed_naming(last)]
            if len(found) <= FEW:
                return self._located(entries, found)
        return self._indexed(last)

    @property
    def _is_nearly_new(self) -> bool:
        """Whether names are known of a few files only, all parsed in this run."""
        return not self._known and len(self._parsed) <= FEW

    def _located(
        self, entries: Listing, found: Iterable[tuple[str, str]]
    ) -> Iterator[tuple[str, str]]:
        for key, name in found:
            for path in entries.having(key[1:]):
                if self._key(path) == key:  # equal content is read in another way elsewhere
                    yield path, name

    def _parsed_naming(self, last: str) -> Iterator[tuple[str, str]]:
        for key, names in self._parsed.items():
            yield from ((key, name) for name in names if name[0] != "a" and last_part(name) == last)

    def _indexed(self, last: str) -> Iterator[tuple[str, str]]:
        for key, name in self._index.ending_in(last):
            yield from ((path, name) for path in self._files_of_keys[key])

    @property
    def is_complete(self) -> bool:
        """Whether the names in all files are known, except for forgotten ones."""
        return self._forgotten is not None

    def parse_all(self) -> None:
        """Parse the names in all files, unless they are known."""
        self.parse(self.unparsed if self._forgotten is None else self._forgotten)
        self._forgotten = set()

    def forget(self, path: str) -> None:
        """Parse the names in a file anew when they are next needed: its content changed."""
        self._targets.pop(path, None)
        if self._forgotten is not None:
            self._forgotten.add(path)
        sources = self.__dict__.get("sources")
        if sources is not None:
            self._move(path, sources.pop(path, None), self._key(path), sources)

    def _move(
        self, path: str, before: str | None, after: str | None, sources: dict[str, str]
    ) -> None:
        """A file has another key, or none."""
        files: dict[str, list[str]] | None = self.__dict__.get("_files_of_keys")
        if after is not None:
            sources[path] = after
        if files is None:
            return
        if before is not None:
            files[before].remove(path)
            if not files[before]:
                del files[before]
                self._leave(before)
        if after is not None:
            if after not in files:
                self._enter(after, self._facts_of(after) or ())
            files.setdefault(after, []).append(path)

    def _leave(self, key: str) -> None:
        """No file has this key any more; the reverse of `_enter`."""
        names = self._facts_of(key) or ()
        self._parsed.pop(key, None)
        index: NameIndex | None = self.__dict__.get("_index")
        if index is not None:
            index.remove(key, names)

    def dependents(self, target: str) -> Iterator[str]:
        """Every file that refers to a file, directly or indirectly, each once. Parses all files."""
        self.parse_all()
        seen, waiting = {target}, [target]
        while waiting:
            below = waiting.pop(0)
            for path, name in self._indexed(below.rpartition("/")[2]):
                if path not in seen and below in self._targets_of(path, name):
                    seen.add(path)
                    waiting.append(path)
                    yield path

    @property
    def aliases(self) -> Mapping[str, list[str]]:
        """From each earlier name of a prompt to the paths of its prompts. Parses all files."""
        self.parse_all()
        found: dict[str, list[str]] = {}
        for path, key in self.sources.items():
            for name in self._facts_of(key) or ():
                if name[0] == "a":
                    found.setdefault(name[1:], []).append(path)
        return found

    @cached_property
    def _files_of_keys(self) -> Mapping[str, list[str]]:
        """From each key to the files with it: equal files have the same key."""
        found: dict[str, list[str]] = {}
        for path, key in self.sources.items():
            found.setdefault(key, []).append(path)
        return found

    @cached_property
    def _index(self) -> NameIndex:
        facts = self.facts
        return NameIndex((key, facts[key]) for key in self._files_of_keys if key in facts)

    def _enter(self, key: str, names: Names) -> None:
        index: NameIndex | None = self.__dict__.get("_index")
        if index is not None:
            index.add(key, names)

    def targets(self, path: str) -> frozenset[str]:
        """All paths that the names in a file may refer to."""
        if path not in self._targets:
            names = (name for name in self.names(path) if name[0] != "a")
            found = (target for name in names for target in self._targets_of(path, name))
            self._targets[path] = frozenset(found)
        return self._targets[path]

    def _targets_of(self, path: str, name: str) -> Iterator[str]:
        """One path in each root: a new file in an earlier root becomes the target of the name."""
        kind: Any = "schema" if name[0] == "s" else "template"
        for root in roots_of(kind, self._config, path):
            yield confined(name[1:], path, root).path
