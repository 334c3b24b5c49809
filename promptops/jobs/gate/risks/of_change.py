"""All risks in a change, except those in the policy settings."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.jobs.gate.risks.files import file_risks
from promptops.jobs.gate.risks.judges import judge_risks
from promptops.jobs.gate.risks.pairs import pairs
from promptops.jobs.gate.risks.recordings import recording_risks
from promptops.jobs.gate.risks.settings import budget_risks, score_risks
from promptops.jobs.lint.new_suppressions import comment_risks
from promptops.jobs.workspace.selection import Selected
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.report import LintReport
from promptops.model.risk import Risk


def change_risks(
    head: Workspace, selected: Selected, base: Workspace, lint: LintReport, *, untrusted: bool
) -> Iterator[Risk]:
    """Risks in a change since `base`. Removed tests are reported by the diff.

    Reads only files that changed, and only prompts that were selected.

    Args:
        lint: The report on the selected prompts, with their comments.
        untrusted: Refuse changes that leave a worse answer undecided.
    """
    if not selected.changed:
        return
    found = list(pairs(selected, head, base))
    yield from judge_risks(found, head, selected)
    for pair in found:
        yield from budget_risks(pair)
        yield from score_risks(pair)
    yield from recording_risks(selected, head, base, untrusted=untrusted)
    before = base.catalog.files.data
    changed = (each for each in lint.comments if each.place.path in selected.changed)
    yield from comment_risks(changed, head.catalog, before)
    yield from file_risks(selected, head, base)
