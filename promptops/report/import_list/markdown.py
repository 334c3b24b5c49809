"""For a comment: a table of the candidates."""

from __future__ import annotations

from promptops.model.imported import Candidate, CandidateList
from promptops.report.document.markdown import LIMIT
from promptops.report.import_.facts import left_out_lines
from promptops.report.parts.loss_lines import loss_lines
from promptops.report.parts.markdown_text import code_span, escape, within
from promptops.report.parts.visible import visible, visible_path

_RESERVED = 4_000  # for the files that are left out


def write(result: CandidateList, **_: object) -> str:
    """As many rows and findings as a comment on GitHub can have."""
    head = "| place | id | characters | variables |\n|---|---|--:|---|\n"
    room = (LIMIT - _RESERVED - len(head)) // 2
    rows = "".join(within(room, map(_row, result.candidates)))
    losses = loss_lines(result.findings, room)
    rest = "".join(f"\n{escape(line.strip())}\n" for line in left_out_lines(result.left_out))
    return f"{head}{rows}\n{losses}{rest}"


def _row(candidate: Candidate) -> str:
    place = code_span(f"{visible_path(candidate.place.path)}:{candidate.place.line}")
    variables = ", ".join(map(visible, candidate.variables))
    identity = escape(visible(candidate.id))
    return f"| {place} | {identity} | {candidate.length} | {escape(variables)} |\n"
