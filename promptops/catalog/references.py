"""The files that a file refers to: found, missing, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from promptops.catalog.files import Files
from promptops.model.config import Config
from promptops.model.finding import Problem
from promptops.model.loaded import FileReference, Placed, ReferenceKind, placed
from promptops.model.place import Place
from promptops.records import record
from promptops.repo.tree import TreeEntry, starting_with
from promptops.source.paths import confined
from promptops.suggestions import MAX_CATALOG_CHARS, nearest_name

_MOST_NEAR = 500
"""Files of one root that are compared with a path that does not exist."""


@record(frozen=True, slots=True)
class ReferenceResolver:
    """Resolves written paths in a tree."""

    files: Files
    config: Config

    def follow(
        self, kind: ReferenceKind, written: str, place: Placed, base: str
    ) -> FileReference | Problem:
        """The target of a path written in the file `base`; a problem if it is outside.

        The first root that has the file is used; if none has it, the target is its expected path.
        """
        first: FileReference | None = None
        for root in roots_of(kind, self.config, base):
            path = confined(written, base, root)
            if path.reason:
                return _outside(f"`{written}` is {path.reason}", place)
            entry = self.files.entries.get(path.path)
            if entry is not None and entry.kind in ("symlink", "submodule"):
                return _outside(f"`{written}` is a {entry.kind}", place)
            found = self.files.is_file(path.path)
            reference = FileReference(kind, written, path.path, place, found)
            if found:
                return reference
            first = first or reference
        assert first is not None
        return first

    def nearest(self, kind: ReferenceKind, written: str, base: str) -> str | None:
        """A path similar to the written one, of a file with the same folder or the same name.

        Relative to one of the roots of its kind or, with `./`, to the file that names it, as it
        has to be written.
        """
        if written.startswith("./"):
            own = base.rpartition("/")[0]
            inside = f"{own}/" if own else ""
            beside = (f"./{p[len(inside) :]}" for p in self.files.entries if p.startswith(inside))
            found = nearest_name(written, beside, 0.8, MAX_CATALOG_CHARS)
            if found is not None:
                return found
        folder, _, name = written.removeprefix("./").rpartition("/")
        known: list[str] = []
        for root in roots_of(kind, self.config, base):
            inside = f"{root}/" if root else ""
            paths = (p[len(inside) :] for p in self.files.entries if p.startswith(inside))
            known += islice((path for path in paths if _is_near(path, folder, name)), _MOST_NEAR)
        near = nearest_name(written.removeprefix("./"), known, 0.8, MAX_CATALOG_CHARS)
        same = [path for path in known if path.rpartition("/")[2] == name]
        return near or (same[0] if len(same) == 1 else None)


def _is_near(path: str, folder: str, name: str) -> bool:
    """Whether a path has the same folder or the same name as another, or differs in case only."""
    own, _, file = path.rpartition("/")
    if path.casefold() == f"{folder}/{name}".lstrip("/").casefold():
        return True
    return own == folder or f"/{folder}/" in f"/{path}" or file == name


def _outside(message: str, place: Placed) -> Problem:
    hint = "name a file of this repository, relative to the prompt root or with `./`"
    return Problem(message, at=placed(place), hint=hint, code="SEC010")


class ReferenceLog:
    """The references of one prompt file.

    Attributes:
        problems: References to files outside of the repository: SEC010.
    """

    def __init__(self, resolver: ReferenceResolver, path: str) -> None:
        self.resolver = resolver
        self._path = path
        self.references: list[FileReference] = []
        self._known: dict[tuple[str, str, str, bool], tuple[FileReference, set[Place]]] = {}
        self.problems: list[Problem] = []

    def refer(
        self, kind: ReferenceKind, written: str, place: Placed, base: str = ""
    ) -> FileReference | None:
        """Record a reference; None, and a problem, if its path leads out of the repository."""
        found = self.resolver.follow(kind, written, place, base or self._path)
        if isinstance(found, Problem):
            self.problems.append(found)
            return None
        self.add(found)
        return found

    def know(
        self, kind: ReferenceKind, written: str, place: Place, base: str, targets: set[str]
    ) -> None:
        """Record a reference if its target is in `targets`, and remove the target from there."""
        found = self.resolver.follow(kind, written, place, base)
        if isinstance(found, FileReference) and found.target in targets:
            self.add(found)
            targets.discard(found.target)

    def note(self, kind: ReferenceKind, target: str, place: Place) -> None:
        """Record a reference whose target is already known."""
        found = self.resolver.files.is_file(target)
        self.add(FileReference(kind, target, target, place, found))

    def add(self, reference: FileReference) -> None:
        """Record a reference once; places are computed only for those that may be equal."""
        first, places = self._known.setdefault(reference.facts, (reference, set()))
        if first is not reference:
            places.add(first.place)
            if reference.place in places:
                return
            places.add(reference.place)
        self.references.append(reference)


def roots_of(kind: ReferenceKind, config: Config, base: str) -> tuple[str, ...]:
    """The roots of a kind of path, the one of the referring file first."""
    if kind in ("schema", "tool"):
        return tuple(_plain(root) for root in config.schemas) or ("",)
    own = [root for root in config.prompts if is_below(base, root)]
    others = [root for root in config.prompts if root not in own]
    return tuple(_plain(root) for root in (*own, *others)) or ("",)


def is_below(path: str, root: str) -> bool:
    """Whether a path is in a root folder."""
    return root == "." or path.startswith(f"{root}/")


def has_below(entries: Mapping[str, TreeEntry], root: str) -> bool:
    """Whether a tree has a file in a root folder."""
    found = entries if root == "." else starting_with(entries, f"{root}/")
    return any(True for _ in found)


def _plain(root: str) -> str:
    return "" if root == "." else root
