"""Save the inputs of a run as a test case, in the file where the prompt keeps its cases."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from promptops.errors import InputError, UsageError, os_reason
from promptops.model.finding import Problem
from promptops.model.prompt import Prompt, Request
from promptops.records import record
from promptops.repo.repository import WORKTREE
from promptops.report.data_text import yaml_text
from promptops.report.visible import visible_line
from promptops.source.cases import read_cases, rows
from promptops.source.document import Document, decode, read
from promptops.source.lines import Lines
from promptops.source.yaml_nodes import compose, end_of, find
from promptops.storage.atomic import part_of, replace_whole
from promptops.workspace.workspace import Workspace

_BOM = "\ufeff"

CaseValue = Mapping[str, Any]
"""A test case as it is written in a file."""


@record(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A file with one more test case; `write` puts it on disk."""

    path: str
    data: bytes

    def write(self, root: Path) -> None:
        """Raises InputError."""
        file = root / self.path
        try:
            replace_whole(file, self.data, part_of(file))
        except OSError as error:
            raise InputError(f"can't be written: {os_reason(error)}", where=self.path) from None


@record(frozen=True, slots=True, kw_only=True)
class NewCaseFields:
    """A test case to add.

    Attributes:
        contains: Texts that the answer must contain.
    """

    name: str
    inputs: Mapping[str, Any]
    contains: Sequence[str] = ()


def new_case(
    workspace: Workspace, prompt: Prompt, fields: NewCaseFields, request: Request
) -> NewCase:
    """The case with these inputs, and with the number of messages as an assertion to edit.

    Raises UsageError if there is a case of this name, or the cases are not in the work tree or
    come from another prompt, or a text is empty or not valid Unicode; InputError if the file
    allows no addition.
    """
    _refuse(workspace, prompt, fields)
    assertion = {"type": "message-count", "value": len(request.messages)}
    value = {"name": fields.name, "inputs": dict(fields.inputs), "rendered": [assertion]}
    if fields.contains:
        value["output"] = [{"type": "contains", "value": text} for text in fields.contains]
    document = workspace.catalog.document(prompt.path)
    # The case file that the last entry of `tests` names; None for a case in the prompt file.
    tests = document.value.get("tests")
    last = tests[-1] if isinstance(tests, Sequence) and tests else None
    file = last.get("file") if isinstance(last, Mapping) else None
    written = file if isinstance(file, str) else None
    if written is None:
        return _in_prompt(workspace, document, value)
    return _in_case_file(workspace, prompt, written, value)


def _refuse(workspace: Workspace, prompt: Prompt, fields: NewCaseFields) -> None:
    if workspace.revision != WORKTREE or workspace.repository.bare:
        raise UsageError(
            "a case can only be saved in the files on disk", hint="leave out --at, or --save-case"
        )
    if not fields.name.strip():
        raise UsageError("a case needs a name", hint="write in a few words what it shows")
    try:
        json.dumps(
            [fields.name, dict(fields.inputs), *fields.contains], ensure_ascii=False
        ).encode()
    except UnicodeEncodeError:
        message = "the case contains half of a surrogate pair, which is not valid text"
        raise UsageError(message, hint="remove the character") from None
    if not all(text.strip() for text in fields.contains):
        message = "a text that the answer must contain is empty"
        raise UsageError(message, hint="write what it must contain, or leave it out")
    for case in prompt.cases:
        if case.name == fields.name:
            raise UsageError(
                f"there is a case {fields.name!r} already",
                where=str(case.locate(case.at, False)),
                hint="choose another name",
            )
    own = workspace.catalog.document(prompt.path).value
    if "tests" not in own and prompt.cases and prompt.extends is not None:
        raise UsageError(
            f"{prompt.id} has the cases of the prompt that it extends",
            where=prompt.extends,
            hint="run that prompt with --save-case, or give this one its own `tests`",
        )


def _in_prompt(workspace: Workspace, document: Document, value: CaseValue) -> NewCase:
    tests = document.value.get("tests") or []
    wanted = {**document.value, "tests": [*tests, value]}

    def is_right(path: str, data: bytes) -> bool:
        found = read(path, data)
        return found.value == wanted and len(found.problems) <= len(document.problems)

    return _edited(
        workspace,
        document.path,
        value,
        lambda lines: added_to_yaml(lines, "/tests", value),
        is_right,
    )


def _in_case_file(workspace: Workspace, prompt: Prompt, written: str, value: CaseValue) -> NewCase:
    references = workspace.catalog.loaded(prompt.path).references
    path = next(ref.target for ref in references if ref.kind == "cases" and ref.written == written)
    before = read_cases(path, _data(workspace, path))

    def is_right(path: str, data: bytes) -> bool:
        found = read_cases(path, data)
        fine = len(found.problems) <= len(before.problems)
        return fine and found.values == (*before.values, value)

    def added(lines: Lines) -> str | None:
        if path.endswith(".jsonl"):
            return f"{_with_final_newline(lines.text)}{_json_text(value)}\n"
        if path.endswith(".csv"):
            return added_to_table(lines, value)
        return added_to_yaml(lines, "", value)

    return _edited(workspace, path, value, added, is_right)


