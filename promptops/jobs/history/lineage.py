"""Follow one prompt back through its names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.catalog.catalog import Catalog
from promptops.catalog.prompt_ids import PROMPT_ENDINGS
from promptops.jobs.history.catalogs import CatalogStep
from promptops.jobs.workspace.named_prompts import candidate_paths, optional_prompt
from promptops.repo.repository import Repository
from promptops.source.config import FILES


class FollowedPrompt:
    """A prompt, wherever a branch had it.

    Attributes:
        here: Its id in the current catalog; None if the catalog does not have it.
        newest: The newest id found; None if none was found yet.
    """

    def __init__(self, repository: Repository, catalog: Catalog, name: str) -> None:
        """Raises UsageError if the name matches several prompts."""
        path = optional_prompt(catalog, repository, name)
        self.here = None if path is None else catalog.ids[path]
        self.newest = self.here
        self._names = dict.fromkeys([self.here or _former_id(repository, catalog, name)])

    def files(self, catalog: Catalog) -> frozenset[str]:
        """All files that decide about the prompt, and its possible paths under any of its names.

        Also collects its other names.
        """
        own: frozenset[str] = frozenset()
        path = catalog.paths.get(self.here) if self.here is not None else None
        if path is not None:
            own = catalog.dependencies(path) | {path}
            prompt = catalog.loaded(path).prompt
            self._names |= dict.fromkeys(prompt.aliases if prompt is not None else ())
        return own.union(FILES, possible_paths(catalog, self._names))

    def back(self, step: CatalogStep) -> str | None:
        """Go to the previous catalog; returns the prompt's id there."""
        names = [self.here, *self._names]
        self.here = next((name for name in names if name and self._is_one(name, step)), None)
        self.newest = self.newest or self.here
        return self.here

    def _is_one(self, name: str, step: CatalogStep) -> bool:
        """Whether a name belonged to this prompt: not if another prompt has it afterwards."""
        return name in step.before.paths and (name == self.here or name not in step.after.paths)


def possible_paths(catalog: Catalog, names: Iterable[str]) -> Iterator[str]:
    """The paths where prompts of these ids would be."""
    for root in catalog.config.prompts:
        folder = "" if root == "." else f"{root}/"
        yield from (f"{folder}{name}{ending}" for name in names for ending in PROMPT_ENDINGS)


def _former_id(repository: Repository, catalog: Catalog, name: str) -> str:
    """The id of a prompt that is gone, whose file may be named by its path."""
    ids = map(catalog.id_of, candidate_paths(repository, name))
    return next(filter(None, ids), name)
