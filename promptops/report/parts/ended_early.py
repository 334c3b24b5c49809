"""The sentence for a run that ended early."""

from __future__ import annotations

from promptops.plurals import counted
from promptops.report.parts.visible import visible


def ended_early(reason: str, unasked: int) -> str:
    """The reason, with the number of requests that were not sent; "" without a reason."""
    if not reason:
        return ""
    rest = f", {counted(unasked, 'request')} not sent" if unasked else ""
    return f"{visible(reason)}{rest}"
