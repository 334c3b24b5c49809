"""The ids of imported prompts: fit, below the target folder, each used once."""

from __future__ import annotations

from promptops.formats.document import Loss, SourceDocument
from promptops.formats.plain_texts import identity
from promptops.lint.ids import folded
from promptops.model.place import Place
from promptops.records import replace


class Ids:
    """Ids of one import."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._taken: dict[str, tuple[Place, str]] = {}

    def named(
        self, document: SourceDocument, chosen: str | None
    ) -> tuple[SourceDocument, tuple[Loss, ...]]:
        """The document with its id, and an IMP006 if another one has it.

        The same id in two formats gets the name of the format: `triage-prompty`.
        """
        wanted = chosen or identity(*document.id.split("/"))
        path = f"{self._prefix}/{wanted}" if self._prefix else wanted
        taken = self._taken.get(folded(path))
        if taken is not None and taken[1] != document.format:
            path = f"{path}-{document.format.split()[0]}"
            taken = self._taken.get(folded(path))
        named = replace(document, id=path)
        if taken is None:
            self._taken[folded(path)] = (document.place, document.format)
            return named, ()
        message = f"the id `{path}` is already that of {taken[0]}"
        hint = "rename one of the two, or import them into two folders with --to"
        loss = Loss(code="IMP006", message=message, place=document.place, hint=hint)
        return named, (loss,)
