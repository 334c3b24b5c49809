"""Export prompts: prepare them, have a writer make the files, write them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from promptops.analysis.secrets import without_secrets
from promptops.catalog.prompt_ids import PROMPT_ENDINGS
from promptops.errors import InputError, UsageError
from promptops.formats.codes import CODES, severity_of
from promptops.formats.document import Loss
from promptops.formats.exported import (
    ExportedFile,
    ExportSubject,
    Writer,
    known_writers,
)
from promptops.model.finding import Finding
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt
from promptops.model.shipping import Export, FileState, WrittenFile
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.request.render import Renderer
from promptops.suggestions import did_you_mean
from promptops.workspace.new_files import create_file, existing_content
from promptops.workspace.render import named_case, readable_prompt
from promptops.workspace.selection import SelectionOptions, select
from promptops.workspace.workspace import Workspace


@record(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """What the user decides.

    Attributes:
        format: The name of a writer.
        patterns: Ids, globs or paths of prompts; all without any.
        to: The folder of the files, shown as it is.
        case: The test case whose values inputs get that the target can't express.
        strict: Files are written only if nothing is lost.
    """

    format: str
    patterns: tuple[str, ...]
    to: Path
    case: str | None = None
    strict: bool = False
    dry_run: bool = False


def export_prompts(workspace: Workspace, options: ExportOptions) -> Export:
    """Write the selected prompts. Existing files are never overwritten.

    A prompt that can't be read is an EXP003, and the others are written. Raises UsageError for an
    unknown format, prompt or test case.
    """
    writer = _writer(options)
    selected = list(export_subjects(workspace, options.patterns, options.case))
    subjects = [one for one in selected if isinstance(one, ExportSubject)]
    found: list[ExportedFile | Loss] = [one for one in selected if isinstance(one, Loss)]
    found += writer.files(subjects) if subjects else ()
    losses = [one for one in found if isinstance(one, Loss)]
    planned = [one for one in found if isinstance(one, ExportedFile)]
    _refuse_prompts(workspace, options.to, planned)
    instead: FileState | None = "would-write" if options.dry_run else None
    if options.strict and losses:
        instead = "refused"
    losses += [
        _difference_loss(file, options) for file in planned if is_different(options.to, file)
    ]
    files = [written_file(options.to, file, instead) for file in planned]
    ids = {subject.prompt.path: subject.prompt.id for subject in subjects}
    return Export(
        format=options.format,
        prompts=len(selected),
        files=tuple(files),
        findings=tuple(_finding(loss, ids.get(loss.place.path, "")) for loss in losses),
    )


def _writer(options: ExportOptions) -> Writer:
    """The writer of the format. Raises UsageError, also for a case that it would ignore."""
    writer = writer_named(options.format)
    if options.case is not None and not writer.TAKES_CASE:
        taking = ", ".join(name for name, one in known_writers().items() if one.TAKES_CASE)
        hint = f"leave it out; formats with --case: {taking}"
        raise UsageError(f"`{options.format}` has no --case", hint=hint)
    return writer


def writer_named(name: str) -> Writer:
    """The writer of a format. Raises UsageError."""
    writers = known_writers()
    if name not in writers:
        hint = did_you_mean(name, writers) or f"one of: {', '.join(writers)}"
        raise UsageError(f"there is no format `{name}` to export", hint=hint)
    return writers[name]


# The prompts of an export, or the errors that prevent it.

_PLACE = lazy_pattern(r"(.+):(\d+):(\d+)")


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
            place = _place_of_error(error.where, path)
            yield Loss(code="EXP003", message=error.message, place=place, hint=error.hint)


def _subject(workspace: Workspace, path: str, case: str | None) -> ExportSubject:
    prompt = readable_prompt(workspace, path)
    catalog = workspace.catalog
    return ExportSubject(
        prompt=prompt,
        load=catalog.load,
        renderer=Renderer(prompt, catalog.load, catalog.files.data),
        case=_case_named(prompt, case) if case is not None else None,
    )


def _case_named(prompt: Prompt, name: str) -> Case:
    """The test case of that name. Raises UsageError, InputError."""
    if not prompt.cases:
        hint = "leave out --case, name other prompts, or add the test case below `tests`"
        raise UsageError("the prompt has no test case", where=prompt.path, hint=hint)
    return named_case(prompt, name)


def _place_of_error(where: str | None, path: str) -> Place:
    """The place of an error: `path:line:column`, or only a path."""
    match = _PLACE.fullmatch(where or "")
    if match is None:
        return Place(path)
    line, column = int(match[2]), int(match[3])
    return Place(match[1], line, column, line, column)


# The files of an export; existing ones are never overwritten.


def _refuse_prompts(workspace: Workspace, to: Path, files: Sequence[ExportedFile]) -> None:
    """Raises UsageError for a file that promptops would read as a prompt."""
    folder = Path(os.path.realpath(to))
    root = workspace.repository.root
    roots = [Path(os.path.realpath(root / one)) for one in workspace.config.prompts]
    for file in files:
        path = folder / file.path
        if file.path.endswith(PROMPT_ENDINGS) and any(path.is_relative_to(one) for one in roots):
            message = f"`{to / file.path}` would be read as a prompt"
            raise UsageError(message, hint="choose a folder outside of the prompt roots with --to")


def is_different(folder: Path, file: ExportedFile) -> bool:
    """Whether the file exists with another content."""
    return existing_content(folder / file.path) not in (None, file.text.encode())


def _difference_loss(file: ExportedFile, options: ExportOptions) -> Loss:
    message = f"`{options.to / file.path}` exists and is different: it is not overwritten"
    return Loss(code="EXP002", message=message, place=file.place)


def written_file(folder: Path, file: ExportedFile, instead: FileState | None) -> WrittenFile:
    """The file with what became of it; a new one is written, or has the state `instead`.

    Raises InputError if it can't be created.
    """
    existing = existing_content(folder / file.path)
    if existing is not None:
        state: FileState = "same" if existing == file.text.encode() else "refused"
    elif instead is not None:
        state = instead
    else:
        create_file(folder, file.path, file.text)
        state = "written"
    return WrittenFile(path=str(folder / file.path), state=state)


def _finding(loss: Loss, identity: str) -> Finding:
    return Finding(
        code=loss.code,
        name=CODES[loss.code].name,
        severity=severity_of(loss),
        message=without_secrets(loss.message),
        place=loss.place,
        prompt=identity,
        hint=loss.hint,
    )
