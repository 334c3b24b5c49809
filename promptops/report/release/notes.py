"""The changelog of one release, as the message of its tag has it: plain text, for people."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.counting import and_more, counted, some
from promptops.model.change import Change, DiffReport, PromptDiff
from promptops.report.diff.parts import facts
from promptops.report.parts.visible import visible

SECTIONS = ("Breaking", "Added", "Removed", "Changed")
CHANGES_SHOWN = 5
"""Of one prompt; the others are counted."""
LINES_SHOWN = 50
"""Of one section."""
_NAMES_SHOWN = 3
_LONGEST = 200


def notes(report: DiffReport) -> str:
    """A paragraph for each kind of change; "" where no version is required."""
    found: dict[str, dict[str, list[str]]] = {section: {} for section in SECTIONS}
    for prompt in report.prompts:
        for section, text in _told(prompt):
            found[section].setdefault(text, []).append(prompt.id)
    return "\n\n".join(
        "\n".join((f"{section}:", *_lines(told))) for section, told in found.items() if told
    )


def _told(prompt: PromptDiff) -> Iterator[tuple[str, str]]:
    """The section and the words of each thing to tell; the same of two prompts is told once."""
    if not prompt.bump:
        return
    if prompt.state in ("added", "removed"):
        yield ("Added" if prompt.state == "added" else "Removed"), ""
        return
    changes = [each for each in facts.worst_first(prompt.changes) if each.bump]
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


def _lines(told: dict[str, list[str]]) -> list[str]:
    lines = [line for text, prompts in told.items() for line in _line(text, prompts)]
    rest = and_more(len(lines) - LINES_SHOWN)
    return [*lines[:LINES_SHOWN], *([f"- {rest}"] if rest else [])]


def _line(text: str, prompts: list[str]) -> list[str]:
    names = [visible(each) for each in prompts]
    if not text:
        return [f"- {name}" for name in names]
    return [f"- {some(names, _NAMES_SHOWN)}: {text}"]
