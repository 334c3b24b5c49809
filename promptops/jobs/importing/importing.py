"""Import prompts of other tools: read the sources, plan the files, check and write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from promptops.analysis.masking import without_secrets
from promptops.formats.document import Loss
from promptops.jobs.importing.findings import findings
from promptops.jobs.importing.name_globs import NameGlobs
from promptops.jobs.importing.options import ImportOptions
from promptops.jobs.importing.planning import planned
from promptops.jobs.importing.profiles import Profiles
from promptops.jobs.importing.reading import ReadFile, left_out, read_sources
from promptops.jobs.importing.removable import removable
from promptops.jobs.importing.sample_names import refuse_unread_names
from promptops.jobs.importing.self_check import checked
from promptops.jobs.importing.shared_paragraphs import shared_paragraphs
from promptops.jobs.importing.sources import sources
from promptops.jobs.importing.target import target
from promptops.jobs.importing.writing import WrittenPrompt, written
from promptops.jobs.setup.new_files import write_schema_copy
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.imported import Import, ImportedPrompt, ImportedSource
from promptops.source.config import OWN


def import_prompts(workspace: Workspace, paths: Sequence[str], options: ImportOptions) -> Import:
    """Write the prompts of the sources as prompt files. Existing files are never overwritten.

    Raises UsageError for an unknown format, an invalid id, a name in the sample that no prompt
    reads, or a folder outside of the prompt roots; InputError for a source that can't be opened, or
    a file that can't be written; GitError without a work tree.
    """
    folder = target(workspace, options.to)
    globs = NameGlobs(options.select, options.exclude)
    found = sources(paths, globs, workspace)
    reads = tuple(read_sources(found, options.format, options.reading, globs))
    profiles = Profiles(workspace.config.models) if options.profiles else None
    plans = tuple(planned(workspace, reads, folder, profiles, options))
    refuse_unread_names(plans, options.reading.sample)
    complete = checked(workspace, plans, profiles)
    root = workspace.repository.root
    results = [written(root, plan, options) for plan in complete]
    is_written = any(result.prompt.state == "written" for result in results)
    return Import(
        sources=tuple(_sources(reads, results)),
        findings=tuple(findings(reads, _losses(reads, results))),
        schema_copy=write_schema_copy(root) if is_written else None,
        profiles=_shown(profiles),
        configuration=workspace.config.path or OWN,
        companions=sum(len(source.folder.used.intersection(source.paths)) for source in found),
        left_out=tuple(left_out(found, reads)),
        removable=tuple(removable(workspace, found, reads, results)),
    )


def _shown(profiles: Profiles | None) -> Mapping[str, Mapping[str, str]]:
    """The new profiles without secrets."""
    new = profiles.new if profiles is not None else {}
    return {
        name: {key: without_secrets(value) for key, value in profile.items()}
        for name, profile in new.items()
    }


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
