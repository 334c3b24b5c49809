"""Each document with its id, its files and what is lost, before anything is written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from promptops.errors import UsageError
from promptops.formats.connections import without_connections
from promptops.formats.document import Loss, SourceDocument
from promptops.formats.prompt_file import PromptFiles, WriteOptions, prompt_files
from promptops.jobs.importing.ids import Ids
from promptops.jobs.importing.options import ImportOptions
from promptops.jobs.importing.partials import Partials
from promptops.jobs.importing.profiles import Profiles
from promptops.jobs.importing.reading import ReadFile, self_check_loss
from promptops.jobs.importing.target import Target
from promptops.jobs.setup.new_files import schema_path
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.internal_error import CaughtBug, InternalError
from promptops.records import record, replace


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
    planner = _Planner(workspace, target, profiles, options)
    for read, document in found:
        with CaughtBug() as bug:
            yield planner.planned(read, document)
        if bug.error is not None:
            yield _failed(read, document, bug.error)


def _failed(read: ReadFile, document: SourceDocument, error: InternalError) -> Planned:
    """A prompt without files: a bug that only its document leads to is an error of it alone."""
    loss = self_check_loss(str(error), document.place)
    files = PromptFiles(id=document.id, path="", files={}, inputs=(), losses=())
    return Planned(document=document, read=read, files=files, losses=(*document.losses, loss))


class _Planner:
    """The prompts of one import, which share ids, partials and profiles."""

    def __init__(
        self,
        workspace: Workspace,
        target: Target,
        profiles: Profiles | None,
        options: ImportOptions,
    ) -> None:
        root = workspace.repository.root
        self._root = os.path.realpath(root)
        self._identity = options.identity
        self._ids = Ids(target.prefix, workspace.catalog.ids.values())
        self._partials = Partials(target.prefix)
        self._profiles = profiles
        self._writing = WriteOptions(
            root=target.root,
            schema=schema_path(root),
            optional=options.optional,
            tidy=options.tidy,
            bodies=options.bodies,
        )

    def planned(self, read: ReadFile, document: SourceDocument) -> Planned:
        """One prompt."""
        named, losses = self._ids.named(without_connections(document), self._identity)
        complete = self._partials.renamed(_without_repeated_title(named))
        if self._profiles is not None:
            complete = self._profiles.named(complete)
        files = prompt_files(complete, read.data, self._writing, self._origin(read))
        return Planned(document=complete, read=read, files=files, losses=(*files.losses, *losses))

    def _origin(self, read: ReadFile) -> str:
        """The path of a source from the root of the repository; outside of it, below the SOURCE."""
        inside = os.path.relpath(os.path.realpath(read.path), self._root).replace(os.sep, "/")
        return read.origin if inside.split("/")[0] == ".." else inside


def _without_repeated_title(document: SourceDocument) -> SourceDocument:
    """The document without a title that only repeats the end of its id, such as `chat`."""
    title = str(document.fields.get("title", "")).replace("_", "-")
    if not title or title != document.id.rpartition("/")[2].replace("_", "-"):
        return document
    fields = {name: value for name, value in document.fields.items() if name != "title"}
    return replace(document, fields=fields)
