"""Which file of a catalog names which other, with the place of each name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property

from promptops.catalog.catalog import Catalog
from promptops.catalog.graph import SILENT_ENDINGS
from promptops.catalog.named_files import ESCAPES
from promptops.commands.mv.mentions import Mention, NamesInFile, names_in
from promptops.model.finding import Problem
from promptops.source.cases import ENDINGS
from promptops.source.recording_files import first_of

_BINARY = tuple(ending for ending in SILENT_ENDINGS if ending not in ENDINGS)

UNFINISHED = ".new"
"""How the name of a file ends that an interrupted move was writing."""


class References:
    """The names in the files of a catalog; each file is parsed once, when it is needed.

    Unlike the graph of the catalog, it has the ids of prompts and the files of Python functions.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._names: dict[str, NamesInFile] = {}

    def names(self, path: str) -> NamesInFile:
        """The names in a file."""
        if path not in self._names:
            self._names[path] = names_in(self.catalog, path)
        return self._names[path]

    def targets(self, path: str) -> list[str]:
        """The existing files that a file names, each once."""
        found = (self.target(path, mention) for mention in self.names(path).mentions)
        return list(dict.fromkeys(target for target in found if target is not None))

    def users(self, path: str) -> list[str]:
        """The files that name a file, sorted."""
        mentioning = self.mentioning((path.rpartition("/")[2],))
        return [user for user in mentioning if path in self.targets(user)]

    def target(self, path: str, mention: Mention) -> str | None:
        """The existing file that a name in the file `path` refers to; None for an id."""
        if mention.kind == "id":
            return None
        found = self.catalog.resolver.follow(mention.kind, mention.name, mention.place, path)
        return None if isinstance(found, Problem) or not found.found else found.target

    def mentioning(self, words: Collection[str]) -> Iterator[str]:
        """The files that contain one of some words, or an escape that may hide one; sorted."""
        wanted = tuple(word.encode() for word in (*words, *ESCAPES))
        for path in self._texts:
            data = self.catalog.files.data(path)
            if data is not None and any(word in data for word in wanted):
                yield path

    @cached_property
    def _texts(self) -> list[str]:
        """All files that may name others, read at once."""
        files = self.catalog.files
        found = [path for path in files.entries if may_name_files(path)]
        files.prefetch(found)
        return sorted(found)


def may_name_files(path: str) -> bool:
    """Whether a kind of file is searched for names; recordings and media are not."""
    return first_of(path) is None and not path.endswith((*_BINARY, UNFINISHED))
