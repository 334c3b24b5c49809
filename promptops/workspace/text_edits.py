"""Replace spans of files; every other byte stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from promptops.catalog.catalog import Catalog
from promptops.model.finding import Edit, edits_by_path


def edited_contents(catalog: Catalog, edits: Iterable[Edit]) -> dict[str, bytes]:
    """The new content of each file that some edits change, by path."""
    return {
        path: apply_edits(catalog.files.data(path) or b"", own)
        for path, own in edits_by_path(edits).items()
    }


def apply_edits(data: bytes, edits: Sequence[Edit]) -> bytes:
    """A file with some spans replaced; line endings and everything else are unchanged.

    The spans do not overlap.
    """
    text = data.decode("utf-8", "surrogateescape")
    starts = [match.end() for match in re.finditer(r"^\ufeff?|\r\n?|\n", text)]
    newline = "\r\n" if "\r\n" in text else "\n"
    for edit in sorted(edits, key=edit_start, reverse=True):
        low, high = (_offset(text, starts, *at) for at in (edit_start(edit), edit_end(edit)))
        text = text[:low] + edit.text.replace("\n", newline) + text[high:]
    return text.encode("utf-8", "surrogateescape")


def edit_start(edit: Edit) -> tuple[int, int]:
    """Line and column of the first replaced character, 1-based."""
    return edit.place.line, edit.place.column


def edit_end(edit: Edit) -> tuple[int, int]:
    """Line and column after the last replaced character, 1-based."""
    return edit.place.end_line, edit.place.end_column


def _offset(text: str, starts: Sequence[int], line: int, column: int) -> int:
    return min(starts[line - 1] + column - 1, len(text)) if line <= len(starts) else len(text)
