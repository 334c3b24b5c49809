"""Import prompts of other tools: read the sources, plan the files, check and write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from promptops.formats.document import Loss
from promptops.jobs.importing.findings import findings
from promptops.jobs.importing.name_globs import NameGlobs
from promptops.jobs.importing.options import ImportOptions
from promptops.jobs.importing.planning import planned
from promptops.jobs.importing.profiles import Profiles
from promptops.jobs.importing.reading import ReadFile, read_sources
from promptops.jobs.importing.removable import removable
from promptops.jobs.importing.self_check import checked
from promptops.jobs.importing.shared_paragraphs import shared_paragraphs
from promptops.jobs.importing.sources import sources
from promptops.jobs.importing.target import target
from promptops.jobs.importing.writing import WrittenPrompt, written
from promptops.jobs.setup.new_files import write_schema_copy
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.imported import Import, ImportedPrompt, ImportedSource


def import_prompts(workspace: Workspace, paths: Sequence[str], options: ImportOptions) -> Import:
    """Write the prompts of the sources as prompt files. Existing files are never overwritten.

    Raises UsageError for an unknown format, an invalid id, or a folder outside of the prompt
    roots; InputError for a source that can't be opened, or a file that can't be written; GitError
    without a work tree.
    """
    folder = target(workspace, options.to)
    globs = NameGlobs(options.select, options.exclude)
    found = sources(paths, globs, workspace)
    reads = tuple(read_sources(found, options.format, options.reading, globs))
    profiles = Profiles(workspace.config.models) if options.profiles else None
    plans = tuple(planned(workspace, reads, folder, profiles, options))
    complete = checked(workspace, plans, profiles)
    root = workspace.repository.root
    results = [written(root, plan, options) for plan in complete]
    is_written = any(result.prompt.state == "written" for result in results)
    return Import(
        sources=tuple(_sources(reads, results)),
        findings=tuple(findings(reads, _losses(reads, results))),
        schema_copy=write_schema_copy(root) if is_written else None,
        profiles=profiles.new if profiles else {},
        companions=sum(len(source.folder.used.intersection(source.paths)) for source in found),
        skipped=sum(source.skipped for source in found),
        removable=tuple(removable(workspace, found, reads, results)),
    )


def _losses(
    reads: Iterable[ReadFile], results: Sequence[WrittenPrompt]
) -> Iterable[tuple[str, Loss]]:
    """All losses, each with the id of its prompt, or ""."""
    for read in reads:
        yield from (("", one) for one in read.found if isinstance(one, Loss))
    for result in results:
        yield from ((result.prompt.id, loss) for loss in result.losses)
    yield from (("", loss) for loss in shared_paragraphs(one.document for one in results))


def _sources(
    reads: Iterable[ReadFile], results: Iterable[WrittenPrompt]
) -> Iterable[ImportedSource]:
    prompts: dict[str, list[ImportedPrompt]] = {}
    for result in results:
        prompts.setdefault(result.source, []).append(result.prompt)
    for read in reads:
        yield ImportedSource(
            path=read.path, format=read.format, prompts=tuple(prompts.get(read.path, ()))
        )
