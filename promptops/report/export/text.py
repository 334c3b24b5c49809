"""For people: the files, what was lost, a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from promptops.model.exported import Export, FileState
from promptops.model.report import Style, plain
from promptops.plurals import counted
from promptops.report.full import finding_lines
from promptops.report.parts.visible import visible_path

STATES: dict[FileState, str] = {
    "written": "wrote",
    "would-write": "would write",
    "same": "unchanged",
    "refused": "refused",
}
"""What became of a file."""
_OF_FILES: dict[FileState, str] = {"written": "written", "would-write": "would be written"}
"""The same in the summary, where it differs."""


def write(result: Export, *, style: Style = plain) -> str:
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
            yield f"{counted(states[state], 'file')} {_OF_FILES.get(state, words)}"
    if not result.files:
        yield "no file"
