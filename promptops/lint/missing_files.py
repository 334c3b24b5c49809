"""Finds missing files of a prompt, and where they are instead: for TPL003 and REP005."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.analysis.includes import includes
from promptops.catalog.catalog import Catalog
from promptops.catalog.files import Surroundings
from promptops.lint.passages import included_at
from promptops.model.finding import Problem, Related
from promptops.model.loaded import FileReference
from promptops.model.place import Text
from promptops.records import record


@record(frozen=True, slots=True)
class Needed:
    """A file that a prompt needs.

    Attributes:
        related: The includes that lead to the file that names it, the innermost first.
    """

    reference: FileReference
    related: tuple[Related, ...] = ()


def missing(surroundings: Surroundings, reference: FileReference) -> str | None:
    """Why a commit of this tree would lack a named file; None if it has the file.

    "" if it does not exist (TPL003, or SCH002 for a schema); else its state (REP005): `untracked`,
    `ignored`, `unstaged`, or `tracked` for a file that exists in another revision; `unmerged` for a
    file with an unresolved merge (SCH011).
    """
    if not reference.found:
        entry = surroundings.files.entries.get(reference.target)
        if surroundings.files.is_unmerged(reference.target):
            return "unmerged"
        return "" if entry is not None else surroundings.state(reference.target) or ""
    return "untracked" if _is_left_behind(surroundings, reference) else None


def _is_left_behind(surroundings: Surroundings, reference: FileReference) -> bool:
    """Whether a tracked file needs an untracked one, which the next commit would lack."""
    target = surroundings.files.entries.get(reference.target)
    if target is None or target.tracked:
        return False
    return surroundings.is_tracked(reference.place.path)


def needed(catalog: Catalog, references: Iterable[FileReference]) -> Iterator[Needed]:
    """The files that a prompt file and its templates name, at any depth."""
    seen: set[str] = set()
    waiting = [Needed(reference) for reference in references]
    while waiting:
        each = waiting.pop(0)
        yield each
        target = each.reference.target
        if each.reference.kind == "template" and target not in seen:
            seen.add(target)
            text = catalog.files.text(target)
            if text is not None:
                here = included_at(each.reference.place)
                waiting += _included(catalog, text, (here, *each.related))


def _included(catalog: Catalog, text: Text, related: tuple[Related, ...]) -> Iterator[Needed]:
    for include in includes(text):
        place = text.place(include.start, include.end)
        found = catalog.resolver.follow("template", include.name, place, text.path)
        if not isinstance(found, Problem):
            yield Needed(found, related)
