"""Import prompts of other tools: read the sources, plan the files, check and write them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from promptops.errors import UsageError
from promptops.formats.codes import NAMES, severity_of
from promptops.formats.document import Loss, SourceDocument
from promptops.formats.prompt_file import PromptFiles, WriteOptions, prompt_files
from promptops.formats.registry import ReadOptions
from promptops.jobs.importing.ids import Ids
from promptops.jobs.importing.reading import ReadFile, read_source, reader_named
from promptops.jobs.importing.self_check import catalog_with, faults
from promptops.jobs.importing.sources import source
from promptops.jobs.setup.new_files import create_file
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.finding import Finding, Severity
from promptops.model.imported import Import, ImportedPrompt, State
from promptops.records import record, replace


@record(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What the user decides.

    Attributes:
        to: A folder below a prompt root; None for the first root.
        format: Of all sources; None to recognise each file.
        identity: Of the only prompt of the only source, or None.
        select, exclude: Globs of source paths, and after `::` of names inside of files.
        strict: A warning refuses its prompt.
        dry_run: Nothing is written.
    """

    to: str | None = None
    format: str | None = None
    identity: str | None = None
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    strict: bool = False
    dry_run: bool = False
    optional: bool = False
    tidy: bool = False
    bodies: int | None = None
    reading: ReadOptions


@record(frozen=True, slots=True, kw_only=True)
class _Planned:
    """One prompt with its files, before anything is written."""

    document: SourceDocument
    data: bytes
    files: PromptFiles
    losses: tuple[Loss, ...]


def import_prompts(workspace: Workspace, paths: Sequence[str], options: ImportOptions) -> Import:
    """Write the prompts of the sources as prompt files. Existing files are never overwritten.

    Raises UsageError for an unknown format or a folder outside of the prompt roots; InputError for
    a source that can't be opened.
    """
    root, prefix = _target(workspace, options.to)
    reads: list[ReadFile] = []
    skipped = 0
    reader = reader_named(options.format) if options.format else None
    for path in paths:
        found = source(path, options.select, options.exclude)
        skipped += found.skipped
        reads += read_source(found, reader, options.reading, options.select)
    planned, alone = _planned(reads, root, prefix, options)
    checked = _checked(workspace, planned)
    prompts = [_written(workspace, plan, options) for plan in checked]
    findings = [
        *(_finding(loss, "", reads) for loss in alone),
        *(_finding(loss, prompt.id, reads) for prompt, losses in prompts for loss in losses),
    ]
    unknown = tuple(read.path for read in reads if not read.known and not read.found)
    return Import(
        prompts=tuple(prompt for prompt, _ in prompts),
        findings=tuple(findings),
        files=len(reads),
        skipped=skipped,
        unknown=unknown,
    )


def _target(workspace: Workspace, to: str | None) -> tuple[str, str]:
    """The prompt root, and the folder below it, "" for the root itself."""
    roots = [root.strip("/") for root in workspace.config.prompts]
    if to is None:
        return ("" if roots[0] == "." else roots[0]), ""
    wanted = os.path.normpath(to).replace(os.sep, "/")
    for root in roots:
        if root in (".", wanted) or wanted.startswith(f"{root}/"):
            base = "" if root == "." else root
            return base, "" if wanted == root else wanted.removeprefix(f"{base}/").strip("/")
    raise UsageError(f"`{to}` is not below a prompt root", hint=f"write --to {roots[0]}/NAME")


def _planned(
    reads: Iterable[ReadFile], root: str, prefix: str, options: ImportOptions
) -> tuple[list[_Planned], list[Loss]]:
    """The prompts with their ids, and the errors that belong to no prompt."""
    documents = [
        (document, read.data)
        for read in reads
        for document in read.found
        if isinstance(document, SourceDocument)
    ]
    if options.identity is not None and len(documents) > 1:
        hint = "leave out --id, or select one with --select 'FILE::NAME'"
        raise UsageError(f"--id names one prompt, and there are {len(documents)}", hint=hint)
    alone = [loss for read in reads for loss in read.found if isinstance(loss, Loss)]
    ids = Ids(prefix)
    writing = WriteOptions(
        root=root, optional=options.optional, tidy=options.tidy, bodies=options.bodies
    )
    planned = []
    for document, data in documents:
        named, losses = ids.named(document, options.identity)
        files = prompt_files(named, data, writing)
        planned.append(
            _Planned(document=named, data=data, files=files, losses=(*files.losses, *losses))
        )
    return planned, alone


def _checked(workspace: Workspace, planned: Sequence[_Planned]) -> Iterator[_Planned]:
    """The prompts with the faults of their files."""
    files: dict[str, str] = {}
    for plan in planned:
        files.update(plan.files.files)
    catalog = catalog_with(workspace, files)
    for plan in planned:
        refused = any(loss.refuses for loss in plan.losses)
        found = () if refused else tuple(faults(catalog, plan.document, plan.files.path))
        yield replace(plan, losses=(*plan.losses, *found))


def _written(
    workspace: Workspace, plan: _Planned, options: ImportOptions
) -> tuple[ImportedPrompt, tuple[Loss, ...]]:
    losses = plan.losses
    root = workspace.repository.root
    existing = {path: _existing(root / path) for path in plan.files.files}
    differing = [
        path
        for path, data in existing.items()
        if data is not None and data != plan.files.files[path].encode()
    ]
    losses = (*losses, *(_differs(plan, path) for path in differing))
    worst = max((severity_of(loss) for loss in losses), default=Severity.INFO)
    refused = worst is Severity.ERROR or (options.strict and worst is Severity.WARNING)
    state: State = "refused"
    if not refused:
        state = _write(root, plan.files.files, existing, options)
    return _imported(plan, losses, state), losses


def _write(
    root: Path,
    files: Mapping[str, str],
    existing: Mapping[str, bytes | None],
    options: ImportOptions,
) -> State:
    new = {path: text for path, text in files.items() if existing[path] is None}
    if not new:
        return "same"
    if options.dry_run:
        return "would-write"
    for path, text in new.items():
        create_file(root, path, text)
    return "written"


def _existing(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        return b""


def _differs(plan: _Planned, path: str) -> Loss:
    message = f"`{path}` exists and is different: it is not overwritten"
    hint = "write elsewhere with --to, and compare: git diff --no-index"
    return Loss(code="IMP005", message=message, place=plan.document.place, hint=hint)


def _imported(plan: _Planned, losses: Sequence[Loss], state: State) -> ImportedPrompt:
    severe = [loss for loss in losses if severity_of(loss) >= Severity.WARNING]
    return ImportedPrompt(
        id=plan.document.id,
        path=plan.files.path,
        source=plan.document.place.path,
        format=plan.document.format,
        state=state,
        messages=len(plan.document.messages),
        inputs=plan.files.inputs,
        cases=len(plan.document.cases),
        files=tuple(plan.files.files),
        losses=len(severe),
    )


def _finding(loss: Loss, identity: str, reads: Iterable[ReadFile]) -> Finding:
    return Finding(
        code=loss.code,
        name=NAMES[loss.code],
        severity=severity_of(loss),
        message=loss.message,
        place=loss.place,
        prompt=identity,
        hint=loss.hint,
        source_line=_line(loss, reads),
    )


def _line(loss: Loss, reads: Iterable[ReadFile]) -> str:
    data = next((read.data for read in reads if read.path == loss.place.path), b"")
    lines = data.decode("utf-8", errors="replace").splitlines()
    return lines[loss.place.line - 1] if 0 < loss.place.line <= len(lines) else ""
