"""Whether prompt files that an import is about to write can be read and rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from promptops.catalog.catalog import Catalog
from promptops.formats.document import Loss, SourceDocument
from promptops.jobs.workspace.workspace import Workspace, catalog_of
from promptops.repo.overlay import overlaid
from promptops.runtime.request.render import Renderer, RenderError

_SHOWN = 3


def catalog_with(workspace: Workspace, files: Mapping[str, str]) -> Catalog:
    """The catalog of the work tree with the files that will be written."""
    repository = workspace.repository
    data = {path: text.encode() for path, text in files.items()}
    tree = overlaid(
        repository.tree(workspace.revision, workspace.config.prompts),
        data,
        repository.object_format,
    )
    return catalog_of(repository, workspace.revision, tree, workspace.config)


def faults(catalog: Catalog, document: SourceDocument, path: str) -> Iterator[Loss]:
    """An IMP016 for each mistake of a file: a bug of the reader, so it must not be written."""
    loaded = catalog.loaded(path)
    for problem in loaded.problems[:_SHOWN]:
        yield _fault(document, f"{problem.code}: {problem.message}")
    if loaded.problems or loaded.prompt is None:
        return
    try:
        renderer = Renderer(loaded.prompt, catalog.load)
        for case in loaded.prompt.cases:
            renderer.messages(case.inputs)
    except RenderError as error:
        yield _fault(document, f"a case can't be rendered: {error}")


def _fault(document: SourceDocument, message: str) -> Loss:
    hint = "this is a bug of promptops: please report it"
    return Loss(code="IMP016", message=message, place=document.place, hint=hint)
