"""A proposal as a patch for `git apply`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import unified_diff

_NO_NEWLINE = "\\ No newline at end of file\n"
_QUOTED = {"\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def patch_of(contents: Mapping[str, tuple[bytes, bytes]], heading: str) -> bytes:
    """The patch of some files, each with its content before and after, by path.

    Args:
        heading: Lines above the patch, which git ignores.
    """
    lines = [*(f"{line}\n" for line in heading.splitlines()), "\n"]
    for path, (before, after) in sorted(contents.items()):
        lines += _of_file(path, before, after)
    return "".join(lines).encode("utf-8", "surrogateescape")


def _of_file(path: str, before: bytes, after: bytes) -> Iterator[str]:
    old, new = _path(f"a/{path}"), _path(f"b/{path}")
    yield f"diff --git {old} {new}\n"
    rows = unified_diff(_lines(before), _lines(after), old, new)
    for row in rows:
        # Names of files end with a newline, as the last line of a file may not.
        yield row if row.endswith("\n") else f"{row}\n{_NO_NEWLINE}"


def _lines(data: bytes) -> list[str]:
    """The lines with their ends; only LF ends a line for git."""
    parts = data.decode("utf-8", "surrogateescape").split("\n")
    return [*(f"{part}\n" for part in parts[:-1]), *([parts[-1]] if parts[-1] else [])]


def _path(path: str) -> str:
    """A path as git writes it: in quotes if it has other than plain characters."""
    data = path.encode("utf-8", "surrogateescape")
    if all(0x20 <= byte < 0x7F and byte not in b'"\\' for byte in data):
        return path
    quoted = "".join(
        _QUOTED.get(chr(byte)) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}")
        for byte in data
    )
    return f'"{quoted}"'
