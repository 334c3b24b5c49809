"""One prompt on the way back through its names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.catalog.catalog import Catalog
from promptops.catalog.prompt_ids import PROMPT_ENDINGS
from promptops.jobs.history.catalogs import CatalogStep
from promptops.jobs.workspace.named_prompts import only, written_paths
from promptops.repo.repository import Repository
from promptops.source.config import FILES


class Followed:
    """A prompt, wherever a branch had it.

    Attributes:
        here: Its id in the catalog that was come to; None where that has none.
        newest: The first that was met; None as long as none was.
    """

    def __init__(self, repository: Repository, catalog: Catalog, asked: str) -> None:
        """Raises UsageError where the name means several prompts."""
        path = only(catalog, repository, asked)
        self.here = None if path is None else catalog.ids[path]
        self.newest = self.here
        self._names = dict.fromkeys([self.here or _former_id(repository, catalog, asked)])

    def files(self, catalog: Catalog) -> frozenset[str]:
        """All that decides what the prompt is, and where it might be under any of its names.

        Learns which other names it had.
        """
        own: frozenset[str] = frozenset()
        path = catalog.paths.get(self.here) if self.here is not None else None
        if path is not None:
            own = catalog.rests_on(path) | {path}
            prompt = catalog.loaded(path).prompt
            self._names |= dict.fromkeys(prompt.aliases if prompt is not None else ())
        return own.union(FILES, possible(catalog, self._names))

    def back(self, step: CatalogStep) -> str | None:
        """Go to the catalog before; its id there."""
        names = [self.here, *self._names]
        self.here = next((name for name in names if name and self._is_one(name, step)), None)
        self.newest = self.newest or self.here
        return self.here

    def _is_one(self, name: str, step: CatalogStep) -> bool:
        """A name that another prompt has afterwards was that one's before."""
        return name in step.before.paths and (name == self.here or name not in step.after.paths)


def possible(catalog: Catalog, names: Iterable[str]) -> Iterator[str]:
    """The paths where prompts of these ids would be."""
    for root in catalog.config.prompts:
        folder = "" if root == "." else f"{root}/"
        yield from (f"{folder}{name}{ending}" for name in names for ending in PROMPT_ENDINGS)


def _former_id(repository: Repository, catalog: Catalog, asked: str) -> str:
    """The id of a prompt that is gone, whose file may be named by its path."""
    ids = map(catalog.id_of, written_paths(repository, asked))
    return next(filter(None, ids), asked)
