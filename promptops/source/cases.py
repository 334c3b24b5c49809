"""Case files: the test cases of a prompt as JSON Lines, CSV or YAML."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import record
from promptops.runtime.request.schema_check import MAX_ERRORS
from promptops.source.document import MAX_BYTES, Document, decode, read_any
from promptops.source.json_lines import MAX_CASES, STRICT, JsonNode, read_lines, refused
from promptops.source.lines import Lines, conflict_problems
from promptops.source.paths import is_yaml
from promptops.source.shape import check_case, is_case
from promptops.suggestions import did_you_mean

ENDINGS = (".jsonl", ".csv", ".yaml", ".yml")


class CaseFile(Document):
    """The test cases of a file, as far as they could be parsed.

    Pointers begin with the index of a case: `/3/inputs/ticket`.

    Attributes:
        values: The cases as written, including those that are not valid for the schema.
    """

    @property
    def sound(self) -> tuple[tuple[int, Mapping[str, Any]], ...]:
        """The valid cases whose text has no problem, each with its index."""
        if not self.problems:
            return tuple(enumerate(self.values))
        wrong = {problem.at.line for problem in self.problems if isinstance(problem.at, Place)}
        return tuple(
            (index, value)
            for index, value in enumerate(self.values)
            if is_case(value) and not (wrong and self.place(f"/{index}").line in wrong)
        )

    @property
    def values(self) -> tuple[Any, ...]:
        return tuple(self.value or ())


def read_cases(path: str, data: bytes) -> CaseFile:
    """Parse a case file. Never raises; `problems` has all mistakes, also in the shape of cases."""
    found = _parsed(path, data)
    wrong = (
        problem
        for index, value in enumerate(found.values)
        for problem in check_case(value, found.place, f"/{index}")
    )
    if len(found.values) > MAX_CASES:
        return _too_many(found)
    problems = [*found.problems, *islice(wrong, MAX_ERRORS)]
    return CaseFile(found._lines, found._root, found.value, problems)


def _parsed(path: str, data: bytes) -> CaseFile:
    if len(data) > MAX_BYTES:
        hint = "split it into several case files, and name each under `tests`"
        problem = Problem("the file is larger than 1 MB", at=Place(path), hint=hint, code="SCH001")
        return CaseFile(Lines(path, ""), None, None, [problem])
    if is_yaml(path):
        return _from_yaml(path, data)
    if path.endswith(".csv"):
        data = data.removeprefix(BOM_UTF8)  # Excel writes one, and needs it to open the file
    text, problems = decode(path, data)
    lines = Lines(path, text)
    if problems:
        return CaseFile(lines, None, None, problems)
    if path.endswith(".jsonl"):
        return _unless_in_conflict(lines, *read_lines(lines))
    if path.endswith(".csv"):
        return _unless_in_conflict(lines, *read_table(lines))
    return CaseFile(lines, None, None, [_unknown_ending(lines)])


def _unless_in_conflict(lines: Lines, root: Any, value: Any, problems: list[Problem]) -> CaseFile:
    """The cases, unless the file has an unresolved merge."""
    found = conflict_problems(lines) if problems else []
    return CaseFile(lines, None, None, found) if found else CaseFile(lines, root, value, problems)


def _from_yaml(path: str, data: bytes) -> CaseFile:
    document = read_any(path, data)
    problems = list(document.problems)
    if document.value is not None and not isinstance(document.value, list):
        hint = "begin each case with `- name:`"
        at = document.place("")
        problems.append(Problem("the file is not a list of cases", at=at, hint=hint, code="SCH002"))
        return CaseFile(document._lines, None, None, problems)
    return CaseFile(document._lines, document._root, document.value, problems)


def _too_many(found: CaseFile) -> CaseFile:
    hint = "split them into several files, or remove similar cases"
    message = f"over {MAX_CASES:,} cases in one file"
    problem = Problem(message, at=found.place(f"/{MAX_CASES}"), hint=hint, code="SCH002")
    return CaseFile(found._lines, None, None, [problem])


def _unknown_ending(lines: Lines) -> Problem:
    message = "name the case file `*.jsonl`, `*.csv` or `*.yaml`"
    return Problem(message, at=lines.place(0, 0), code="SCH001")


# Test cases from a table: a header row, then one case a row.
#
# The columns are `name`, `inputs.NAME`, `tags` (separated by commas or semicolons), `expected`,
# `rendered` and `output` (lists of assertions, as JSON). An input is text; in a column
# `inputs.NAME:json` it is JSON. An empty field is left out, so that a default applies.

MAX_FIELD = 128 * 1024
"""Characters of one field."""

MAX_ROWS = MAX_CASES + 2
"""The header, the cases, and one more, to detect that there are too many."""

MAX_COLUMNS = 200

_NOT_NEWLINE = lazy_pattern(r"[^\n]")
_QUOTED_FIELD = lazy_pattern(r'"((?:[^"]|"")*)"')
_BARE_FIELD = lazy_pattern(r"[^,\n]*")


@record(frozen=True, slots=True)
class CsvField:
    """A field: its value, and its offsets including quotes."""

    value: str
    start: int
    end: int


def rows(lines: Lines) -> tuple[list[list[CsvField]], list[Problem]]:
    """The rows of a file without empty lines; parsing ends at the first error."""
    found: list[list[CsvField]] = []
    offset, text = 0, lines.text
    end = len(text.rstrip("\n"))
    while offset < end and len(found) < MAX_ROWS:
        row: list[CsvField] = []
        filled = _NOT_NEWLINE.search(text, offset)
        assert filled is not None, "`end` is after the last character that is not a newline"
        offset = filled.start()
        while True:
            field = _field(lines, offset)
            if isinstance(field, Problem):
                return found, [field]
            row.append(field)
            if len(row) > MAX_COLUMNS:
                return [*found, row], []
            offset = field.end + 1
            if text[field.end : field.end + 1] != ",":
                break
        if len(row) > 1 or row[0].end > row[0].start:
            found.append(row)
    return found, []


def _field(lines: Lines, offset: int) -> CsvField | Problem:
    text = lines.text
    quoted = text.startswith('"', offset)
    match = (_QUOTED_FIELD if quoted else _BARE_FIELD).match(text, offset)
    if match is None:
        return _row_problem(lines, offset, "a quote that is never closed", "close it")
    if match.end() - offset > MAX_FIELD:
        return _row_problem(lines, offset, "a field of over 128 KB", "move the text to a file")
    if quoted and text[match.end() : match.end() + 1] not in ("", ",", "\n"):
        hint = 'write a quote within quotes twice: ""'
        return _row_problem(lines, match.end(), "text after the closing quote", hint)
    value = match[1].replace('""', '"') if quoted else match[0]
    return CsvField(value, match.start(), match.end())


def _row_problem(lines: Lines, offset: int, message: str, hint: str) -> Problem:
    return Problem(message, at=lines.place(offset, offset + 1), hint=hint, code="SCH001")


COLUMNS = ("name", "tags", "expected", "rendered", "output")
_INPUT_COLUMN = lazy_pattern(r"inputs\.([A-Za-z_][A-Za-z0-9_]*)(:json)?")


def read_table(lines: Lines) -> tuple[JsonNode, list[Any], list[Problem]]:
    """Root node, cases and problems of a table."""
    table, problems = rows(lines)
    if not table:
        problems = problems or [
            _problem(lines, CsvField("", 0, 0), "the file is empty", code="SCH001")
        ]
        return _sequence([], len(lines.text)), [], problems
    header, *body = table
    if len(header) > MAX_COLUMNS:
        problem = _problem(lines, header[0], f"over {MAX_COLUMNS} columns")
        return _sequence([], len(lines.text)), [], [*problems, problem]
    problems += _wrong_columns(lines, header)
    nodes, cases = [], []
    for row in body:
        if len(row) != len(header):
            message = f"{counted(len(row), 'field')} in a table of {counted(len(header), 'column')}"
            problems.append(_problem(lines, row[0], message, "quote a text that contains a comma"))
            continue
        case, node, wrong = _case(lines, header, row)
        cases.append(case)
        nodes.append(node)
        problems += wrong
    return _sequence(nodes, len(lines.text)), cases, problems


def _wrong_columns(lines: Lines, header: list[CsvField]) -> Iterator[Problem]:
    names = set()
    for field in header:
        if field.value in names:
            yield _problem(lines, field, f"`{field.value}` is two columns", code="SCH003")
        elif field.value not in COLUMNS and not _INPUT_COLUMN.fullmatch(field.value):
            yield _problem(
                lines, field, f"unknown column `{field.value}`", _column_hint(field.value)
            )
        names.add(field.value)


def _column_hint(column: str) -> str:
    """The hint for a column that does not exist."""
    if ";" in column or "\t" in column:
        return "separate the columns with commas"
    if column in ("turns", "conversation"):
        return "write the cases as .yaml or .jsonl: a table has no turns"
    if column.startswith("__expected"):
        return "write assertions as JSON in the column `output`"
    name, colon, _ = column.rpartition("." if "." in column else " ")[2].partition(":")
    near = did_you_mean(column, COLUMNS)
    if near is not None or not _INPUT_COLUMN.fullmatch(f"inputs.{name}"):
        return near or "an input is the column `inputs.NAME`, or `inputs.NAME:json`"
    return f"did you mean `inputs.{name}{':json' if colon else ''}`?"


def _case(
    lines: Lines, header: list[CsvField], row: list[CsvField]
) -> tuple[dict[str, Any], JsonNode, list[Problem]]:
    case: dict[str, Any] = {"inputs": {}}
    top: list[tuple[JsonNode, JsonNode]] = []
    inputs: list[tuple[JsonNode, JsonNode]] = []
    problems = []
    for column, field in zip(header, row, strict=True):
        name = _INPUT_COLUMN.fullmatch(column.value)
        if not field.value or not (name or column.value in COLUMNS):
            continue
        try:
            value = _value(column.value, field.value)
        except (ValueError, RecursionError):
            problems.append(_problem(lines, field, "this is not JSON", code="SCH001"))
            continue
        target, nodes = (case["inputs"], inputs) if name else (case, top)
        key = name[1] if name else column.value
        target.setdefault(key, value)
        nodes.append((_scalar(key, column), _scalar(field.value, field)))
    start, end = row[0].start, row[-1].end
    whole = _mapping(inputs, start, end)
    top.append((JsonNode("scalar", "inputs", start, end), whole))
    return case, _mapping(top, start, end), problems


def _value(column: str, text: str) -> Any:
    if column == "tags":
        return [tag.strip() for tag in re.split("[,;]", text) if tag.strip()]
    if column in ("rendered", "output") or column.endswith(":json"):
        value = json.loads(text, **STRICT)
        if problem := refused(value, text):
            raise ValueError(problem[0])
        return value
    return text


def _scalar(value: str, field: CsvField) -> JsonNode:
    return JsonNode("scalar", value, field.start, field.end, "csv")


def _mapping(pairs: list[tuple[JsonNode, JsonNode]], start: int, end: int) -> JsonNode:
    return JsonNode("mapping", pairs, start, end)


def _sequence(items: list[JsonNode], end: int) -> JsonNode:
    return JsonNode("sequence", items, 0, end, flow_style=False)


def _problem(
    lines: Lines, field: CsvField, message: str, hint: str | None = None, code: str = "SCH002"
) -> Problem:
    return Problem(message, at=lines.place(field.start, field.end), hint=hint, code=code)
