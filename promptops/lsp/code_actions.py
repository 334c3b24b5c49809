"""Code actions: fixes of findings, comments that suppress them, and new inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from lsprotocol import types

from promptops.errors import PromptopsError
from promptops.jobs.lint.correct_name import correction
from promptops.jobs.lint.declare_input import declaration
from promptops.jobs.lint.fix import safe_edits
from promptops.jobs.lint.silence import suppression
from promptops.lsp.diagnostics import diagnostic, error_diagnostic, error_place, errors_in
from promptops.lsp.open_file import OpenFile
from promptops.lsp.workspace_edit import workspace_edit
from promptops.model.finding import Edit, Finding
from promptops.model.place import Place
from promptops.report.parts.visible import visible

QUICK_FIX = types.CodeActionKind.QuickFix.value
FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.promptops"
OPTIONS = types.CodeActionOptions(code_action_kinds=[QUICK_FIX, FIX_ALL])

MOST_FINDINGS = 20
"""Of the findings in a range, so many have actions."""

_LONGEST = 40
"""Characters of a text that a title shows."""


def code_actions(file: OpenFile, params: types.CodeActionParams) -> list[types.CodeAction]:
    """What can be done about the findings in a range, and with the whole file."""
    found: list[types.CodeAction] = []
    if _is_wanted(QUICK_FIX, params.context):
        found += _quick_fixes(file, params.range)
    if _is_wanted(FIX_ALL, params.context) and not _is_automatic(params.context):
        found += _fix_all(file)
    return found


def _is_wanted(kind: str, context: types.CodeActionContext) -> bool:
    """Whether the editor requests actions of a kind, by its name or by the start of it."""
    return context.only is None or any(f"{kind}.".startswith(f"{only}.") for only in context.only)


def _is_automatic(context: types.CodeActionContext) -> bool:
    """Whether the editor only wants to show that there are actions."""
    automatic = context.trigger_kind == types.CodeActionTriggerKind.Automatic
    return automatic and context.only is None


def _quick_fixes(file: OpenFile, wanted: types.Range) -> Iterator[types.CodeAction]:
    findings = file.live.findings(file.path)
    within = (each for each in findings if _overlaps(file.range_of(each.place), wanted))
    for finding in islice(within, MOST_FINDINGS):
        yield from _of_finding(file, finding)
    for error in errors_in(file):
        if _overlaps(file.range_of(error_place(error)), wanted):
            yield from _of_error(file, error)


def _of_error(file: OpenFile, error: PromptopsError) -> Iterator[types.CodeAction]:
    """The suggested name for a misspelt word of the configuration."""
    edit = correction(file.live.catalog, error_place(error), error.message, error.hint)
    if edit is not None:
        yield _action(
            file, error_diagnostic(file, error), _title(file, (edit,)), (edit,), preferred=True
        )


def _of_finding(file: OpenFile, finding: Finding) -> Iterator[types.CodeAction]:
    catalog, shown = file.live.catalog, diagnostic(file, finding)
    yield from _fixes(file, finding, shown)
    declared = declaration(catalog, finding)
    if declared:
        title = f"Add the input `{_written(file, finding.place)}`"
        yield _action(file, shown, title, declared)
    comment = suppression(catalog, finding)
    if comment is not None:
        title = f"Ignore {finding.code} here: add the reason to the comment"
        yield _action(file, shown, title, (comment,))


def _fixes(file: OpenFile, finding: Finding, shown: types.Diagnostic) -> Iterator[types.CodeAction]:
    """The suggested name for a misspelt word, or else the fix of the rule."""
    fix, place = finding.fix, finding.place
    corrected = correction(file.live.catalog, place, finding.message, finding.hint)
    if corrected is not None and (fix is None or [edit.place for edit in fix.edits] == [place]):
        yield _action(file, shown, _title(file, (corrected,)), (corrected,), preferred=True)
    elif fix is not None and fix.edits:
        title = _title(file, fix.edits) + ("" if fix.safe else " (may change the request)")
        yield _action(file, shown, title, fix.edits, preferred=fix.safe)


def _action(
    file: OpenFile,
    shown: types.Diagnostic,
    title: str,
    edits: Iterable[Edit],
    *,
    preferred: bool | None = None,
) -> types.CodeAction:
    return types.CodeAction(
        title=title,
        kind=QUICK_FIX,
        diagnostics=[shown],
        is_preferred=preferred or None,
        edit=workspace_edit(file, edits),
    )


def _fix_all(file: OpenFile) -> Iterator[types.CodeAction]:
    """The safe fixes of the file that are proved to change no request."""
    findings = [each for each in file.live.findings(file.path) if _is_within(file, each)]
    edits = safe_edits(file.live.workspace, findings)
    if edits:
        yield types.CodeAction(
            title="Fix everything that changes no request",
            kind=FIX_ALL,
            edit=workspace_edit(file, edits),
        )


def _is_within(file: OpenFile, finding: Finding) -> bool:
    edits = finding.fix.edits if finding.fix is not None else ()
    return all(edit.place.path == file.path for edit in edits)


def _title(file: OpenFile, edits: Sequence[Edit]) -> str:
    """What a fix does, such as "Replace `tikcet` by `ticket`"."""
    if len(edits) > 1:
        return f"Fix it with {len(edits)} edits"
    before, after = _written(file, edits[0].place), edits[0].text
    if not before.strip():
        return f"Insert {_shown(after)}" if after.strip() else "Change the white space"
    return f"Replace {_shown(before)} by {_shown(after)}" if after else f"Remove {_shown(before)}"


def _written(file: OpenFile, place: Place) -> str:
    """The characters of a place, up to the end of its first line."""
    line = file.live.catalog.line(place.path, place.line)
    end = place.end_column - 1 if place.end_line == place.line else len(line)
    return line[place.column - 1 : end]


def _shown(text: str) -> str:
    line = text.strip()
    return f"`{visible(line[:_LONGEST])}{'…' if len(line) > _LONGEST else ''}`"


def _overlaps(found: types.Range, wanted: types.Range) -> bool:
    """Whether two ranges have a position in common, their ends included."""
    return _key(found.start) <= _key(wanted.end) and _key(wanted.start) <= _key(found.end)


def _key(position: types.Position) -> tuple[int, int]:
    return position.line, position.character
