"""Fix findings in the work tree by editing text, and prove that a safe fix changes no request."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from json import dumps
from pathlib import Path
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import PROMPT_ENDINGS
from promptops.commands.lint.lint import LintOptions, lint
from promptops.errors import GitError, InputError, UsageError, os_reason
from promptops.json_pointer import escaped
from promptops.lint.registry import built_in
from promptops.model.finding import Edit, Finding
from promptops.model.internal_error import CODE
from promptops.model.place import Place
from promptops.model.report import LintReport
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.repo.repository import INDEX, WORKTREE
from promptops.runtime.template.template import TemplateError, parse
from promptops.source.document import Document, read
from promptops.source.paths import may_be_template
from promptops.workspace.edits import (
    apply_edits,
    case_requests,
    edit_end,
    edit_start,
    edited_contents,
    with_changes,
)
from promptops.workspace.listing import plain_value
from promptops.workspace.selection import SelectionOptions, select
from promptops.workspace.workspace import Workspace, workspace_at

MAX_PASSES = 8


@record(frozen=True, slots=True)
class Fixed:
    """The result of `--fix`.

    Attributes:
        report: The remaining findings.
        workspace: The workspace after the fixes.
        difference: A unified diff of what would change, for a dry run.
    """

    report: LintReport
    workspace: Workspace
    difference: str


def fix(
    workspace: Workspace, wanted: SelectionOptions, options: LintOptions, *, unsafe: bool, dry: bool
) -> Fixed:
    """Apply fixes, pass after pass, because one fix may uncover another.

    Raises GitError for a partly staged file: fixes could not be separated from its unstaged
    changes.
    """
    if workspace.revision != WORKTREE:
        raise UsageError("only the work tree can be fixed", hint="leave out --at")
    _refuse_partly_staged(workspace, wanted)
    options = replace(options, use_cache=False)
    fixed_files: dict[str, bytes] = {}
    first = report = lint(workspace, wanted, options)
    for _ in range(MAX_PASSES):
        added = _contents_after_pass(workspace, report, unsafe=unsafe)
        if not added:
            break
        fixed_files |= added
        workspace = with_changes(workspace, added)
        report = lint(workspace, wanted, options)
    difference = "".join(_difference(workspace, fixed_files)) if dry else ""
    if not dry:
        for path, data in fixed_files.items():
            _write_file(workspace.repository.root / path, data, path)
    gone = len(first.findings) - len(report.findings) if fixed_files else 0
    return Fixed(replace(report, fixed=max(gone, 0)), workspace, difference)


def _refuse_partly_staged(workspace: Workspace, wanted: SelectionOptions) -> None:
    if not wanted.staged:
        return
    selected = select(workspace, wanted)
    unstaged = {change.path for change in workspace.repository.changed(INDEX, WORKTREE)}
    partly = sorted(unstaged & (selected.changed or frozenset()))
    if partly:
        raise GitError(
            "partly staged: its unstaged changes would be fixed too",
            where=partly[0],
            hint="stage or stash its other changes, or run `promptops lint --fix` by hand",
        )


def _contents_after_pass(
    workspace: Workspace, report: LintReport, *, unsafe: bool
) -> dict[str, bytes]:
    """The new content of each file that a fix changes."""
    fixes = [finding for finding in report.findings if finding.fix is not None]
    safe = _proved(workspace, [finding for finding in fixes if finding.fix and finding.fix.safe])
    rest = [finding for finding in fixes if unsafe and finding.fix and not finding.fix.safe]
    return _apply_fixes(workspace.catalog, [*safe, *rest])


def safe_edits(workspace: Workspace, findings: Iterable[Finding]) -> list[Edit]:
    """The edits of safe fixes that together are proved to change no request.

    Edits do not overlap. A fix that changes a request is left out, and so is any unsafe one.
    """
    safe = [finding for finding in findings if finding.fix is not None and finding.fix.safe]
    return _without_overlaps(_proved(workspace, safe))


def _proved(workspace: Workspace, safe: Sequence[Finding]) -> Sequence[Finding]:
    """The fixes that are proved safe: all together, or else each by itself."""
    if _change_no_request(workspace, safe):
        return safe
    alone = [finding for finding in safe if _change_no_request(workspace, [finding])]
    return alone if _change_no_request(workspace, alone) else alone[:1]


def _change_no_request(workspace: Workspace, findings: Sequence[Finding]) -> bool:
    """Whether the prompts that fixes touch parse and render as before."""
    contents = _apply_fixes(workspace.catalog, findings)
    if not contents:
        return True
    before, after = workspace.catalog, with_changes(workspace, contents).catalog
    above = {path for touched in contents for path in before.graph.dependents(touched)}
    concerned = sorted(path for path in above.union(contents) if path in before.ids)
    before.files.prefetch(concerned)
    return all(_meaning(before, path) == _meaning(after, path) for path in concerned)


def _meaning(catalog: Catalog, path: str) -> tuple[Any, ...]:
    """The meaning of a prompt file: its content, and the rendered request of each case."""
    prompt = catalog.loaded(path).prompt
    if prompt is None:
        return (catalog.document(path).value,)
    return (plain_value(prompt), *case_requests(catalog, prompt))


def _apply_fixes(catalog: Catalog, findings: Iterable[Finding]) -> dict[str, bytes]:
    """The files with the edits of all fixes."""
    contents = edited_contents(catalog, _without_overlaps(findings))
    return {path: new for path, new in contents.items() if new != catalog.files.data(path)}


def _without_overlaps(findings: Iterable[Finding]) -> list[Edit]:
    """The edits of all fixes; of two fixes that overlap, those of the first."""
    edits: dict[str, list[Edit]] = {}
    for finding in findings:
        assert finding.fix is not None
        if not any(_overlaps(edit, edits.get(edit.place.path, [])) for edit in finding.fix.edits):
            for edit in finding.fix.edits:
                edits.setdefault(edit.place.path, []).append(edit)
    return [edit for own in edits.values() for edit in own]


def _overlaps(edit: Edit, others: Iterable[Edit]) -> bool:
    start, end = edit_start(edit), edit_end(edit)
    return any(
        start == edit_start(other) or (start < edit_end(other) and edit_start(other) < end)
        for other in others
    )


def _difference(workspace: Workspace, fixed_files: Mapping[str, bytes]) -> Iterator[str]:
    before = workspace_at(workspace.repository, WORKTREE).catalog
    for path, data in sorted(fixed_files.items()):
        name = f"{path}\t" if " " in path else path  # as git writes it, for `git apply`
        sides = (_lines_with_ends(before.files.data(path) or b""), _lines_with_ends(data))
        for line in difflib.unified_diff(*sides, f"a/{name}", f"b/{name}"):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines_with_ends(data: bytes) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", data.decode("utf-8", "surrogateescape"))


def _write_file(file: Path, data: bytes, path: str) -> None:
    try:
        file.write_bytes(data)
    except OSError as error:
        raise InputError(f"can't be fixed: {os_reason(error)}", where=path) from None


# The edits that an editor offers for a finding: correct a word, declare an input, suppress it.

# The edit that replaces a misspelt word by the name that a hint suggests.

_SUGGESTED = lazy_pattern(r"""did you mean ([`"])([A-Za-z_][\w./-]*)\1\?""")


def correction(catalog: Catalog, place: Place, message: str, hint: str | None) -> Edit | None:
    """The edit for a hint such as "did you mean `ticket`?", which keeps the quotes of a string.

    None without such a hint, and where the place is not the misspelt word that the message names.
    """
    suggested = _SUGGESTED.fullmatch(hint or "")
    if suggested is None or place.line != place.end_line:
        return None
    written = catalog.line(place.path, place.line)[place.column - 1 : place.end_column - 1]
    is_quoted = len(written) > 1 and written[0] == written[-1] and written[0] in "'\""
    word = written[1:-1] if is_quoted else written
    if not word or (f"`{word}`" not in message and dumps(word) not in message):
        return None
    return Edit(place, written.replace(word, suggested[2]))


# The edits that declare a name of a template as an input of its prompt.

UNDEFINED_NAME = "VAR001"
"""The rule that reports a name that is not an input."""

_INPUT_NAME = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_STRING_SCHEMA = "{type: string}"


def declaration(catalog: Catalog, finding: Finding) -> tuple[Edit, ...]:
    """The edits that add the undefined name to the inputs of the prompt, as a required string.

    Empty if the finding is another one, or is not in a prompt file, or if the inputs of the file
    are written in a way to which nothing can be added.
    """
    path = finding.place.path
    if finding.code != UNDEFINED_NAME or path not in catalog.ids:
        return ()
    document = catalog.document(path)
    name = _undefined_name(catalog, finding.place)
    value = document.value
    if not name or not isinstance(value, dict) or "extends" in value:
        return ()
    edits = tuple(_declaring_edits(document, value, name))
    new = read(path, apply_edits(catalog.files.data(path) or b"", edits))
    return edits if _is_declared(new, name) else ()


def _undefined_name(catalog: Catalog, place: Place) -> str:
    written = catalog.line(place.path, place.line)[place.column - 1 : place.end_column - 1]
    return written if _INPUT_NAME.fullmatch(written) else ""


def _declaring_edits(document: Document, value: dict[str, Any], name: str) -> Iterator[Edit]:
    inputs = value.get("inputs")
    if inputs is None and "messages" in value:
        yield _new_inputs(document, name)
    elif isinstance(inputs, dict) and inputs and "$ref" not in inputs:
        required = _added_entry(document, inputs, "required", name)
        properties = _added_entry(document, inputs, "properties", f"{name}: {_STRING_SCHEMA}")
        if required.place == properties.place:
            yield Edit(required.place, required.text + properties.text)
        else:
            yield from (required, properties)


def _new_inputs(document: Document, name: str) -> Edit:
    """A schema above the messages."""
    lines = (
        "inputs:",
        f"  required: [{name}]",
        "  properties:",
        f"    {name}: {_STRING_SCHEMA}",
        "",
    )
    return _insertion(document.place("/messages", key=True), "\n".join(lines))


def _added_entry(document: Document, inputs: dict[str, Any], key: str, entry: str) -> Edit:
    """The entry before the first one of a list or mapping of the inputs, or in a new one."""
    pointer, container = f"/inputs/{key}", inputs.get(key)
    is_list = key == "required"
    if container:
        first = "0" if is_list else escaped(next(iter(container)))
        return _entry_before(document, document.place(f"{pointer}/{first}", key=not is_list), entry)
    new = f"[{entry}]" if is_list else f"{{{entry}}}"
    if container is not None:
        return Edit(document.place(pointer), new)
    above = document.place(f"/inputs/{escaped(next(iter(inputs)))}", key=True)
    return _entry_before(document, above, f"{key}: {new}")


def _entry_before(document: Document, place: Place, entry: str) -> Edit:
    """The entry on a line of its own or, within brackets, followed by a comma."""
    prefix = document.text.split("\n")[place.line - 1][: place.column - 1]
    is_block = prefix.strip() in ("", "-")
    return _insertion(place, f"{entry}\n{prefix}" if is_block else f"{entry}, ")


def _insertion(place: Place, text: str) -> Edit:
    at = Place(place.path, place.line, place.column, place.line, place.column)
    return Edit(at, text)


def _is_declared(document: Document, name: str) -> bool:
    if document.problems:
        return False
    inputs = document.value.get("inputs") or {}
    return name in inputs.get("properties", ()) and name in inputs.get("required", ())


# The comment that suppresses a finding.


def suppression(catalog: Catalog, finding: Finding) -> Edit | None:
    """A comment above the place of a finding that names its rule, for the author to add a reason.

    None where a comment would have no effect: in other files than prompts and templates, in a file
    that can't be parsed, and for rules that only a waiver suppresses.
    """
    rule = built_in().get(finding.code)
    if finding.code == CODE or (rule is not None and rule.unsuppressable):
        return None
    path = finding.place.path
    if path.endswith(PROMPT_ENDINGS):
        line = catalog.document(finding.place.path).entry_line(finding.place.line)
        text = catalog.line(finding.place.path, line)
        indent = text[: len(text) - len(text.lstrip(" "))]
        return _line_above(finding, line, f"{indent}# {_directive(finding)} ") if line else None
    return _jinja_comment(catalog, finding) if may_be_template(path) else None


def _jinja_comment(catalog: Catalog, finding: Finding) -> Edit | None:
    """A comment on its own line, unless that line is within a tag."""
    path, line = finding.place.path, finding.place.line
    text = catalog.files.text(path)
    if text is None:
        return None
    lines = text.value.split("\n")
    comment = f"{{# {_directive(finding)} #}}"
    try:
        parse("\n".join((*lines[: line - 1], comment, *lines[line - 1 :])))
    except TemplateError:
        return None
    return _line_above(finding, line, comment)


def _directive(finding: Finding) -> str:
    return f"promptops: ignore[{finding.code}]"


def _line_above(finding: Finding, line: int, text: str) -> Edit:
    return Edit(Place(finding.place.path, line, 1, line, 1), f"{text}\n")
