"""One prompt on the way back through its names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.catalog.catalog import Catalog
from promptops.catalog.graph import PROMPT_ENDINGS
from promptops.jobs.past import Step
from promptops.source.config import FILES


class Followed:
    """A prompt, wherever a branch had it.

    Attributes:
        here: Its id in the catalog that was come to; None where that has none.
        newest: The first that was met; None as long as none was.
    """

    def __init__(self, catalog: Catalog, asked: str) -> None:
        self.here = _id(catalog, asked)
        self.newest = self.here
        self._names = dict.fromkeys([self.here or asked])

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

    def back(self, step: Step) -> str | None:
        """Go to the catalog before; its id there."""
        names = [self.here, *self._names]
        self.here = next((name for name in names if name and self._is_one(name, step)), None)
        self.newest = self.newest or self.here
        return self.here

    def _is_one(self, name: str, step: Step) -> bool:
        """A name that another prompt has afterwards was that one's before."""
        return name in step.before.paths and (name == self.here or name not in step.after.paths)


def possible(catalog: Catalog, names: Iterable[str]) -> Iterator[str]:
    """The paths where prompts of these ids would be."""
    for root in catalog.config.prompts:
        folder = "" if root == "." else f"{root}/"
        yield from (f"{folder}{name}{ending}" for name in names for ending in PROMPT_ENDINGS)


def _id(catalog: Catalog, asked: str) -> str | None:
    """Of an id, a name that a prompt had, or the path of its file."""
    if asked in catalog.paths:
        return asked
    path = asked.removeprefix("./")
    if path in catalog.ids:
        return catalog.ids[path]
    had = catalog.graph.aliases.get(asked, [])
    return catalog.ids.get(min(had)) if had else None
