"""The name of a part that a prompt must have."""

from __future__ import annotations

from typing import Literal

from promptops.model.place import Offsets
from promptops.records import record


@record(frozen=True, slots=True)
class NamedPart:
    """A part of the prompt that an assertion names.

    Attributes:
        at: JSON pointer into the assertion.
        within: The characters of the string at that pointer.
    """

    kind: Literal["tool", "input"]
    name: str
    at: str
    within: Offsets | None = None
