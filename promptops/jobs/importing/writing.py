"""Write the files of one planned prompt, unless something refuses it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from promptops.formats.codes import severity_of
from promptops.formats.document import Loss, SourceDocument
from promptops.jobs.importing.options import ImportOptions
from promptops.jobs.importing.planning import Planned
from promptops.jobs.setup.new_files import create_file, existing_content
from promptops.model.finding import Severity
from promptops.model.imported import ImportedPrompt, State
from promptops.plurals import counted
from promptops.records import record


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
