"""The version of this tool, asked of its installation."""

from __future__ import annotations


def version() -> str:
    """As installed; "unknown" in a checkout that is not."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("git-promptops")
    except PackageNotFoundError:
        return "unknown"
