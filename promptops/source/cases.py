"""Case files: the test cases of a prompt as JSON Lines, CSV or YAML."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Mapping
from itertools import islice
from typing import Any

from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.runtime.request.schema_check import MAX_ERRORS
from promptops.source.conflicts import conflict_problems
from promptops.source.csv_cases import read_table
from promptops.source.document import MAX_BYTES, Document, decode, read_any
from promptops.source.json_lines import MAX_CASES, read_lines
from promptops.source.lines import Lines
from promptops.source.paths import is_yaml
from promptops.source.shape import check_case, is_case

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
        return _too_large(path)
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


def _too_large(path: str) -> CaseFile:
    hint = "split it into several case files, and name each under `tests`"
    problem = Problem("the file is larger than 1 MB", at=Place(path), hint=hint, code="SCH001")
    return CaseFile(Lines(path, ""), None, None, [problem])


def _too_many(found: CaseFile) -> CaseFile:
    hint = "split them into several files, or remove similar cases"
    message = f"over {MAX_CASES:,} cases in one file"
    problem = Problem(message, at=found.place(f"/{MAX_CASES}"), hint=hint, code="SCH002")
    return CaseFile(found._lines, None, None, [problem])


def _unknown_ending(lines: Lines) -> Problem:
    message = "name the case file `*.jsonl`, `*.csv` or `*.yaml`"
    return Problem(message, at=lines.place(0, 0), code="SCH001")
