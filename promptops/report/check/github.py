"""For GitHub Actions: annotations of the pull request, then a summary in the log of the job.

GitHub shows ten errors, ten warnings and ten notices of a step; reasons why the gate fails come
first.
"""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.change import Change, DiffReport, PromptDiff
from promptops.model.check import CheckReport
from promptops.model.place import Place
from promptops.model.report import Risk
from promptops.plurals import some
from promptops.report.check.facts import (
    counts,
    headline,
    probe_findings,
    reason,
    rows,
    without_lint_errors,
)
from promptops.report.diff import facts
from promptops.report.diff.facts import risks
from promptops.report.github import write as write_lint
from promptops.report.parts.github_command import annotation
from promptops.report.parts.visible import visible
from promptops.report.test.github import write as write_test


def write(report: CheckReport, **_: object) -> str:
    """One command a line, then a line for each check of the gate, then the verdict."""
    parts = [
        *(annotation("notice", None, "note", visible(note)) for note in report.notes),
        *(_refused_risk(risk) for risk in report.refused_risks),
        *(_refusal(*refused) for refused in report.refused_changes),
        *(_risk(risk) for risk in report.risks if risk not in report.refused_risks),
        *_breaks(report),
        *_risks(report.diff),
        write_lint(report.lint),
        write_test(without_lint_errors(report)),
        *(
            annotation("error", found.place, "probes", visible(found.message))
            for found in probe_findings(report)
        ),
        *_summary(report),
    ]
    return "".join(parts)


def _refused_risk(risk: Risk) -> str:
    return annotation("error", risk.place, "refused", visible(risk.sentence))


def _risk(risk: Risk) -> str:
    return annotation("warning", risk.place, "risk", visible(risk.sentence))


def _refusal(prompt: PromptDiff, change: Change) -> str:
    place = change.place or _place(prompt)
    return annotation("error", place, f"{visible(prompt.id)}: refused", reason(change))


def _breaks(report: CheckReport) -> Iterator[str]:
    """Breaking changes that the gate accepts."""
    refused = {change.fingerprint for _, change in report.refused_changes}
    for prompt, change in report.diff.stopping(["breaking"]) if report.diff is not None else ():
        if change.fingerprint not in refused:
            title = f"{visible(prompt.id)}: breaking"
            yield annotation("warning", _place(prompt), title, visible(change.message))


def _risks(diff: DiffReport | None) -> Iterator[str]:
    for prompts, change in risks(diff) if diff is not None else ():
        who = some([visible(prompt.id) for prompt in prompts], 1)
        place = change.place or _place(prompts[0])
        yield annotation("warning", place, f"{who}: risk", facts.risk(change))


def _place(prompt: PromptDiff) -> Place | None:
    """The prompt's file, if it still exists."""
    return None if prompt.state == "removed" else Place(prompt.path, 1, 1, 1, 1)


def _summary(report: CheckReport) -> Iterator[str]:
    for row in rows(report) if report.looked else ():
        yield f"{row.name}: {'pass' if row.passed else 'fail'}: {row.result}\n"
    yield f"{headline(report)}: {counts(report)}\n"
