"""A prompt file as the catalog holds it: read, resolved, with what it refers to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.records import record

ReferenceKind = Literal["template", "body", "extends", "schema", "tool", "cases", "media"]


Placed = Place | Callable[[], Place]
"""A place, or what finds it: most places are never asked for."""


def placed(at: Placed) -> Place:
    """The place."""
    return at if isinstance(at, Place) else at()


@record(frozen=True, slots=True, eq=False)
class FileReference:
    """A file that a file needs.

    Attributes:
        written: The path as it stands there.
        target: Relative to the repository root; where the file should be when it is not found.
        at: Where it stands.
        found: It is a plain file of the tree.
    """

    kind: ReferenceKind
    written: str
    target: str
    at: Placed
    found: bool

    @property
    def place(self) -> Place:
        """Where it stands."""
        return placed(self.at)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FileReference):
            return NotImplemented
        return self._facts() == other._facts() and self.place == other.place

    def __hash__(self) -> int:
        return hash(self._facts())

    def _facts(self) -> tuple[str, str, str, bool]:
        return self.kind, self.written, self.target, self.found


@record(frozen=True, slots=True, kw_only=True)
class LoadedPrompt:
    """A prompt file that was read.

    Attributes:
        prompt: None where the file can't be read or doesn't fit the schema.
        problems: What the doors found, each with its rule's code.
        references: What the file itself names; what its partials name is theirs.
        templates: Only the messages and inputs, where they fit the schema and other parts of the
            file do not: the templates can be judged all the same.
    """

    id: str
    path: str
    prompt: Prompt | None
    problems: tuple[Problem, ...] = ()
    references: tuple[FileReference, ...] = ()
    templates: Prompt | None = None
