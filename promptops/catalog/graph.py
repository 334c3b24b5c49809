"""Who names whom: what each file says, as it is written, and so a fact about its content alone.

Facts are kept by content id, so that of 10,000 files only those that changed are read. What a name
means depends on where its file stands and on the roots, and is worked out when asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any

from promptops.analysis.includes import includes
from promptops.catalog.files import Files
from promptops.catalog.references import roots_of
from promptops.model.config import Config
from promptops.model.internal_error import internal_error
from promptops.model.place import plain_text
from promptops.patterns import lazy_pattern
from promptops.runtime.sized_cache import cached_by_size
from promptops.source.paths import confined

Names = tuple[str, ...]
"""What one file names, sorted, each behind a letter: `p` for a path that starts from the roots of
prompts, `s` from those of schemas, `a` for a name that the prompt had itself."""

_MAX_CACHED_BYTES = 16_000_000

FORMAT = 3
"""To be raised when the same content is read as other names, so that no old fact is believed."""

PROMPT_ENDINGS = (".prompt.yaml", ".prompt.yml")
SILENT_ENDINGS = (
    *(".jsonl", ".csv", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".pdf"),
    *(".mp3", ".wav", ".ogg", ".mp4", ".zip", ".gz"),
)
ESCAPES = ("\\u", "\\U", "\\x", "\\N", "\\0", "\\1")
"""Each file that names one otherwise than letter by letter holds one of these."""

_RUN = lazy_pattern(r"[^\s\"'`,:{}\[\]()<>|]+")
_PATH = lazy_pattern(r".+\.\w+")
_LONGEST_PATH = 4096
"""Of Linux; what is longer names no file, and would be searched for its last dot from each of its
characters."""


class Graph:
    """The names in the files below the roots, read when asked and not known already."""

    def __init__(
        self,
        files: Files,
        config: Config,
        value_of: Callable[[str], Any],
        known: Mapping[str, Names],
    ) -> None:
        """`value_of` reads a YAML file, None for one that can't be; `known` is by `key_of`."""
        self._files = files
        self._config = config
        self._value_of = value_of
        self.facts = dict(known)
        self.learnt = False
        self._targets: dict[str, frozenset[str]] = {}

    @cached_property
    def sources(self) -> dict[str, str]:
        """From each file that may name another to the key of its facts."""
        roots = {*self._config.prompts, *self._config.schemas}
        folders = tuple(f"{root}/" for root in roots)
        return {
            path: _sort(path) + entry.blob
            for path, entry in self._files.entries.items()
            if entry.kind == "file"
            and not path.endswith(SILENT_ENDINGS)
            and ("." in roots or path.startswith(folders))
        }

    @property
    def unknown(self) -> list[str]:
        """The files whose names are not known yet."""
        facts = self.facts
        return [path for path, key in self.sources.items() if key not in facts]

    def learn(self, paths: Iterable[str]) -> None:
        """Read what some files name."""
        new = [path for path in paths if self.sources.get(path, "") not in self.facts]
        self._files.prefetch(new)
        for path in new:
            if path in self.sources:
                self.know(path, self._read(path))

    def know(self, path: str, names: Names) -> None:
        """Take what a file names from whoever has read it."""
        key = self._key_of_what_was_read(path)
        if key is not None and key not in self.facts:
            self.facts[key] = names
            self.learnt = True
            self._enter(key, names)

    def _key_of_what_was_read(self, path: str) -> str | None:
        """By the bytes that were read: a file may have been written since it was listed."""
        listed = self.sources.get(path)
        if listed is None:
            return None
        key = _sort(path) + self._files.entries[path].blob
        if key != listed:
            self.sources[path] = key
            self.__dict__.pop("_holding", None)
            self.__dict__.pop("_index", None)
        return key

    def names(self, path: str) -> Names:
        """What one file names."""
        self.learn((path,))
        return self.facts.get(self.sources.get(path, ""), ())

    def namers(self, target: str) -> Iterator[str]:
        """Of the files whose names are known, those of which a name may mean a path."""
        last = target.rpartition("/")[2]
        for key, name in self._index.get(last, ()):
            for path in self._holding[key]:
                if target in self._meant(path, name):
                    yield path

    def above(self, target: str) -> Iterator[str]:
        """Every file that names a file, or one that does, each once; all files are read."""
        self.learn(self.unknown)
        seen, waiting = {target}, [target]
        while waiting:
            for path in self.namers(waiting.pop(0)):
                if path not in seen:
                    seen.add(path)
                    waiting.append(path)
                    yield path

    @property
    def aliases(self) -> Mapping[str, list[str]]:
        """From each name that prompts had to their paths; all files are read."""
        self.learn(self.unknown)
        found: dict[str, list[str]] = {}
        for path, key in self.sources.items():
            for name in self.facts[key]:
                if name[0] == "a":
                    found.setdefault(name[1:], []).append(path)
        return found

    @cached_property
    def _holding(self) -> Mapping[str, list[str]]:
        """From the key of facts to the files they are of: equal files have one key."""
        found: dict[str, list[str]] = {}
        for path, key in self.sources.items():
            found.setdefault(key, []).append(path)
        return found

    @cached_property
    def _index(self) -> dict[str, list[tuple[str, str]]]:
        """From the last part of a name to the keys of the files that say it, each with it."""
        self.__dict__["_index"] = {}
        for key in self._holding:
            if key in self.facts:
                self._enter(key, self.facts[key])
        index: dict[str, list[tuple[str, str]]] = self.__dict__["_index"]
        return index

    def _enter(self, key: str, names: Names) -> None:
        index = self.__dict__.get("_index")
        if index is not None:
            for name in names:
                if name[0] != "a":
                    index.setdefault(_last(name), []).append((key, name))

    def meant(self, path: str) -> frozenset[str]:
        """All paths that a file's names may mean."""
        if path not in self._targets:
            names = (name for name in self.names(path) if name[0] != "a")
            found = (target for name in names for target in self._meant(path, name))
            self._targets[path] = frozenset(found)
        return self._targets[path]

    def _meant(self, path: str, name: str) -> Iterator[str]:
        """All places where the file may be: a new one in an earlier root takes the name over."""
        kind: Any = "schema" if name[0] == "s" else "template"
        for root in roots_of(kind, self._config, path):
            yield confined(name[1:], path, root).path

    def _read(self, path: str) -> Names:
        try:
            found = list(self._named_in(path))
        except BaseException as error:  # noqa: BLE001  # `internal_error` raises what it must
            internal_error(error)  # reported by who judges the file
            found = list(self._guessed(path))
        return tuple(sorted({name for name in found if name[1:].isprintable()}))

    def _named_in(self, path: str) -> Iterable[str]:
        sort = _sort(path)
        if sort == "y":
            return self._of_prompt(path)
        if sort == "j":
            return self._of_json(path)
        text = self._files.text(path)
        return _of_template(text.value) if text is not None else ()

    def _of_prompt(self, path: str) -> Iterable[str]:
        value = self._value_of(path)
        return _of_value(value) if isinstance(value, dict) else self._guessed(path)

    def _of_json(self, path: str) -> Iterable[str]:
        try:
            return list(_referred(json.loads(self._files.data(path) or b"")))
        except (ValueError, RecursionError):
            return self._guessed(path)

    def _guessed(self, path: str) -> Iterable[str]:
        """Of a file that can't be read: it may name all that looks like a path."""
        return _paths((self._files.data(path) or b"").decode("utf-8", "replace"))


