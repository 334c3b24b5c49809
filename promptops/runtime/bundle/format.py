"""The file format of a bundle: two header lines, then one line for each prompt, template and file.

The first line contains the format and the SHA-256 of everything after it, so the digest covers all
content. The second line describes what was built and where each item is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, TypeVar

from promptops.errors import InputError
from promptops.patterns import lazy_pattern
from promptops.records import field, record
from promptops.runtime.request.json_text import json_writer

FORMATS = (1, 2)
"""Version 2 has the parsed program of each text beside it."""
FORMAT = FORMATS[-1]
PROGRAMS = 1
"""The version of the programs, see `runtime/template/parsed_program.py`."""
MAX_BYTES = 256 * 1024 * 1024
MAX_FIRST_LINE = 256


@record(frozen=True, slots=True, kw_only=True)
class BundleOrigin:
    """The source from which a bundle was built.

    Attributes:
        release: The name of the tag; None for a revision that is not a release.
        commit, tree: Ids of git objects.
        content: SHA-256, in hexadecimal, of the files from which the prompts were built.
    """

    commit: str
    tree: str
    content: str
    release: str | None = None


@record(frozen=True, slots=True, kw_only=True)
class Contents:
    """A bundle in memory, whose bytes match its digest.

    Attributes:
        digest: SHA-256 in hexadecimal: its identity.
        format: One of `FORMATS`.
        prompts, parts, files: The spans of the lines: of prompts by id, of included templates and
            of media files by path. A span is checked when its line is requested.
        aliases: From former ids of prompts to current ones.
        data: All bytes of the bundle.
    """

    digest: str
    format: int
    origin: BundleOrigin
    prompts: Mapping[str, Any]
    parts: Mapping[str, Any]
    files: Mapping[str, Any]
    aliases: Mapping[str, Any]
    data: bytes = field(repr=False)
    _body: memoryview = field(repr=False)

    def line(self, span: Any) -> Fields:
        """The object in a line; raises Misshapen for an invalid span, line or object."""
        if type(span) is not list or [type(number) for number in span] != [int, int]:
            raise Misshapen("no span")
        start, length = span
        if (
            start < 0
            or length < 0
            or bytes(self._body[start + length : start + length + 1]) != b"\n"
        ):
            raise Misshapen("a span without a line")
        return Fields(read_json(bytes(self._body[start : start + length])))


def bundle_bytes(
    origin: BundleOrigin,
    prompts: Iterable[Mapping[str, Any]],
    parts: Mapping[str, Mapping[str, Any]],
    files: Mapping[str, Mapping[str, Any]],
    number: int = FORMAT,
) -> bytes:
    """Serialise prompts as a bundle; each has its `id`, and their order does not matter.

    `number` is the format. Raises ValueError for a value that is not JSON.
    """
    return assembled(origin, encoded(prompts), parts, files, number)


@record(frozen=True, slots=True)
class EncodedPrompts:
    """The lines of prompts, as bytes, and their former ids; both by id."""

    lines: Mapping[str, bytes]
    aliases: Mapping[str, tuple[str, ...]]


def encoded(prompts: Iterable[Mapping[str, Any]]) -> EncodedPrompts:
    """Encode prompts one after another, so that only one of them is in memory as a value.

    Raises ValueError for a value that is not JSON.
    """
    from promptops.runtime.request.canonical import canonical_json

    lines, aliases = {}, {}
    for prompt in prompts:
        identity = str(prompt["id"])
        lines[identity] = canonical_json(dict(prompt)).encode()
        aliases[identity] = tuple(prompt.get("aliases", ()))
    return EncodedPrompts(lines, aliases)


def assembled(
    origin: BundleOrigin,
    prompts: EncodedPrompts,
    parts: Mapping[str, Mapping[str, Any]],
    files: Mapping[str, Mapping[str, Any]],
    number: int,
) -> bytes:
    """Like `bundle_bytes`, for encoded prompts."""
    from promptops.runtime.request.canonical import canonical_json

    kinds = (("parts", _encoded(parts)), ("files", _encoded(files)), ("prompts", prompts.lines))
    lines: list[bytes] = []
    spans: dict[str, dict[str, list[int]]] = {}
    at = 0
    for kind, found in kinds:
        spans[kind] = {}
        for name in sorted(found):
            line = found[name]
            spans[kind][name] = [at, len(line)]
            at += len(line) + 1
            lines.append(line)
    aliases = {alias: name for name in sorted(prompts.lines) for alias in prompts.aliases[name]}
    second = canonical_json(
        {
            "aliases": {
                alias: name for alias, name in aliases.items() if alias not in prompts.lines
            },
            "commit": origin.commit,
            "content": origin.content,
            "release": origin.release,
            "tree": origin.tree,
            **({"programs": PROGRAMS} if number > 1 else {}),
            **spans,
        }
    )
    rest = b"\n".join((second.encode(), *lines, b""))
    first = canonical_json({"bundle": number, "sha256": sha256(rest).hexdigest()})
    return first.encode() + b"\n" + rest


def _encoded(found: Mapping[str, Mapping[str, Any]]) -> dict[str, bytes]:
    from promptops.runtime.request.canonical import canonical_json

    return {name: canonical_json(dict(item)).encode() for name, item in found.items()}


def read_bundle(data: bytes, where: str) -> Contents:
    """Read a bundle, checking its digest before anything else.

    Raises InputError, with `where`, for bytes that are not a bundle, have another format, or are
    damaged.
    """
    first, _, _ = data[:MAX_FIRST_LINE].partition(b"\n")
    try:
        head = read_json(first)
        number, expected = head["bundle"], head["sha256"]
    except (Misshapen, KeyError, TypeError):
        raise _no_bundle(where) from None
    if type(number) is not int:
        raise _no_bundle(where)
    if number not in FORMATS:
        raise _unsupported(f"format {number}", where, newer=number > FORMAT)
    begin = len(first) + 1
    digest = sha256(memoryview(data)[begin:]).hexdigest()
    if digest != expected:
        hint = "download or build it again: it is damaged, truncated or was changed"
        raise InputError("the bundle does not match its digest", where=where, hint=hint)
    end = data.find(b"\n", begin)
    try:
        second = Fields(read_json(data[begin:end])) if end >= 0 else Fields(None)
        programs = second.optional_number("programs") if number > 1 else PROGRAMS
        if programs != PROGRAMS:
            raise _unsupported(f"programs {programs}", where, newer=(programs or 0) > PROGRAMS)
        return Contents(
            digest=digest,
            format=number,
            origin=BundleOrigin(
                commit=second.text("commit"),
                tree=second.text("tree"),
                content=second.text("content"),
                release=second.text_or_none("release"),
            ),
            prompts=second.object("prompts"),
            parts=second.object("parts"),
            files=second.object("files"),
            aliases=second.object("aliases"),
            data=data,
            _body=memoryview(data)[end + 1 :],
        )
    except Misshapen:
        raise _no_bundle(where) from None


def _unsupported(what: str, where: str, *, newer: bool) -> InputError:
    hint = "install a newer promptops" if newer else "build it again"
    return InputError(f"the bundle has the unsupported {what}", where=where, hint=hint)


def _no_bundle(where: str) -> InputError:
    hint = "create one: promptops build REF -o FILE"
    return InputError("this is not a bundle", where=where, hint=hint)


_ALWAYS_BYTES = 16 * 1024 * 1024
_RATIO = 40
"""JSON compresses to a tenth of its size, a zip bomb to a thousandth."""


def most_unpacked(packed_bytes: int, largest: int) -> int:
    """The largest number of bytes to which packed bytes may expand, at most `largest`."""
    return min(largest, _ALWAYS_BYTES + _RATIO * packed_bytes)


# Strict reading of untrusted JSON, with typed access to its values.

T = TypeVar("T")

MAX_DEPTH = 200
"""Bundles are far below this limit: YAML and JSON Schemas are at most 50 deep."""
MAX_DIGITS = 400

_HALF_A_PAIR = lazy_pattern(r"(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]")
"""Canonical JSON never escapes characters beyond 16 bits, so an escaped half stands alone."""


class Misshapen(ValueError):
    """The data is not JSON, or JSON of another shape than expected."""


def read_json(data: bytes | str) -> Any:
    """Parse one JSON value: UTF-8, no duplicate keys, no number that other languages can't read.

    Raises Misshapen.
    """
    try:
        text = data if isinstance(data, str) else data.decode()
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise Misshapen("this is not JSON") from None
    if "\\u" in text and _HALF_A_PAIR.search(text):
        raise Misshapen("half of a surrogate pair")
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_deep(value):
        raise Misshapen("nested too deep")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Misshapen("a key occurs twice")
    return found


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise Misshapen("a number of too many digits")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Misshapen("a number that is too large")
    return number


def _no_number(name: str) -> float:
    raise Misshapen(f"{name} is not a number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_fraction, parse_constant=_no_number
)


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            below
            for container in level
            for below in (container.values() if type(container) is dict else container)
            if type(below) in (dict, list)
        ]
        if not level:
            return False
    return True


class Fields:
    """A JSON object with typed access to its values.

    Each method raises Misshapen for a value of another type. For an optional value, a missing key
    means None.
    """

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        if type(value) is not dict:
            raise Misshapen("no object")
        self._value: dict[str, Any] = value

    def __contains__(self, name: str) -> bool:
        return name in self._value

    def __iter__(self) -> Iterator[str]:
        return iter(self._value)

    def text(self, name: str, default: str | None = None) -> str:
        return _typed(self._value.get(name, default), str)

    def optional_text(self, name: str) -> str | None:
        return self.text(name) if name in self._value else None

    def text_or_none(self, name: str) -> str | None:
        """A string, or null."""
        return self.text(name) if self._value.get(name, "") is not None else None

    def object(self, name: str) -> dict[str, Any]:
        """An object with any content."""
        return _typed(self._value.get(name), dict)

    def optional_number(self, name: str) -> int | None:
        return _typed(self._value[name], int) if name in self._value else None

    def flag(self, name: str) -> bool:
        return _typed(self._value.get(name, False), bool)

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(_typed(item, str) for item in self.items(name))

    def items(self, name: str) -> list[Any]:
        """A list; empty if it is missing."""
        return _typed(self._value.get(name, []), list)

    def objects(self, name: str, read: Callable[[Fields], T]) -> tuple[T, ...]:
        """The objects of a list, each converted by `read`."""
        return tuple(read(Fields(item)) for item in self.items(name))

    def one_of(self, name: str, known: tuple[T, ...], default: T | None = None) -> T:
        found = self._value.get(name, default)
        if found not in known:
            raise Misshapen(f"{name!r} is not one of {known}")
        return known[known.index(found)]

    def inner(self, name: str) -> Fields:
        """A nested object; empty if it is missing."""
        return Fields(self._value.get(name, {}))

    def json_value(self, name: str) -> Any:
        """JSON data that is stored as a string of JSON; None if it is missing."""
        return read_json(self.text(name)) if name in self._value else None

    def json_object(self, name: str) -> dict[str, Any]:
        """Like `json_value`, for an object; empty if it is missing."""
        return _typed(self.json_value(name), dict) if name in self._value else {}

    def json_objects(self, name: str) -> tuple[dict[str, Any], ...]:
        """Like `json_value`, for a list of objects."""
        found = _typed(self.json_value(name), list) if name in self._value else []
        return tuple(_typed(item, dict) for item in found)

    def optional_object(self, name: str) -> dict[str, Any] | None:
        return self.json_object(name) if name in self._value else None


def _typed(value: Any, kind: type[T]) -> T:
    if type(value) is not kind:
        raise Misshapen(f"not a {kind.__name__}")
    return value


def json_string(value: Any) -> str:
    """JSON data as a string of JSON, to preserve the order of keys and the spelling of numbers.

    A model fills in a schema in the order of its keys, and a template prints 1.0 and 1 differently;
    canonical JSON would sort the keys and write both numbers the same way.

    Raises ValueError for a value that is not JSON.
    """
    return _write(value)


_write = json_writer(sort_keys=False, allow_nan=False)
