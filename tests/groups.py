"""Names of tests that end with their `xdist_group`, by which pytest-xdist gives a group one worker.

pytest-xdist 3.8 sets a private attribute for this that pytest 9.2 no longer reads.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest


def name_groups(items: Iterable[pytest.Item]) -> None:
    """Add the group to each name, unless pytest-xdist adds it."""
    for item in items:
        group = item.get_closest_marker("xdist_group")
        if group is not None and hasattr(item, "_id"):
            item._id = type(item._id).parse(f"{item.nodeid}@{group.args[0]}")
