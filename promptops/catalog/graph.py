"""References between files: the names that each file contains, which depend only on its content."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

from promptops.analysis.includes import includes
from promptops.catalog.files import PROMPT_ENDINGS, Files
from promptops.catalog.references import roots_of
from promptops.catalog.stored_facts import BEGINNING, Names, StoredFacts
from promptops.model.config import Config
from promptops.model.internal_error import CaughtBug
from promptops.model.place import plain_text
from promptops.patterns import lazy_pattern
from promptops.repo.tree import Listing, TreeEntry
from promptops.runtime.template.limits import cached_by_size
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
        known = self._known
        return {**(known.parsed if isinstance(known, StoredFacts) else known), **self._parsed}

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
        facts = self.facts
        return [path for path, key in self.sources.items() if key not in facts]

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
        facts, found = self.facts, dict[str, list[str]]()
        for path, key in self.sources.items():
            for name in facts.get(key, ()):
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


# The names in files by the last part of their path, to find the files that may name a path.


class NameIndex:
    """From the last part of a name to the keys of the files with such names, each with one.

    Earlier names of prompts (`a…`) are not in it.
    """

    def __init__(self, facts: Iterable[tuple[str, Names]]) -> None:
        """`facts` are keys of files with their names."""
        self._found: dict[str, list[tuple[str, str]]] = {}
        for key, names in facts:
            self.add(key, names)

    def add(self, key: str, names: Names) -> None:
        """Add the names of the files with a key."""
        for name in names:
            if name[0] != "a":
                self._found.setdefault(last_part(name), []).append((key, name))

    def remove(self, key: str, names: Names) -> None:
        """Remove the names of a key; the reverse of `add`."""
        for name in names:
            found = self._found.get(last_part(name), [])
            if (key, name) in found:
                found.remove((key, name))

    def ending_in(self, last: str) -> Sequence[tuple[str, str]]:
        """The keys with a name whose last part is this, each with the name."""
        return self._found.get(last, ())


@lru_cache(maxsize=65536)
def last_part(name: str) -> str:
    """The last part of the path that a name of `Names` refers to."""
    return confined(name[1:], "", "").path.rpartition("/")[2]


# The names in the content of a file: other files, and earlier names of a prompt.

_MAX_CACHED_BYTES = 16_000_000

_WORD = lazy_pattern(r"[^\s\"'`,:{}\[\]()<>|]+")
_LIKE_A_PATH = lazy_pattern(r".+\.\w+")
_LONGEST_PATH = 4096
"""The limit of Linux. A longer run is not a path, and matching it would take quadratic time."""


def names_in_file(path: str, files: Files, value_of: Callable[[str], Any]) -> Names:
    """The printable names in a file, sorted; `value_of` parses a YAML file, None if it can't be."""
    with CaughtBug() as bug:
        found = list(_parsed_names(path, files, value_of))
    if bug.error is not None:  # the checks of the file report it
        found = list(_guessed_in(path, files))
    return tuple(sorted({name for name in found if name[1:].isprintable()}))


def kind_of(path: str) -> str:
    """How a file is read: the same bytes name other files as a prompt than as a template.

    `y` for a prompt, `j` for JSON, `t` for a template.
    """
    return "y" if path.endswith(PROMPT_ENDINGS) else "j" if path.endswith(".json") else "t"


def _parsed_names(path: str, files: Files, value_of: Callable[[str], Any]) -> Iterable[str]:
    kind = kind_of(path)
    if kind == "y":
        value = value_of(path)
        return names_in_prompt(value) if isinstance(value, dict) else _guessed_in(path, files)
    if kind == "j":
        try:
            return list(names_in_schema(json.loads(files.data(path) or b"")))
        except (ValueError, RecursionError):
            return _guessed_in(path, files)
    text = files.text(path)
    return names_in_template(text.value) if text is not None else ()


def _guessed_in(path: str, files: Files) -> Iterator[str]:
    """The names in a file that can't be parsed: everything that looks like a path."""
    return guessed_names((files.data(path) or b"").decode("utf-8", "replace"))


