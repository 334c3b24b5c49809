"""Format versions other than the current one."""

from __future__ import annotations

from promptops.patterns import lazy_pattern
from promptops.source.document import Document

CURRENT = 1
_MARK = lazy_pattern(r"promptops/(\d{1,9})")


def marked(document: Document) -> int | None:
    """The number in `format: promptops/N`; None if there is no such key."""
    value = document.value.get("format") if isinstance(document.value, dict) else None
    mark = _MARK.fullmatch(value) if isinstance(value, str) else None
    return int(mark[1]) if mark else None


def is_of_another_time(document: Document) -> bool:
    """Whether the version is not the current one; SCH008 reports it, SCH002 does not."""
    return marked(document) not in (None, CURRENT)
