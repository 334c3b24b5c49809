"""The edits of recordings: ids of judges, and the digests of calls that name a moved file."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping

from promptops.catalog.catalog import Catalog
from promptops.catalog.retrieved_inputs import call_digest, functions_of
from promptops.model.moving import MoveEdit
from promptops.model.place import Place
from promptops.source.recording_files import INSIDE, first_of


def judge_edits(catalog: Catalog, ids: Mapping[str, str]) -> Iterator[MoveEdit]:
    """The id of a moved judge in every recording of its answers."""
    files = [path for path in catalog.files.entries if INSIDE in path and first_of(path)]
    yield from recorded_judge_edits(catalog, files, ids)


def recorded_judge_edits(
    catalog: Catalog, files: Collection[str], names: Mapping[str, str]
) -> Iterator[MoveEdit]:
    """The new name of a judge, or of a retrieved input, in some recording files."""
    catalog.files.prefetch(files)
    for path in sorted(files):
        data = catalog.files.data(path) or b""
        for old, new in names.items():
            if json.dumps(old).encode() in data:
                yield from _judges_in(path, _lines(data), old, new)


def _judges_in(path: str, lines: list[str], old: str, new: str) -> Iterator[MoveEdit]:
    pattern = re.compile(rf'(?<!\\)"judge":[ ]*({re.escape(json.dumps(old))})')
    for number, line in enumerate(lines, 1):
        for found in pattern.finditer(line):
            yield _edit(path, number, found.span(1), found[1], json.dumps(new))


def call_edits(before: Catalog, after: Catalog, path: str, new_path: str) -> Iterator[MoveEdit]:
    """The digests of recorded calls of `evaluation.retrieve` whose function has another name."""
    digests = _changed_digests(before, after, path, new_path)
    if not digests:
        return
    for file in before.recording_files(path):
        lines = _lines(before.files.data(file) or b"")
        for number, line in enumerate(lines, 1):
            for old, new in digests.items():
                at = line.find(f'"{old}"')
                if at >= 0:
                    span = (at, at + len(old) + 2)
                    yield _edit(file, number, span, f'"{old}"', f'"{new}"')


def _changed_digests(
    before: Catalog, after: Catalog, path: str, new_path: str
) -> Mapping[str, str]:
    old, new = before.loaded(path).prompt, after.loaded(new_path).prompt
    if old is None or new is None:
        return {}
    functions = functions_of(new)
    renamed = [
        (function, functions[name])
        for name, function in functions_of(old).items()
        if functions.get(name, function) != function
    ]
    return {
        call_digest(old_name, case.own_inputs): call_digest(new_name, case.own_inputs)
        for case in old.cases
        for old_name, new_name in renamed
    }


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "surrogateescape").split("\n")


def _edit(path: str, line: int, span: tuple[int, int], before: str, after: str) -> MoveEdit:
    start, end = span
    place = Place(path, line, start + 1, line, end + 1)
    return MoveEdit(kind="recording", place=place, before=before, after=after)
