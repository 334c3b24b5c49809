"""The part of a version that has to increase."""

from __future__ import annotations

from enum import IntEnum

from promptops.records.outputs import as_text


@as_text
class Bump(IntEnum):
    """The part of a version that has to increase; a greater one includes the smaller."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    def __str__(self) -> str:
        return self.name.lower()
