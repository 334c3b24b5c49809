"""Each document with its id, its files and what is lost, before anything is written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from promptops.analysis.secrets import find_secrets
from promptops.errors import UsageError
from promptops.formats.connections import without_connections
from promptops.formats.document import Loss, SourceDocument
from promptops.formats.prompt_file import PromptFiles, WriteOptions, prompt_files
from promptops.jobs.importing.ids import Ids
from promptops.jobs.importing.options import ImportOptions
from promptops.jobs.importing.partials import Partials
from promptops.jobs.importing.profiles import Profiles
from promptops.jobs.importing.reading import ReadFile
from promptops.jobs.importing.target import Target
from promptops.jobs.setup.new_files import schema_path
from promptops.jobs.workspace.workspace import Workspace
from promptops.records import record

_SECRET_HINT = "remove it from the source, and revoke the key"


@record(frozen=True, slots=True, kw_only=True)
class Planned:
    """One prompt with its files, before anything is written."""

    document: SourceDocument
    read: ReadFile
    files: PromptFiles
    losses: tuple[Loss, ...]


def planned(
    workspace: Workspace,
    reads: Sequence[ReadFile],
    target: Target,
    profiles: Profiles | None,
    options: ImportOptions,
) -> Iterator[Planned]:
    """The prompts of all files, in their order. Raises UsageError if --id names several."""
    found = [(read, one) for read in reads for one in read.found if isinstance(one, SourceDocument)]
    if options.identity is not None and len(found) > 1:
        hint = "leave out --id, or select one with --select 'FILE::NAME'"
        raise UsageError(f"--id names one prompt, and there are {len(found)}", hint=hint)
    ids = Ids(target.prefix, workspace.catalog.ids.values())
    partials = Partials(target.prefix)
    writing = WriteOptions(
        root=target.root,
        schema=schema_path(workspace.repository.root),
        optional=options.optional,
        tidy=options.tidy,
        bodies=options.bodies,
    )
    for read, document in found:
        named, losses = ids.named(without_connections(document), options.identity)
        renamed = partials.renamed(named)
        complete = profiles.named(renamed) if profiles is not None else renamed
        files = prompt_files(complete, read.data, writing, _origin(workspace, read))
        losses = (*files.losses, *losses, *_secrets(complete, files))
        yield Planned(document=complete, read=read, files=files, losses=losses)


def _origin(workspace: Workspace, read: ReadFile) -> str:
    """The path of a source in its prompt file: from the root of the repository, if it is inside."""
    root = os.path.realpath(workspace.repository.root)
    inside = os.path.relpath(os.path.realpath(read.path), root).replace(os.sep, "/")
    return read.origin if inside.split("/")[0] == ".." else inside


def _secrets(document: SourceDocument, files: PromptFiles) -> Iterator[Loss]:
    """An error for each kind of secret in the files; its value is not shown."""
    found = {match.message for text in files.files.values() for match in find_secrets(text)}
    for kind in sorted(found):
        message = f"the prompt contains {kind}: it is not written"
        yield Loss(
            code="IMP131",
            message=message,
            place=document.place,
            hint=_SECRET_HINT,
            refuses=True,
        )