def names_in_prompt(value: Mapping[str, Any]) -> Iterator[str]:
    """The names in the value of a prompt file, whether or not it is valid."""
    yield from _files(value.get("extends"), "p")
    yield from (f"a{alias}" for alias in _listed(value.get("aliases")) if isinstance(alias, str))
    for mapping, text in _within(value.get("messages")):
        if mapping is not None:
            yield from _files(mapping.get("file"), "p")
        elif "{%" in text:
            yield from names_in_template(text)
    for key in ("inputs", "output", "tools"):
        yield from names_in_schema(value.get(key))
    for tool in _listed(value.get("tools")):
        yield from _files(tool.get("ref") if isinstance(tool, dict) else None, "s")
    evaluation = value.get("evaluation")
    judge = evaluation.get("judge") if isinstance(evaluation, dict) else None
    if isinstance(judge, str):
        yield from (name for end in PROMPT_ENDINGS for name in _files(f"{judge}{end}", "p"))
    for case in _listed(value.get("tests")):
        yield from _files(case.get("file") if isinstance(case, dict) else None, "p")


def names_in_schema(value: Any) -> Iterator[str]:
    """The files that a schema refers to."""
    for mapping, _ in _within(value):
        written = mapping.get("$ref") if mapping is not None else None
        if isinstance(written, str):
            yield from _files(written.partition("#")[0], "s")


def _files(written: Any, root: str) -> Iterator[str]:
    if isinstance(written, str) and written:
        yield root + written


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _within(value: Any) -> Iterator[tuple[Mapping[str, Any] | None, str]]:
    """Every mapping in a value, and every string; without recursion, for any depth."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part, ""
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, str):
            yield None, part


@cached_by_size(_MAX_CACHED_BYTES)
def names_in_template(source: str) -> Names:
    """The includes of a template; everything that looks like a path if it can't be parsed."""
    if not any(word in source for word in ("include", "import", "extends")):
        return ()
    from promptops.runtime.template.template import TemplateError, parse

    try:
        parse(source)
    except TemplateError:
        return tuple(guessed_names(source))
    return tuple(f"p{include.name}" for include in includes(plain_text("", source)))


def guessed_names(source: str) -> Iterator[str]:
    """Everything that looks like a path, from the prompt roots and from the schema roots."""
    for run in _WORD.finditer(source):
        found = _LIKE_A_PATH.match(run[0]) if len(run[0]) <= _LONGEST_PATH else None
        if found:
            yield f"p{found[0]}"
            yield f"s{found[0]}"


ESCAPES = ("\\u", "\\U", "\\x", "\\N", "\\0", "\\1")
"""Each file that writes a name with escapes contains one of these."""

ESCAPED = "\\"
"""The word of a file that contains one of `ESCAPES`: it may name any file."""

_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@+~=-"
_SPACES = bytes(byte if byte in _CHARACTERS else ord(" ") for byte in range(256))
_PLAIN_NAME = lazy_pattern(r"[A-Za-z0-9_.@+~=-]*\.[A-Za-z0-9_@+~=-][A-Za-z0-9_.@+~=-]*")
_ESCAPES = tuple(escape.encode() for escape in ESCAPES)


def file_words(content: bytes) -> frozenset[str]:
    """Every run of the characters of plain file names that has a dot in it.

    Also the part that is guessed as a name if the file can't be parsed: `a.md` of `a.md.`
    """
    runs = set(content.translate(_SPACES).split())
    found = {run.decode() for run in runs if b"." in run.rstrip(b".")}
    found |= {part[0] for part in map(_LIKE_A_PATH.match, found) if part}
    return frozenset(found | {ESCAPED} if any(map(content.__contains__, _ESCAPES)) else found)


def is_plain(name: str) -> bool:
    """Whether every file with a path that ends in this name has the name among its words."""
    return _PLAIN_NAME.fullmatch(name) is not None
