"""The name of something that a prompt must have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Named:
    """What an assertion names of its prompt.

    Attributes:
        at: JSON pointer into the assertion.
    """

    kind: Literal["tool", "input"]
    name: str
    at: str
