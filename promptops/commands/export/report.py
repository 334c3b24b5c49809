"""The report of an export, for people and for a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from promptops.model.report import Style, plain
from promptops.model.shipping import Export, FileState
from promptops.plurals import counted
from promptops.report.document import LIMIT
from promptops.report.findings.full import finding_lines
from promptops.report.findings.markdown import loss_lines
from promptops.report.markdown_text import code_span, escape, within
from promptops.report.visible import visible_path

STATES: dict[FileState, str] = {
    "written": "wrote",
    "would-write": "would write",
    "same": "unchanged",
    "refused": "refused",
}
"""What became of a file."""
_STATES_IN_SUMMARY: dict[FileState, str] = {"written": "written", "would-write": "would be written"}
"""The same in the summary, where it differs."""


def write_text(result: Export, *, style: Style = plain) -> str:
    """All files and findings."""
    lines = [f"{STATES[file.state]} {visible_path(file.path)}" for file in result.files]
    lines += [line for finding in result.findings for line in finding_lines(finding, style)]
    lines.append(style("summary", summary(result)))
    return "".join(f"{line}\n" for line in lines)


def summary(result: Export) -> str:
    """`2 prompts as promptfoo, 3 files written`."""
    return ", ".join(_counts(result))


def _counts(result: Export) -> Iterator[str]:
    states = Counter(file.state for file in result.files)
    yield f"{counted(result.prompts, 'prompt')} as {result.format}"
    for state, words in STATES.items():
        if states[state]:
            yield f"{counted(states[state], 'file')} {_STATES_IN_SUMMARY.get(state, words)}"
    if not result.files:
        yield "no file"


# For a pull request: the files, then what is lost.


def write_markdown(result: Export, **_: object) -> str:
    """A comment below GitHub's limit."""
    head = f"**Export**: {escape(summary(result))}\n\n"
    room = (LIMIT - len(head)) // 2 - 200
    files = (f"- {STATES[one.state]} {code_span(visible_path(one.path))}\n" for one in result.files)
    listed = "".join(within(room, files))
    return f"{head}{listed}{loss_lines(result.findings, room)}"
