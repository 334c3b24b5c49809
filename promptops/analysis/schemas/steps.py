"""The work that the comparisons of all schemas of one prompt may take together."""

from __future__ import annotations

MAX_STEPS = 40_000
"""Two hard comparisons, or hundreds of ordinary ones: about two seconds."""


class Steps:
    """Counts the steps of several comparisons.

    Attributes:
        left: The steps that further comparisons may take.
    """

    __slots__ = ("left",)

    def __init__(self, left: int = MAX_STEPS) -> None:
        self.left = left

    def take(self, most: int) -> int:
        """Take up to `most` steps, and return how many were taken; give unused ones back."""
        taken = min(most, self.left)
        self.left -= taken
        return taken

    def give_back(self, unused: int) -> None:
        """Return the steps that were not needed; a negative number counts as 0."""
        self.left += max(unused, 0)
