"""A prompt file and the files it extends, as one value with a place in its file for each part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promptops.json_pointer import NO_VALUE, value_at
from promptops.model.finding import Problem
from promptops.model.loaded import FileReference
from promptops.model.place import Offsets, Place, Text
from promptops.records import record
from promptops.source.document import Document
from promptops.source.references import merge_patch

MAX_LAYERS = 6

Follow = Callable[[str, Place, str], FileReference | Problem]
"""From a written path, its place and its file to the reference; a problem if it leads out of the
repository."""


@record(frozen=True, slots=True)
class Layers:
    """The documents of one prompt: the file itself first, then the files it extends.

    Attributes:
        value: All of them merged; None if one of them can't be parsed.
        parents: The file that each document but the last one extends.
        problems: Why a parent could not be read; of one that can't be parsed, its own.
    """

    documents: tuple[Document, ...]
    value: Any
    parents: tuple[FileReference, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def document(self) -> Document:
        """The prompt file itself, without its parents."""
        return self.documents[0]

    @property
    def path(self) -> str:
        """The path of the prompt file itself."""
        return self.documents[0].path

    def place(self, pointer: str, key: bool = False, within: Offsets | None = None) -> Place:
        """The place in the file that contains the value; see `model.prompt.LocateWithin`."""
        return self._document_at(pointer).place(pointer, key, within)

    def path_at(self, pointer: str) -> str:
        """The path of the file that contains it."""
        return self._document_at(pointer).path

    def template(self, pointer: str) -> Text:
        """A scalar with the place of each character, in the file that contains it."""
        return self._document_at(pointer).template(pointer)

    def _document_at(self, pointer: str) -> Document:
        if len(self.documents) == 1:
            return self.documents[0]
        holding = (
            document
            for document in self.documents
            if value_at(document.value, pointer, NO_VALUE) is not NO_VALUE
        )
        return next(holding, self.documents[0])


def layers(document: Document, read: Callable[[str], Document], follow: Follow) -> Layers:
    """A document with all that it extends; a problem ends a chain that is too long or circular."""
    documents, parents, problems = [document], [], []
    while isinstance(documents[-1].value, dict) and "extends" in documents[-1].value:
        last = documents[-1]
        written, place = last.value["extends"], last.place("/extends")
        if not isinstance(written, str):
            break
        reference = follow(written, place, last.path)
        if isinstance(reference, Problem):
            problems.append(reference)
            break
        parents.append(reference)
        if not reference.found:
            break
        if any(reference.target == document.path for document in documents):
            circle = " -> ".join([*(document.path for document in documents), reference.target])
            problems.append(Problem(f"`extends` is circular: {circle}", at=place, code="REP002"))
            break
        if len(documents) == MAX_LAYERS:
            message = f"`extends` over {MAX_LAYERS - 1} files"
            problems.append(Problem(message, at=place, code="SCH002"))
            break
        parent = read(reference.target)
        if parent.value is None:
            problems += parent.problems  # at their places in that file
            return Layers(tuple(documents), None, tuple(parents), tuple(problems))
        documents.append(parent)
    return Layers(tuple(documents), _merged(documents), tuple(parents), tuple(problems))


def _merged(documents: list[Document]) -> Any:
    value = documents[-1].value
    for document in reversed(documents[:-1]):
        value = merge_patch(value, document.value)
    return value
