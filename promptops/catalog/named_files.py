"""The names in the content of a file: other files, and earlier names of a prompt."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from promptops.analysis.includes import includes
from promptops.catalog.files import Files
from promptops.catalog.prompt_ids import PROMPT_ENDINGS
from promptops.catalog.stored_facts import Names
from promptops.model.internal_error import CaughtBug
from promptops.model.place import plain_text
from promptops.patterns import lazy_pattern
from promptops.runtime.template.sized_cache import cached_by_size

_MAX_CACHED_BYTES = 16_000_000

_RUN = lazy_pattern(r"[^\s\"'`,:{}\[\]()<>|]+")
_PATH = lazy_pattern(r".+\.\w+")
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
        return _names_in_json(path, files)
    text = files.text(path)
    return names_in_template(text.value) if text is not None else ()


def _names_in_json(path: str, files: Files) -> Iterable[str]:
    try:
        return list(names_in_schema(json.loads(files.data(path) or b"")))
    except (ValueError, RecursionError):
        return _guessed_in(path, files)


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
    for run in _RUN.finditer(source):
        found = _PATH.match(run[0]) if len(run[0]) <= _LONGEST_PATH else None
        if found:
            yield f"p{found[0]}"
            yield f"s{found[0]}"


ESCAPES = ("\\u", "\\U", "\\x", "\\N", "\\0", "\\1")
"""Each file that writes a name with escapes contains one of these."""

ESCAPED = "\\"
"""The word of a file that contains one of `ESCAPES`: it may name any file."""

_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@+~=-"
_SPACES = bytes(byte if byte in _CHARACTERS else ord(" ") for byte in range(256))
_PLAIN = lazy_pattern(r"[A-Za-z0-9_.@+~=-]*\.[A-Za-z0-9_@+~=-][A-Za-z0-9_.@+~=-]*")
_ESCAPES = tuple(escape.encode() for escape in ESCAPES)


def file_words(content: bytes) -> frozenset[str]:
    """Every run of the characters of plain file names that has a dot in it.

    Also the part that is guessed as a name if the file can't be parsed: `a.md` of `a.md.`
    """
    runs = set(content.translate(_SPACES).split())
    found = {run.decode() for run in runs if b"." in run.rstrip(b".")}
    found |= {part[0] for part in map(_PATH.match, found) if part}
    return frozenset(found | {ESCAPED} if any(map(content.__contains__, _ESCAPES)) else found)


def is_plain(name: str) -> bool:
    """Whether every file with a path that ends in this name has the name among its words."""
    return _PLAIN.fullmatch(name) is not None
