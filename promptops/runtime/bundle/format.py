"""The file format of a bundle: two header lines, then one line for each prompt, template and file.

The first line contains the format and the SHA-256 of everything after it, so the digest covers all
content. The second line describes what was built and where each item is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from promptops.errors import InputError
from promptops.records import field, record
from promptops.runtime.bundle.strict_json import Fields, Misshapen, read_json

FORMAT = 1
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
        prompts, parts, files: The spans of the lines: of prompts by id, of included templates and
            of media files by path. A span is checked when its line is requested.
        aliases: From former ids of prompts to current ones.
        data: All bytes of the bundle.
    """

    digest: str
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
) -> bytes:
    """Serialise prompts as a bundle; each has its `id`, and their order does not matter.

    Raises ValueError for a value that is not JSON.
    """
    return assembled(origin, encoded(prompts), parts, files)


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
            **spans,
        }
    )
    rest = b"\n".join((second.encode(), *lines, b""))
    first = canonical_json({"bundle": FORMAT, "sha256": sha256(rest).hexdigest()})
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
    if number != FORMAT:
        hint = "install a newer promptops" if number > FORMAT else "build it again"
        raise InputError(f"the bundle has the unsupported format {number}", where=where, hint=hint)
    begin = len(first) + 1
    digest = sha256(memoryview(data)[begin:]).hexdigest()
    if digest != expected:
        hint = "download or build it again: it is damaged, truncated or was changed"
        raise InputError("the bundle does not match its digest", where=where, hint=hint)
    end = data.find(b"\n", begin)
    try:
        second = Fields(read_json(data[begin:end])) if end >= 0 else Fields(None)
        return Contents(
            digest=digest,
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


def _no_bundle(where: str) -> InputError:
    hint = "create one: promptops build REF -o FILE"
    return InputError("this is not a bundle", where=where, hint=hint)


_ALWAYS_BYTES = 16 * 1024 * 1024
_RATIO = 40
"""JSON compresses to a tenth of its size, a zip bomb to a thousandth."""


def most_unpacked(packed_bytes: int, largest: int) -> int:
    """The largest number of bytes to which packed bytes may expand, at most `largest`."""
    return min(largest, _ALWAYS_BYTES + _RATIO * packed_bytes)
