"""The report of `recordings`, for people."""

from __future__ import annotations

from promptops.commands.recordings.prune import PrunedRecordings
from promptops.plurals import counted
from promptops.report.visible import visible_path


def write_text(pruned: PrunedRecordings, **_: object) -> str:
    """The changed files, one on each line, and their number."""
    if not pruned.files:
        return "nothing to prune: test cases use all recordings\n"
    files = "".join(f"{visible_path(file)}\n" for file in pruned.files)
    return f"{files}pruned {counted(len(pruned.files), 'file')} of recordings\n"
