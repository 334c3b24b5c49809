"""Files of tests of promptfoo: CSV, JSON, JSON Lines and YAML, each row with its places."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from promptops.formats.source_file import SourceFile
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.document import Document

PlaceOf = Callable[[str], Place]
"""The place of a value of a test, by its pointer in the test: `/assert/0`."""


@record(frozen=True, slots=True, kw_only=True)
class TestRow:
    """One test as written."""

    __test__ = False  # not a class of pytest

    value: Mapping[str, Any]
    place: PlaceOf


def test_rows(file: SourceFile) -> Iterator[TestRow]:
    """The tests of a file by its ending. Raises UnreadableSource."""
    if file.suffix == ".csv":
        yield from _of_table(file)
    elif file.suffix == ".jsonl":
        yield from _of_lines(file)
    else:
        document = file.document
        rows = document.value if isinstance(document.value, list) else [document.value]
        listed = isinstance(document.value, list)
        for index, row in enumerate(rows):
            at = f"/{index}" if listed else ""
            if isinstance(row, Mapping):
                yield TestRow(value=row, place=_below(document, at))


def _below(document: Document, pointer: str) -> PlaceOf:
    return lambda key: document.place(f"{pointer}{key}")


def _of_lines(file: SourceFile) -> Iterator[TestRow]:
    for number, line in enumerate(file.text.value.splitlines(), 1):
        try:
            value = json.loads(line) if line.strip() else None
        except (ValueError, RecursionError):
            continue
        if isinstance(value, Mapping):
            yield TestRow(value=value, place=_at_line(file, number))


def _of_table(file: SourceFile) -> Iterator[TestRow]:
    reader = csv.reader(io.StringIO(file.text.value))
    header = [name.strip() for name in next(reader, [])]
    line = reader.line_num + 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            padded = [*cells, *[""] * (len(header) - len(cells))]
            row = dict(zip(header, padded, strict=False))
            yield TestRow(value=_test_of(row), place=_at_line(file, line))
        line = reader.line_num + 1


def _at_line(file: SourceFile, line: int) -> PlaceOf:
    return lambda _key: Place(file.shown, line)


def _test_of(row: Mapping[str, str]) -> Mapping[str, Any]:
    """The test of a row: columns are variables, but for those that begin with `__`."""
    metric = row.get("__metric", "").strip()
    written = [value.strip() for name, value in row.items() if name.startswith("__expected")]
    asserted = [short_assertion(value) for value in written if value]
    threshold = _number(row.get("__threshold", ""))
    options = {name: row[f"__{name}"] for name in ("prefix", "suffix") if row.get(f"__{name}")}
    return {
        "description": row.get("__description", ""),
        "vars": {name: value for name, value in row.items() if name and name[:2] != "__"},
        "assert": [{**one, **({"metric": metric} if metric else {})} for one in asserted],
        **({} if threshold is None else {"threshold": threshold}),
        **({"options": options} if options else {}),
    }


_CODE = lazy_pattern(r"(?s)(javascript|fn|eval|python):(.*)")
_RUBRIC = lazy_pattern(r"(?s)(?:grade|llm-rubric):(.*)")
_SHORT = lazy_pattern(r"(?s)((?:not-)?[a-z]+(?:-[a-z]+)*)(?:\((\d+(?:\.\d+)?)\))?(?::(.*))?")
_ALONE = frozenset(("is-json", "is-refusal", "contains-json", "is-sql", "is-xml", "is-html"))
_WITH_THRESHOLD = frozenset(
    ("similar", "cost", "latency", "levenshtein", "rouge-n", "answer-relevance", "classifier")
)


def short_assertion(written: str) -> Mapping[str, Any]:
    """The assertion that a cell of a table abbreviates: `contains: x`; a plain text for equals."""
    if code := _CODE.fullmatch(written):
        kind = "python" if code[1] == "python" else "javascript"
        return {"type": kind, "value": code[2].strip()}
    if rubric := _RUBRIC.fullmatch(written):
        return {"type": "llm-rubric", "value": rubric[1].strip()}
    short = _SHORT.fullmatch(written)
    if short is None or (short[3] is None and short[1].removeprefix("not-") not in _ALONE):
        return {"type": "equals", "value": written}
    threshold = _number(short[2] or "")
    if threshold is None and short[1].removeprefix("not-") in _WITH_THRESHOLD:
        threshold = 0.75
    value = (short[3] or "").strip()
    return {
        "type": short[1],
        **({"value": value} if value else {}),
        **({} if threshold is None else {"threshold": threshold}),
    }


def _number(written: str) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None
