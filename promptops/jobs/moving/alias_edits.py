"""The edits of `aliases`: the old id of a moved prompt is added, its new one is removed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from promptops.jobs.moving.reference_edits import is_plain, text_at
from promptops.model.moving import MoveEdit
from promptops.model.place import Place
from promptops.source.document import Document
from promptops.source.lines import Lines

_BEFORE_ALIASES = ("format", "title", "description", "owners", "tags")
"""The keys at the top of a prompt file, after which a new `aliases` is inserted."""


def alias_edit(document: Document, old: str, new: str) -> MoveEdit:
    """Add the old id to `aliases`; a prompt that gets an earlier name back has it no more there."""
    aliases = document.value.get("aliases") or []
    written = _written(old)
    if new in aliases:
        return _edit(document, document.place(f"/aliases/{aliases.index(new)}"), written)
    if aliases:
        return _appended(document, len(aliases) - 1, written)
    if "aliases" in document.value:
        return _edit(document, document.whole("/aliases"), f"[{written}]")
    return _new_key(document, f"aliases: [{written}]")


def removed_alias(document: Document, new: str) -> Iterator[MoveEdit]:
    """The edit that removes the new id from `aliases`, for a prompt that gets it back."""
    aliases = document.value.get("aliases") or []
    if new not in aliases:
        return
    others = [_written(one) for one in aliases if one != new]
    whole, key = document.whole("/aliases"), document.place("/aliases", key=True).line
    if not text_at(document.text, whole).startswith("["):
        line = document.place(f"/aliases/{aliases.index(new)}").line
        yield _without_lines(document, line if others else key, line)
    elif others or text_at(document.text, document.whole("")).startswith("{"):
        yield _edit(document, whole, f"[{', '.join(others)}]")
    else:
        yield _without_lines(document, key, whole.end_line)


def _without_lines(document: Document, first: int, last: int) -> MoveEdit:
    return _edit(document, Place(document.path, first, 1, last + 1, 1), "")


def _written(identity: str) -> str:
    return identity if is_plain(identity) else json.dumps(identity)


def _appended(document: Document, last: int, written: str) -> MoveEdit:
    end = document.place(f"/aliases/{last}")
    if text_at(document.text, document.whole("/aliases")).startswith("["):
        return _edit(document, _end(end), f", {written}")
    dash = re.match(r"[ ]*(?:aliases:)?[ ]*", _line(document, end.line))
    indent = " " * len(dash[0] if dash else "")
    return _edit(document, _line_end(document, end), f"\n{indent}- {written}")


def _new_key(document: Document, line: str) -> MoveEdit:
    keys = [key for key in document.value if key in _BEFORE_ALIASES]
    first = document.place("/format", key=True)
    if text_at(document.text, document.whole("")).startswith("{"):
        at = Place(document.path, first.line, first.column, first.line, first.column)
        return _edit(document, at, f"{line}, ")
    last = max((document.whole(f"/{key}") for key in keys), key=lambda place: place.end_line)
    return _edit(document, _line_end(document, last), f"\n{' ' * (first.column - 1)}{line}")


def _line(document: Document, number: int) -> str:
    start, end = Lines(document.path, document.text).row(number)
    return document.text[start:end]


def _line_end(document: Document, place: Place) -> Place:
    line, column = place.end_line, len(_line(document, place.end_line)) + 1
    return Place(document.path, line, column, line, column)


def _end(place: Place) -> Place:
    return Place(place.path, place.end_line, place.end_column, place.end_line, place.end_column)


def _edit(document: Document, place: Place, text: str) -> MoveEdit:
    before = text_at(document.text, place)
    return MoveEdit(kind="alias", place=place, before=before, after=text)