def _sort(path: str) -> str:
    """How a file is read: the same bytes name other files as a prompt than as a template."""
    return "y" if path.endswith(PROMPT_ENDINGS) else "j" if path.endswith(".json") else "t"


@lru_cache(maxsize=65536)
def _last(name: str) -> str:
    return confined(name[1:], "", "").path.rpartition("/")[2]


def _of_value(value: Mapping[str, Any]) -> Iterator[str]:
    """What a prompt file's value names, whether or not it fits the schema."""
    yield from _files(value.get("extends"), "p")
    yield from (f"a{alias}" for alias in _listed(value.get("aliases")) if isinstance(alias, str))
    for mapping, text in _within(value.get("messages")):
        if mapping is not None:
            yield from _files(mapping.get("file"), "p")
        elif "{%" in text:
            yield from _of_template(text)
    for key in ("inputs", "output", "tools"):
        yield from _referred(value.get(key))
    for tool in _listed(value.get("tools")):
        yield from _files(tool.get("ref") if isinstance(tool, dict) else None, "s")
    evaluation = value.get("evaluation")
    judge = evaluation.get("judge") if isinstance(evaluation, dict) else None
    if isinstance(judge, str):
        yield from (name for end in PROMPT_ENDINGS for name in _files(f"{judge}{end}", "p"))
    for case in _listed(value.get("tests")):
        yield from _files(case.get("file") if isinstance(case, dict) else None, "p")


def _referred(value: Any) -> Iterator[str]:
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
    """Every mapping in a value, and every text; no recursion, however deep it is."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each, ""
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
        elif isinstance(each, str):
            yield None, each


@cached_by_size(_MAX_CACHED_BYTES)
def _of_template(source: str) -> Names:
    if not any(word in source for word in ("include", "import", "extends")):
        return ()
    from promptops.runtime.template import TemplateError, parse

    try:
        parse(source)
    except TemplateError:
        return tuple(_paths(source))
    return tuple(f"p{include.name}" for include in includes(plain_text("", source)))


def _paths(source: str) -> Iterator[str]:
    for run in _RUN.finditer(source):
        found = _PATH.match(run[0]) if len(run[0]) <= _LONGEST_PATH else None
        if found:
            yield f"p{found[0]}"
            yield f"s{found[0]}"
