"""`promptops export`: prompts in the formats of other tools."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from promptops.errors import InputError, UsageError
from promptops.model.finding import Finding
from promptops.model.place import Place
from promptops.model.report import Style, plain
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import record
from promptops.report.visible import visible_path
from promptops.suggestions import did_you_mean
from promptops.terminal.complete import complete_prompt
from promptops.terminal.options import (
    Command,
    at_option,
    common,
    decide_option,
    format_list,
    output_option,
    select_option,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.formats.document import Loss
    from promptops.formats.exported import ExportedFile, ExportSubject, Writer
    from promptops.model.prompt import Case, Prompt
    from promptops.model.shipping import Export, FileState, WrittenFile
    from promptops.workspace.workspace import Workspace


@click.command(cls=Command)
@click.argument("format_name", metavar="[FORMAT]", required=False)
@click.argument("patterns", nargs=-1, metavar="[ID|GLOB]...", shell_complete=complete_prompt)
@output_option("--to", metavar="DIR", default=".", help="The folder of the files; `.` by default.")
@select_option(
    "-c",
    "--case",
    metavar="NAME",
    help="Keep as variables only what messages print; all else has the values of this test case.",
)
@output_option(
    "--templates", is_flag=True, help="For promptfoo: prompts as its own templates, without Python."
)
@decide_option("--strict", is_flag=True, help="Write nothing if anything is lost.")
@output_option("--dry-run", is_flag=True, help="Report only; write nothing.")
@output_option("--formats", is_flag=True, help="List the formats.")
@at_option
@common("text", "json", "markdown", acts=True)
def command(
    output: OutputOptions,
    format_name: str | None,
    patterns: tuple[str, ...],
    *,
    to: str,
    case: str | None,
    templates: bool,
    strict: bool,
    dry_run: bool,
    formats: bool,
    revision: str,
) -> int:
    """Write prompts in the format of another tool.

    What the format can't express is reported at its place in the prompt file. A prompt that it
    can't express at all is not written. Existing files are never overwritten.

    \b
    Example:
      promptops export promptfoo support/triage --to promptfoo/
      promptops export openai 'support/*' --to batch/
      promptops export langfuse support/triage --case 'no known issues'
    """
    from promptops.formats.exported import known_writers
    from promptops.model.finding import Severity
    from promptops.workspace.workspace import workspace

    if formats:
        output.refuse_formats("--formats", "text")
        output.write(format_list({one.NAME: one.MARKS for one in known_writers().values()}))
        return 0
    if format_name is None:
        raise UsageError("no format is given", hint="list the formats: promptops export --formats")
    if templates and f"{format_name}-templates" not in known_writers():
        hint = f"leave it out: promptops export {format_name}"
        raise UsageError(f"`{format_name}` has no --templates", hint=hint)
    options = ExportOptions(
        format=f"{format_name}-templates" if templates else format_name,
        patterns=patterns,
        to=Path(output.directory, to),
        case=case,
        strict=strict,
        dry_run=dry_run,
    )
    with workspace(output.directory, revision, output.overrides) as opened:
        result = export_prompts(opened, options)
    output.write_report("export", result)
    wrong = any(finding.severity is Severity.ERROR for finding in result.findings)
    return int(wrong or (strict and bool(result.findings)))


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
    from promptops.formats.document import Loss
    from promptops.formats.exported import ExportedFile, ExportSubject
    from promptops.model.shipping import Export
    from promptops.workspace.new_files import existing_content

    writer = _writer(options)
    selected = list(_subjects(workspace, options.patterns, options.case))
    subjects = [one for one in selected if isinstance(one, ExportSubject)]
    found: list[ExportedFile | Loss] = [one for one in selected if isinstance(one, Loss)]
    found += writer.files(subjects) if subjects else ()
    losses = [one for one in found if isinstance(one, Loss)]
    planned = [one for one in found if isinstance(one, ExportedFile)]
    _refuse_prompts(workspace, options.to, planned)
    instead: FileState | None = "would-write" if options.dry_run else None
    if options.strict and losses:
        instead = "refused"
    for file in planned:
        written = options.to / file.path
        if existing_content(written) not in (None, file.text.encode()):
            message = f"`{written}` exists and is different: it is not overwritten"
            losses.append(Loss(code="EXP002", message=message, place=file.place))
    files = [_written_file(options.to, file, instead) for file in planned]
    ids = {subject.prompt.path: subject.prompt.id for subject in subjects}
    return Export(
        format=options.format,
        prompts=len(selected),
        files=tuple(files),
        findings=tuple(_finding(loss, ids.get(loss.place.path, "")) for loss in losses),
    )


def _writer(options: ExportOptions) -> Writer:
    """The writer of the format. Raises UsageError, also for a case that it would ignore."""
    from promptops.formats.exported import known_writers

    writers = known_writers()
    if options.format not in writers:
        hint = did_you_mean(options.format, writers) or f"one of: {', '.join(writers)}"
        raise UsageError(f"there is no format `{options.format}` to export", hint=hint)
    writer = writers[options.format]
    if options.case is not None and not writer.TAKES_CASE:
        taking = ", ".join(name for name, one in writers.items() if one.TAKES_CASE)
        hint = f"leave it out; formats with --case: {taking}"
        raise UsageError(f"`{options.format}` has no --case", hint=hint)
    return writer


# The prompts of an export, or the errors that prevent it.

_PLACE = lazy_pattern(r"(.+):(\d+):(\d+)")


def _subjects(
    workspace: Workspace, patterns: Sequence[str], case: str | None
) -> Iterator[ExportSubject | Loss]:
    """Each selected prompt; an EXP003 for one that can't be read.

    Raises UsageError for an unknown prompt or test case.
    """
    from promptops.formats.document import Loss
    from promptops.workspace.selection import SelectionOptions, select

    for path in select(workspace, SelectionOptions(patterns=tuple(patterns))).why:
        try:
            yield _subject(workspace, path, case)
        except InputError as error:
            place = _place_of_error(error.where, path)
            yield Loss(code="EXP003", message=error.message, place=place, hint=error.hint)


def _subject(workspace: Workspace, path: str, case: str | None) -> ExportSubject:
    from promptops.formats.exported import ExportSubject
    from promptops.runtime.request.render import Renderer
    from promptops.workspace.render import readable_prompt

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
    from promptops.workspace.render import named_case

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
    from promptops.catalog.files import PROMPT_ENDINGS

    folder = Path(os.path.realpath(to))
    root = workspace.repository.root
    roots = [Path(os.path.realpath(root / one)) for one in workspace.config.prompts]
    for file in files:
        path = folder / file.path
        if file.path.endswith(PROMPT_ENDINGS) and any(path.is_relative_to(one) for one in roots):
            message = f"`{to / file.path}` would be read as a prompt"
            raise UsageError(message, hint="choose a folder outside of the prompt roots with --to")


def _written_file(folder: Path, file: ExportedFile, instead: FileState | None) -> WrittenFile:
    """The file with what became of it; a new one is written, or has the state `instead`.

    Raises InputError if it can't be created.
    """
    from promptops.model.shipping import WrittenFile
    from promptops.workspace.new_files import create_file, existing_content

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
    from promptops.analysis.secrets import without_secrets
    from promptops.formats.codes import CODES, severity_of

    return Finding(
        code=loss.code,
        name=CODES[loss.code].name,
        severity=severity_of(loss),
        message=without_secrets(loss.message),
        place=loss.place,
        prompt=identity,
        hint=loss.hint,
    )


# The report of an export, for people and for a pull request.

STATES: dict[FileState, str] = {
    "written": "wrote",
    "would-write": "would write",
    "same": "unchanged",
    "refused": "refused",
}
"""What became of a file."""
_STATES_IN_SUMMARY: dict[FileState, str] = {"written": "written", "would-write": "would be written"}
"""The same in the summary, where it differs."""


def write_text(result: Export, *, style: Style = plain) -> str:
    """All files and findings."""
    from promptops.report.findings.full import finding_lines

    lines = [f"{STATES[file.state]} {visible_path(file.path)}" for file in result.files]
    lines += [line for finding in result.findings for line in finding_lines(finding, style)]
    lines.append(style("summary", summary(result)))
    return "".join(f"{line}\n" for line in lines)


def summary(result: Export) -> str:
    """`2 prompts as promptfoo, 3 files written`."""
    return ", ".join(_counts(result))


def _counts(result: Export) -> Iterator[str]:
    states = Counter(file.state for file in result.files)
    yield f"{counted(result.prompts, 'prompt')} as {result.format}"
    for state, words in STATES.items():
        if states[state]:
            yield f"{counted(states[state], 'file')} {_STATES_IN_SUMMARY.get(state, words)}"
    if not result.files:
        yield "no file"


# For a pull request: the files, then what is lost.


def write_markdown(result: Export, **_: object) -> str:
    """A comment below GitHub's limit."""
    from promptops.report.document import LIMIT
    from promptops.report.findings.markdown import loss_lines
    from promptops.report.markdown_text import code_span, escape, within

    head = f"**Export**: {escape(summary(result))}\n\n"
    room = (LIMIT - len(head)) // 2 - 200
    files = (f"- {STATES[one.state]} {code_span(visible_path(one.path))}\n" for one in result.files)
    listed = "".join(within(room, files))
    return f"{head}{listed}{loss_lines(result.findings, room)}"
