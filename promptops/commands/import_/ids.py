"""The ids of imported prompts: fit, below the target folder, each used once."""

from __future__ import annotations

from collections.abc import Iterable

from promptops.formats.document import Loss, SourceDocument
from promptops.formats.plain_texts import identity
from promptops.lint.ids import folded
from promptops.model.place import Place
from promptops.records import replace


class Ids:
    """Ids of one import."""

    def __init__(self, prefix: str, existing: Iterable[str]) -> None:
        """Args:
        existing: The ids of the repository.
        """
        self._prefix = prefix
        self._existing = {folded(one): one for one in existing}
        self._taken: dict[str, tuple[Place, str]] = {}

    def named(
        self, document: SourceDocument, chosen: str | None
    ) -> tuple[SourceDocument, tuple[Loss, ...]]:
        """The document with its id, and an IMP006 if another prompt has it.

        The same id in two formats gets the name of the format: `triage-prompty`.
        """
        wanted = chosen or identity(*document.id.split("/"))
        path = f"{self._prefix}/{wanted}" if self._prefix else wanted
        taken = self._taken.get(folded(path))
        if taken is not None and taken[1] != document.format:
            path = f"{path}-{document.format.split()[0]}"
            taken = self._taken.get(folded(path))
        named = replace(document, id=path)
        if taken is not None:
            return named, (_taken(document, f"the id `{path}` is already that of {taken[0]}"),)
        self._taken[folded(path)] = (document.place, document.format)
        other = self._existing.get(folded(path), path)
        if other != path:
            message = f"the id `{path}` differs from `{other}` in case only"
            return named, (_taken(document, message),)
        return named, ()


def _taken(document: SourceDocument, message: str) -> Loss:
    hint = "rename one of the two, or import them into two folders with --to"
    return Loss(code="IMP006", message=message, place=document.place, hint=hint)
