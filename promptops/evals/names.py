"""The name of something that a prompt must have."""

from __future__ import annotations

from typing import Literal

from promptops.model.place import Offsets
from promptops.records import record


@record(frozen=True, slots=True)
class NamedPart:
    """What an assertion names of its prompt.

    Attributes:
        at: JSON pointer into the assertion.
        within: The characters of the text that stands there.
    """

    kind: Literal["tool", "input"]
    name: str
    at: str
    within: Offsets | None = None
