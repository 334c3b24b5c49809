"""Files of a source from which nothing was imported, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from promptops.model.imported import EXCLUDED, NOT_SELECTED, LeftOut
from promptops.plurals import some
from promptops.report.parts.visible import visible, visible_path

_SHOWN = 3


def left_out_lines(left_out: Sequence[LeftOut]) -> list[str]:
    """A line for each reason with the first files, and where all of them are listed.

    What the user did not select is left out here, too.
    """
    reasons = _by_reason(one for one in left_out if one.reason not in (NOT_SELECTED, EXCLUDED))
    lines = [f"  {_line(reason, paths)}" for reason, paths in reasons.items()]
    if any(len(paths) > _SHOWN for paths in reasons.values()):
        lines.append("  all of them: --format json")
    return ["not imported:", *lines] if lines else []


def left_out_phrase(left_out: Iterable[LeftOut]) -> str:
    """The same as one line; "" if nothing is left out."""
    return "; ".join(_line(*item) for item in _by_reason(left_out).items())


def _by_reason(left_out: Iterable[LeftOut]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in left_out:
        found.setdefault(one.reason, []).append(one.path)
    return found


def _line(reason: str, paths: Sequence[str]) -> str:
    return f"{visible(reason)}: {some(paths, _SHOWN, name=visible_path)}"
