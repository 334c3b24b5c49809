"""Why the next version seems smaller than its bump."""

from __future__ import annotations

from promptops.model.version import Bump

_RAISED = {Bump.MAJOR: "minor", Bump.MINOR: "patch"}
"""Before 1.0.0: the number of the version that a change raises."""


def before_1(bump: Bump | None, version: str) -> str:
    """The reason for a `version` below 1.0.0 with another number raised than the bump; or ""."""
    number = _RAISED.get(bump) if bump is not None and version.startswith("0.") else None
    return f"before 1.0.0 this raises the {number} number" if number else ""
