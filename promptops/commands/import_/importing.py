"""Import prompts of other tools: read the sources, plan the files, check and write them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from promptops.analysis.masking import without_secrets
from promptops.commands.import_.findings import findings
from promptops.commands.import_.name_globs import NameGlobs
from promptops.commands.import_.options import ImportOptions
from promptops.commands.import_.planning import Planned, planned
from promptops.commands.import_.profiles import Profiles
from promptops.commands.import_.reading import ReadFile, left_out, read_sources
from promptops.commands.import_.self_check import checked
from promptops.commands.import_.sources import Source, sources
from promptops.commands.import_.target import target
from promptops.errors import UsageError
from promptops.formats.codes import severity_of
from promptops.formats.document import Loss, SourceDocument, SourceLoop, SourceMessage, TextContent
from promptops.formats.parts import TextPart
from promptops.model.finding import Severity
from promptops.model.imported import Import, ImportedPrompt, ImportedSource, State
from promptops.patterns import lazy_pattern
from promptops.plurals import counted, some
from promptops.records import record
from promptops.repo.repository import INDEX
from promptops.source.config import OWN
from promptops.suggestions import did_you_mean
from promptops.workspace.new_files import create_file, existing_content, write_schema_copy
from promptops.workspace.workspace import Workspace


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


# Whether the prompts of an import have the inputs that `--sample` names.

_SHOWN = 10


def refuse_unread_names(plans: Iterable[Planned], sample: Mapping[str, Any]) -> None:
    """Raises UsageError for a name that is neither an input of a prompt nor its former name."""
    known = dict.fromkeys(name for plan in plans for name in _names(plan))
    for name in sample:
        if known and name not in known:
            inputs = f"the inputs are: {some(list(known), _SHOWN, 'input')}"
            hint = did_you_mean(name, known) or inputs
            raise UsageError(f"no prompt has the input `{name}` of --sample", hint=hint)


def _names(plan: Planned) -> Iterable[str]:
    return (*plan.files.inputs, *plan.document.aliases.values())


# Which sources can be removed from the repository after an import.

_CODE = ("python", "typescript")
"""Formats whose files contain more than prompts."""


def removable(
    workspace: Workspace,
    sources: Iterable[Source],
    reads: Sequence[ReadFile],
    results: Sequence[WrittenPrompt],
) -> Iterator[str]:
    """The sources that git tracks, and of which each tracked file became a prompt."""
    imported = {one.source for one in results if one.prompt.state != "refused"}
    for source in sources:
        own = [read for read in reads if read.source == source.shown]
        complete = own and all(_is_complete(read, imported) for read in own)
        if complete and _has_only(workspace, source, own):
            yield source.shown


def _is_complete(read: ReadFile, imported: set[str]) -> bool:
    errors = any(isinstance(one, Loss) for one in read.found)
    return read.path in imported and read.format not in _CODE and not errors


def _has_only(workspace: Workspace, source: Source, own: Sequence[ReadFile]) -> bool:
    """Whether git tracks files of the source, and all of them on disk were read."""
    root = os.path.realpath(workspace.repository.root)
    inside = os.path.relpath(os.path.realpath(source.shown), root).replace(os.sep, "/")
    if inside.split("/")[0] in ("..", "."):
        return False
    entries = workspace.repository.tree(INDEX, under=(inside,)).entries
    tracked = {path for path in entries if os.path.lexists(os.path.join(root, path))}
    if tracked == {inside}:
        return True
    folder = source.folder
    read = {each.path for each in own} | {folder.path_shown(path) for path in folder.used}
    shown = {folder.path_shown(path.removeprefix(f"{inside}/")) for path in tracked}
    return bool(tracked) and shown <= read


# Paragraphs that several imported prompts share: candidates for a partial.

SHORTEST = 120  # characters
FEWEST = 3  # source files
_SHARED_PARAGRAPHS_SHOWN = 5
_BLANK_LINES = lazy_pattern(r"\n[ \t]*\n")


def shared_paragraphs(documents: Iterable[SourceDocument]) -> Iterator[Loss]:
    """An IMP314 for each paragraph without variables that is in several source files."""
    found: dict[str, dict[str, SourceDocument]] = {}
    for document in documents:
        for paragraph in _paragraphs(document):
            found.setdefault(paragraph, {}).setdefault(document.place.path, document)
    for paragraph, prompts in found.items():
        if len(prompts) >= FEWEST:
            yield _shared(paragraph, list(prompts.values()))


def _shared(paragraph: str, documents: list[SourceDocument]) -> Loss:
    others = some([f"`{one.id}`" for one in documents[1:]], _SHARED_PARAGRAPHS_SHOWN, "prompt")
    beginning = " ".join(paragraph.split())[:40]
    return Loss(
        code="IMP314",
        message=f"the paragraph `{beginning}…` is also in {others}",
        place=documents[0].place,
        hint="move it to a partial, and include it in each",
    )


def _paragraphs(document: SourceDocument) -> Iterator[str]:
    for turn in document.messages:
        for message in turn.messages if isinstance(turn, SourceLoop) else (turn,):
            if isinstance(message, SourceMessage):
                yield from _of_message(message)


def _of_message(message: SourceMessage) -> Iterator[str]:
    for content in message.content:
        if isinstance(content, TextContent):
            marked = "".join(
                part.text if isinstance(part, TextPart) else "\0" for part in content.parts
            )
            for paragraph in _BLANK_LINES.split(marked):
                if len(paragraph.strip()) >= SHORTEST and "\0" not in paragraph:
                    yield paragraph.strip()


# Write the files of one planned prompt, unless something refuses it.


@record(frozen=True, slots=True, kw_only=True)
class WrittenPrompt:
    """The result for one prompt.

    Attributes:
        source: The path of the file in which it was read.
    """

    document: SourceDocument
    source: str
    prompt: ImportedPrompt
    losses: tuple[Loss, ...]


def written(root: Path, plan: Planned, options: ImportOptions) -> WrittenPrompt:
    """The prompt with what became of it; its files are below `root`.

    Raises InputError for a file that can't be created.
    """
    existing = {path: existing_content(root / path) for path in plan.files.files}
    losses = plan.losses
    # The files of another prompt with the same id differ for that reason.
    if all(loss.code != "IMP006" for loss in losses):
        losses = (*losses, *_differences(plan, existing))
    worst = max((severity_of(loss) for loss in losses), default=Severity.INFO)
    if worst is Severity.ERROR or (options.strict and worst is Severity.WARNING):
        state: State = "refused"
    else:
        new = {path: text for path, text in plan.files.files.items() if existing[path] is None}
        state = _state(root, new, options)
    return WrittenPrompt(
        document=plan.document,
        source=plan.read.path,
        prompt=_imported(plan, losses, state),
        losses=losses,
    )


def _state(root: Path, new: Mapping[str, str], options: ImportOptions) -> State:
    if not new:
        return "same"
    if options.dry_run:
        return "would-write"
    for path, text in new.items():
        create_file(root, path, text)
    return "written"


def _differences(plan: Planned, existing: Mapping[str, bytes | None]) -> Iterator[Loss]:
    for path, data in existing.items():
        text = plan.files.files[path]
        if data is None or data == text.encode():
            continue
        lines = counted(_differing(data.decode("utf-8", errors="replace"), text), "line")
        message = f"`{path}` exists, and {lines} of it differ: it is not overwritten"
        hint = "write elsewhere with --to, and compare: git diff --no-index"
        yield Loss(code="IMP005", message=message, place=plan.document.place, hint=hint)


def _differing(old: str, new: str) -> int:
    """The number of lines that only one of two texts has, of the one that has more of them."""
    before, after = Counter(old.split("\n")), Counter(new.split("\n"))
    return max((before - after).total(), (after - before).total())


def _imported(plan: Planned, losses: tuple[Loss, ...], state: State) -> ImportedPrompt:
    document = plan.document
    return ImportedPrompt(
        id=document.id,
        path=plan.files.path,
        place=document.place,
        format=document.format,
        state=state,
        messages=len(document.messages),
        inputs=len(plan.files.inputs),
        cases=len(document.cases),
        files=tuple(plan.files.files),
        has_model=bool(document.fields.get("model", {}).keys() & {"profile", "id"}),
        losses=sum(severity_of(loss) >= Severity.WARNING for loss in losses),
        notes=sum(severity_of(loss) is Severity.INFO for loss in losses),
    )
