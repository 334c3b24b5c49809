"""For GitHub Actions: annotations of the pull request, then a summary in the log of the job.

With `--since`, only survivors in changed lines become annotations: GitHub shows ten warnings and
ten notices of a step.
"""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.mutant import Mutant, MutationRow, MutationRun
from promptops.report.mutate import facts
from promptops.report.parts.github_command import annotation
from promptops.report.parts.visible import visible_path


def write(run: MutationRun, **_: object) -> str:
    """One command per line, then a line for each prompt, then the summary."""
    return "".join([*_annotations(run), *map(_score, run.rows), f"{facts.summary(run)}\n"])


def _annotations(run: MutationRun) -> Iterator[str]:
    if run.under:
        yield annotation("error", None, "mutation score", facts.summary(run))
    if run.ended or run.unanswered:
        whole = facts.document(run)
        lines = [*(each.text for each in whole.remarks if each.on_page), whole.next]
        yield annotation("error", None, "not finished", "\n".join(filter(None, lines)))
    for row in run.rows:
        if row.unreadable or row.internal:
            yield annotation("error", row.place, facts.name(row), facts.title(row))
        for mutant in facts.with_status(row, "survived"):
            if mutant.in_changed_lines or not run.since:
                yield _survivor(mutant, row, "warning" if run.since else "notice")


def _survivor(mutant: Mutant, row: MutationRow, kind: str) -> str:
    lines = [facts.what(mutant), facts.hint(mutant), facts.live(mutant)]
    title = f"{facts.name(row)}: {facts.state(mutant)}"
    return annotation(kind, mutant.place, title, "\n".join(filter(None, lines)))


def _score(row: MutationRow) -> str:
    return f"{visible_path(facts.name(row))}: {facts.title(row)}\n"
