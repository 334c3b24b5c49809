"""A prompt file in the catalog: parsed, resolved, with its references."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.records import record

ReferenceKind = Literal["template", "body", "extends", "schema", "tool", "cases", "media"]


Placed = Place | Callable[[], Place]
"""A place, or a function that computes it: most places are never needed."""


def placed(at: Placed) -> Place:
    """The place."""
    return at if isinstance(at, Place) else at()


@record(frozen=True, slots=True, eq=False)
class FileReference:
    """A file that a file needs.

    Attributes:
        written: The path as written.
        target: Relative to the repository root; the expected path of a missing file.
        at: The place of the path.
        found: It is a plain file of the tree.
    """

    kind: ReferenceKind
    written: str
    target: str
    at: Placed
    found: bool

    @property
    def place(self) -> Place:
        """The place of the path."""
        return placed(self.at)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FileReference):
            return NotImplemented
        return self.facts == other.facts and self.place == other.place

    def __hash__(self) -> int:
        return hash(self.facts)

    @property
    def facts(self) -> tuple[str, str, str, bool]:
        """Everything but the place."""
        return self.kind, self.written, self.target, self.found


@record(frozen=True, slots=True, kw_only=True)
class LoadedPrompt:
    """A prompt file after parsing.

    Attributes:
        prompt: None if the file can't be parsed or is not valid for the schema.
        problems: What parsing found, each with the code of its rule.
        references: The files that this file names; without those that its partials name.
        lacks_tools: The file of a tool is missing or can't be read, so `prompt` lacks the tool.
        templates: Only the messages and inputs, if they are valid for the schema and other parts of
            the file are not: the templates can still be checked.
    """

    id: str
    path: str
    prompt: Prompt | None
    problems: tuple[Problem, ...] = ()
    references: tuple[FileReference, ...] = ()
    templates: Prompt | None = None
    lacks_tools: bool = False

    @property
    def tool_names(self) -> tuple[str, ...] | None:
        """The names of the tools; None if they are not all known."""
        if self.prompt is None or self.lacks_tools:
            return None
        return tuple(tool.name for tool in self.prompt.tools)

    @property
    def lint_command(self) -> str:
        """The command that prints all its problems, those that a baseline accepts, too."""
        return f"promptops lint {self.id} --no-baseline"
