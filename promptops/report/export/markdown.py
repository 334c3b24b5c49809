"""For a pull request: the files, then what is lost."""

from __future__ import annotations

from promptops.model.exported import Export
from promptops.report.export.text import STATES, summary
from promptops.report.parts.loss_lines import loss_lines
from promptops.report.parts.markdown_text import code_span, escape, within
from promptops.report.parts.visible import visible_path
from promptops.report.test.markdown import LIMIT


def write(result: Export, **_: object) -> str:
    """A comment below GitHub's limit."""
    head = f"**Export**: {escape(summary(result))}\n\n"
    room = (LIMIT - len(head)) // 2 - 200
    files = (f"- {STATES[one.state]} {code_span(visible_path(one.path))}\n" for one in result.files)
    listed = "".join(within(room, files))
    return f"{head}{listed}{loss_lines(result.findings, room)}"
