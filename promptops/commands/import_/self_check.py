"""Whether prompt files that an import is about to write can be read and rendered; no secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from promptops.analysis.secrets import find_secrets
from promptops.catalog.catalog import Catalog
from promptops.commands.import_.planning import Planned
from promptops.commands.import_.profiles import Profiles
from promptops.commands.import_.reading import self_check_loss
from promptops.formats.document import Loss
from promptops.lint.searchable_text import written
from promptops.model.config import Config, ModelProfile
from promptops.model.internal_error import CaughtBug
from promptops.records import replace
from promptops.repo.repository import WORKTREE
from promptops.runtime.request.render import Renderer, RenderError
from promptops.workspace.changed_tree import ChangedTree
from promptops.workspace.workspace import Workspace, catalog_of

_SHOWN = 3
_SECRET_HINT = "remove it from the source, and revoke the key"


def checked(
    workspace: Workspace, planned: Iterable[Planned], profiles: Profiles | None
) -> Iterator[Planned]:
    """The prompts, with an IMP016 for each mistake in their files and an IMP131 for a secret.

    A bug that one prompt leads to is a mistake of this prompt only.
    """
    plans = tuple(planned)
    texts = {path: text for plan in plans for path, text in plan.files.files.items()}
    catalog = _catalog_with(workspace, texts, _config(workspace.config, profiles))
    for plan in plans:
        refused = any(loss.refuses for loss in plan.losses)
        found = () if refused else tuple(_found(catalog, plan))
        yield replace(plan, losses=(*plan.losses, *found))


def _catalog_with(workspace: Workspace, files: Mapping[str, str], config: Config) -> Catalog:
    """The catalog of the work tree with the files that will be written."""
    repository = workspace.repository
    data = {path: text.encode() for path, text in files.items()}
    disk = repository.tree(WORKTREE, workspace.config.prompts)
    tree = ChangedTree(disk, data)
    return catalog_of(repository, WORKTREE, tree, config)


def _config(config: Config, profiles: Profiles | None) -> Config:
    """The configuration with the profiles that the user is going to add."""
    new = profiles.new if profiles is not None else {}
    added = {
        name: ModelProfile(name=name, provider=one["provider"], id=one["id"])
        for name, one in new.items()
    }
    return replace(config, models={**config.models, **added})


def _found(catalog: Catalog, plan: Planned) -> Iterator[Loss]:
    with CaughtBug() as bug:
        yield from _secrets(catalog, plan)
        yield from _faults(catalog, plan)
    if bug.error is not None:
        yield self_check_loss(str(bug.error), plan.document.place)


def _secrets(catalog: Catalog, plan: Planned) -> Iterator[Loss]:
    """An error for each kind of secret that the rule SEC001 finds; its value is not shown."""
    path = plan.files.path
    texts = written(catalog, catalog.document(path), catalog.loaded(path).references)
    found = {match.message for text in texts for match in find_secrets(text.text)}
    for kind in sorted(found):
        message = f"the prompt contains {kind}: it is not written"
        place = plan.document.place
        yield Loss(code="IMP131", message=message, place=place, hint=_SECRET_HINT, refuses=True)


def _faults(catalog: Catalog, plan: Planned) -> Iterator[Loss]:
    loaded = catalog.loaded(plan.files.path)
    place = plan.document.place
    for problem in loaded.problems[:_SHOWN]:
        yield self_check_loss(f"{problem.code}: {problem.message}", place)
    if loaded.problems or loaded.prompt is None:
        return
    try:
        renderer = Renderer(loaded.prompt, catalog.load)
        for case in loaded.prompt.cases:
            renderer.messages(case.inputs)
    except RenderError as error:
        yield self_check_loss(f"a case can't be rendered: {error}", place)
