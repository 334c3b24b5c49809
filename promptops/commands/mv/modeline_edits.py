"""The edit of the comment that leads editors from a moved prompt to the schema of prompt files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from posixpath import dirname, normpath

from promptops.catalog.catalog import Catalog
from promptops.model.moving import MoveEdit
from promptops.patterns import lazy_pattern
from promptops.source.document import decode
from promptops.source.lines import Lines
from promptops.workspace.new_files import relative_path

_MODELINE = lazy_pattern(r"#[ ]*yaml-language-server:[ ]*\$schema=(\.\.?/\S+)")


def modeline_edits(catalog: Catalog, moves: Mapping[str, str]) -> Iterator[MoveEdit]:
    """The relative path of the schema, from the new folder; a path out of the repository stays."""
    for old, new in moves.items():
        if old not in catalog.ids:
            continue
        text, _ = decode(old, catalog.files.data(old) or b"")
        found = _MODELINE.search(text)
        target = normpath(f"{dirname(old)}/{found[1]}") if found else ""
        if found is None or target.startswith(("..", "/")):
            continue
        after = relative_path(moves.get(target, target), new)
        if after != found[1]:
            place = Lines(old, text).place(*found.span(1))
            yield MoveEdit(kind="reference", place=place, before=found[1], after=after)
