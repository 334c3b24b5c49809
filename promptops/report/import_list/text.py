"""For people, and for `--include`: `path:line id length variables`, a line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.model.imported import Candidate, CandidateList
from promptops.model.report import Style, plain
from promptops.plurals import counted
from promptops.report.full import finding_lines
from promptops.report.import_.facts import left_out_lines
from promptops.report.parts.visible import visible, visible_path


def write(result: CandidateList, *, style: Style = plain, **_: object) -> str:
    """All candidates, in columns; then what can't be read, and what is left out."""
    rows = [_row(candidate) for candidate in result.candidates]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    lines = [_line(row, widths, style) for row in rows]
    lines += [line for finding in result.findings for line in finding_lines(finding, style)]
    lines += left_out_lines(result.left_out)
    return "".join(f"{line}\n" for line in lines)


def _row(candidate: Candidate) -> tuple[str, str, str, str]:
    return (
        f"{visible_path(candidate.place.path)}:{candidate.place.line}",
        visible(candidate.id),
        counted(candidate.length, "character"),
        ", ".join(map(visible, candidate.variables)) or "-",
    )


def _line(row: Sequence[str], widths: Sequence[int], style: Style) -> str:
    def cells() -> Iterator[str]:
        yield style("path", row[0].ljust(widths[0]))
        yield row[1].ljust(widths[1])
        yield row[2].rjust(widths[2])
        yield row[3]

    return "  ".join(cells())
