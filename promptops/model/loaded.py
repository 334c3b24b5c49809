"""A prompt file as the catalog holds it: read, resolved, with what it refers to."""

from __future__ import annotations

from typing import Literal

from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.records import record

ReferenceKind = Literal["template", "body", "extends", "schema", "tool", "cases", "media"]


@record(frozen=True, slots=True)
class Reference:
    """A file that a file needs.

    Attributes:
        written: The path as it stands there.
        target: Relative to the repository root; where the file should be when it is not found.
        found: It is a plain file of the tree.
    """

    kind: ReferenceKind
    written: str
    target: str
    place: Place
    found: bool


@record(frozen=True, slots=True, kw_only=True)
class Loaded:
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
    references: tuple[Reference, ...] = ()
    templates: Prompt | None = None
