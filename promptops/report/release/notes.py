"""The changelog of one release as plain text: the message of its tag."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.change import Change, DiffReport, PromptDiff
from promptops.plurals import and_more, counted, some
from promptops.report.diff import facts
from promptops.report.parts.visible import visible

SECTIONS = ("Breaking", "Added", "Removed", "Changed")
CHANGES_SHOWN = 5
"""The number of changes listed for one prompt; the others are counted."""
LINES_SHOWN = 50
"""The number of lines of one section; the others are counted."""
_NAMES_SHOWN = 3
_LONGEST = 200


def notes(report: DiffReport) -> str:
    """A paragraph for each kind of change; "" if no version bump is required."""
    found: dict[str, dict[str, list[str]]] = {section: {} for section in SECTIONS}
    for prompt in report.prompts:
        for section, text in _entries(prompt):
            found[section].setdefault(text, []).append(prompt.id)
    return "\n\n".join(
        "\n".join((f"{section}:", *_lines(entries)))
        for section, entries in found.items()
        if entries
    )


def _entries(prompt: PromptDiff) -> Iterator[tuple[str, str]]:
    """Section and text of each line; prompts with the same text share one."""
    if not prompt.bump:
        return
    if prompt.state in ("added", "removed"):
        yield ("Added" if prompt.state == "added" else "Removed"), ""
        return
    changes = [change for change in facts.worst_first(prompt.changes) if change.bump]
    for change in changes[:CHANGES_SHOWN]:
        yield ("Breaking" if change.breaking else "Changed"), _text(change)
    rest = len(changes) - CHANGES_SHOWN
    if rest > 0:
        yield "Changed", counted(rest, "more change")


def _text(change: Change) -> str:
    values = facts.values(change)
    what = change.message if values and not facts.are_short(values) else facts.risk(change)
    through = f", through {some(change.via, facts.NAMES_SHOWN)}" if change.via else ""
    waived = f"; waived: {change.waiver.reason}" if change.waiver else ""
    return visible(f"{what}{through}{waived} ({change.code})", _LONGEST)


def _lines(entries: dict[str, list[str]]) -> list[str]:
    lines = [line for text, prompts in entries.items() for line in _line(text, prompts)]
    rest = and_more(len(lines) - LINES_SHOWN)
    return [*lines[:LINES_SHOWN], *([f"- {rest}"] if rest else [])]


def _line(text: str, prompts: list[str]) -> list[str]:
    names = [visible(each) for each in prompts]
    if not text:
        return [f"- {name}" for name in names]
    return [f"- {some(names, _NAMES_SHOWN)}: {text}"]
