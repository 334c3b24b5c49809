"""The prompts of an export, or the errors that prevent it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.errors import InputError, UsageError
from promptops.formats.document import Loss
from promptops.formats.exported import ExportSubject
from promptops.jobs.workspace.render import named_case, readable_prompt
from promptops.jobs.workspace.selection import SelectionOptions, select
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt
from promptops.patterns import lazy_pattern
from promptops.runtime.request.render import Renderer

_WHERE = lazy_pattern(r"(.+):(\d+):(\d+)")


def export_subjects(
    workspace: Workspace, patterns: Sequence[str], case: str | None
) -> Iterator[ExportSubject | Loss]:
    """Each selected prompt; an EXP003 for one that can't be read.

    Raises UsageError for an unknown prompt or test case.
    """
    for path in select(workspace, SelectionOptions(patterns=tuple(patterns))).why:
        try:
            yield _subject(workspace, path, case)
        except InputError as error:
            place = _place(error.where, path)
            yield Loss(code="EXP003", message=error.message, place=place, hint=error.hint)


def _subject(workspace: Workspace, path: str, case: str | None) -> ExportSubject:
    prompt = readable_prompt(workspace, path)
    catalog = workspace.catalog
    return ExportSubject(
        prompt=prompt,
        load=catalog.load,
        renderer=Renderer(prompt, catalog.load, catalog.files.data),
        case=_case(prompt, case) if case is not None else None,
    )


def _case(prompt: Prompt, name: str) -> Case:
    """The test case of that name. Raises UsageError, InputError."""
    if not prompt.cases:
        hint = "leave out --case, name other prompts, or add the test case below `tests`"
        raise UsageError("the prompt has no test case", where=prompt.path, hint=hint)
    return named_case(prompt, name)


def _place(where: str | None, path: str) -> Place:
    """The place of an error: `path:line:column`, or only a path."""
    match = _WHERE.fullmatch(where or "")
    if match is None:
        return Place(path)
    line, column = int(match[2]), int(match[3])
    return Place(match[1], line, column, line, column)