def _edited(
    workspace: Workspace,
    path: str,
    value: CaseValue,
    added: Callable[[Lines], str | None],
    is_right: Callable[[str, bytes], bool],
) -> NewCase:
    data = _data(workspace, path)
    text, problems = decode(path, data)
    lines = Lines(path, text)
    crlf = b"\r\n" in data
    new = added(lines) if not any(problem.code == "SCH001" for problem in problems) else None
    if new is not None:
        marked = (_BOM if data.startswith(_BOM.encode()) else "") + new
        edited = (marked.replace("\n", "\r\n") if crlf else marked).encode()
        same_newlines = data.count(b"\n") == data.count(b"\r\n") if crlf else True
        if same_newlines and is_right(path, edited):
            return NewCase(path=path, data=edited)
    missing = missing_columns(lines, value) if path.endswith(".csv") else []
    if missing:
        columns = ", ".join(f"`{name}`" for name in missing)
        raise InputError(f"the table has no column {columns}", where=path, hint="add it")
    case = json.dumps(value, ensure_ascii=False)
    raise InputError(
        "the case can't be added without other changes to the file",
        where=path,
        hint=f"add it by hand: {case}",
    )


def _data(workspace: Workspace, path: str) -> bytes:
    data = workspace.catalog.files.data(path)
    if data is None:
        raise InputError(
            "there is no such case file", where=path, hint="create it, or correct `tests`"
        )
    return data


# Add a test case to the text of a file; nothing else in the text changes.
#
# Text has LF as newline. Each function returns None if the form of the file allows no addition.

_YAML_INDENT = 2
_UNFOLDED_WIDTH = 1_000_000


def added_to_table(lines: Lines, value: CaseValue) -> str | None:
    """A table with one more row; None if it lacks a column."""
    table, problems = rows(lines)
    if not table or problems:
        return None
    fields = {key: _json_text(value[key]) for key in ("rendered", "output") if key in value}
    fields["name"] = value["name"]
    header = [field.value for field in table[0]]
    for name, given in value["inputs"].items():
        if isinstance(given, str) and f"inputs.{name}" in header:
            fields[f"inputs.{name}"] = given
        else:
            fields[f"inputs.{name}:json"] = _json_text(given)
    if not fields.keys() <= set(header):
        return None
    row = StringIO()
    csv.writer(row, lineterminator="\n").writerow([fields.get(name, "") for name in header])
    return _with_final_newline(lines.text) + row.getvalue()


def missing_columns(lines: Lines, value: CaseValue) -> list[str]:
    """The columns that a table lacks for a case."""
    table, _ = rows(lines)
    header = {field.value for field in table[0]} if table else set()
    checks = [key for key in ("rendered", "output") if key in value]
    wanted = ["name", *(f"inputs.{name}" for name in value["inputs"]), *checks]
    return [name for name in wanted if not {name, f"{name}:json"} & header]


def added_to_yaml(lines: Lines, pointer: str, value: CaseValue) -> str | None:
    """YAML with one more item of the list at a pointer, which is "" or the pointer of a key."""
    root = compose(lines)
    if isinstance(root, Problem):
        return None
    found = find(root, pointer)
    text = lines.text
    if not found.exact:
        key = pointer.removeprefix("/")
        return f"{_with_final_newline(text)}{key}:\n{_yaml_item(value, _YAML_INDENT)}"
    node = found.node
    if node.id == "sequence" and not node.flow_style:
        return _with_lines_after(
            lines, end_of(node, text), "\n" + _yaml_item(value, node.start_mark.column)
        )
    if node.id == "sequence" and node.value:
        end = node.value[-1].end_mark.index
        return f"{text[:end]}, {_json_text(value)}{text[end:]}"
    if found.key is None or node.id != "sequence":
        return None
    start, end = node.start_mark.index, node.end_mark.index  # `[]`
    item = "\n" + _yaml_item(value, found.key.start_mark.column + _YAML_INDENT).rstrip("\n")
    return text[:start].rstrip(" ") + item + text[end:]


def _with_lines_after(lines: Lines, offset: int, addition: str) -> str:
    """The text with lines added after the line of an offset."""
    end = lines.line_end(max(offset - 1, 0))
    text = lines.text
    return text[:end] + addition.rstrip("\n") + (text[end:] or "\n")


def _yaml_item(value: CaseValue, column: int) -> str:
    """An item of a block list, as whole lines."""
    written = yaml_text([value], width=_UNFOLDED_WIDTH)
    return "".join(f"{' ' * column}{line}\n" if line else "\n" for line in written.split("\n")[:-1])


def _json_text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if visible_line(text) == text else json.dumps(value)


def _with_final_newline(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"
