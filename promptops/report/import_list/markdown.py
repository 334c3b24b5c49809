"""For a comment: a table of the candidates."""

from __future__ import annotations

from collections.abc import Sequence

from promptops.model.imported import Candidate
from promptops.report.parts.markdown_text import code, escape, within
from promptops.report.parts.visible import visible, visible_path
from promptops.report.test.markdown import LIMIT


def write(candidates: Sequence[Candidate], **_: object) -> str:
    """As many rows as a comment on GitHub can have."""
    head = "| place | name | characters | variables |\n|---|---|--:|---|\n"
    return head + "".join(within(LIMIT - len(head), map(_row, candidates)))


def _row(candidate: Candidate) -> str:
    place = code(f"{visible_path(candidate.place.path)}:{candidate.place.line}")
    variables = ", ".join(map(visible, candidate.variables))
    name = escape(visible(candidate.name))
    return f"| {place} | {name} | {candidate.length} | {escape(variables)} |\n"
