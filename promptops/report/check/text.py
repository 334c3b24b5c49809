"""For a person at a terminal: problems and their reasons, then a summary line."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.change import DiffReport
from promptops.model.check import CheckReport
from promptops.model.probe import ProbeRun
from promptops.model.report import Style, plain
from promptops.plurals import and_more, some
from promptops.report.check.facts import (
    counts,
    fixes,
    headline,
    probes_without_repeats,
    reason,
    waived,
    without_lint_errors,
)
from promptops.report.diff import facts
from promptops.report.diff.text import risk_lines
from promptops.report.full import write as write_lint
from promptops.report.parts.visible import visible, visible_line, visible_path
from promptops.report.probe import facts as probe_facts
from promptops.report.test.facts import short
from promptops.report.test.text import report_lines

_MOST = 10

_VERDICTS = {"pass": "info", "fail": "error", "inconclusive": "warning"}


def write(report: CheckReport, *, style: Style = plain, figures: bool = False, **_: object) -> str:
    """Risks, findings, failing cases, scores, and the summary.

    Args:
        figures: Show the statistics of scores and judges instead of a plain sentence.
    """
    return "".join(f"{line}\n" for line in _lines(report, style, figures=figures))


def _changes(diff: DiffReport, style: Style) -> Iterator[str]:
    """A line for each changed prompt, the greatest bump first."""
    for prompt in diff.prompts[:_MOST]:
        changes = facts.worst_first(prompt.changes)
        what = (
            some(changes, 1, "change", lambda change: visible_line(change.message)) or "it changed"
        )
        name = style("path", visible(facts.name(prompt, "->")))
        yield f"{style('note', 'change')}: {name}: {facts.bump(prompt)}: {what}"
    left_out = len(diff.prompts) - _MOST
    if left_out > 0:
        yield f"  {and_more(left_out, 'prompt')}"
    if diff.prompts:
        yield f"  {style('hint', _command(diff))} shows the details"


def _command(diff: DiffReport) -> str:
    """The command that shows all details."""
    base, head = visible(diff.base), visible(diff.head)
    given = "--root" if diff.base == "nothing" else base
    here = {"the work tree": f"{given} --worktree", "the index": f"{given} --staged"}
    between = f"--root ..{head}" if diff.base == "nothing" else f"{base}..{head}"
    return f"promptops diff {here.get(diff.head, between)}"


def _lines(report: CheckReport, style: Style, *, figures: bool) -> Iterator[str]:
    for note in report.notes:
        yield f"{style('note', 'note')}: {visible(note)}"
    refused = report.refused_risks
    for risk in report.risks:
        word = "refused" if risk in refused else "risk"
        yield f"{style('error', word)}: {visible(str(risk))}"
    if report.diff is not None:
        yield from risk_lines(report.diff, style)
    lint = write_lint(report.lint, style=style)
    if lint:
        yield lint.removesuffix("\n")
    if report.diff is not None:
        yield from _changes(report.diff, style)
    for prompt, change in report.refused_changes:
        name = style("path", visible(facts.name(prompt, "->")))
        yield f"{style('error', 'refused')}: {name}: {reason(change)}"
    for fix in fixes(report):
        yield f"  {style('hint', fix)}"
    for prompt, change, waiver in waived(report):
        name, who = visible(prompt.id), visible_line(waiver.who)
        until = f"by {who} until {waiver.expires}"
        yield f"{style('note', 'waived')}: {name}: {visible_line(change.message)}, {until}"
    yield from report_lines(without_lint_errors(report), style, figures=figures)
    yield from _probes(report, style)
    yield style("summary", f"{headline(report)}: {counts(report)}")


def _probes(report: CheckReport, style: Style) -> Iterator[str]:
    """The attacks, and why they fail the gate."""
    run = probes_without_repeats(report)
    if run is None:
        return
    verdict = style(_VERDICTS[run.verdict], run.verdict)
    yield f"{style('note', 'probes')}: {verdict}: {_rate(run)}"
    yield from _attacked(run, style)
    for line in probe_facts.reasons(run):
        yield f"  {style('error', 'fail')}: {line}"
    if probe_facts.missing(run):
        hint = f", run {style('hint', probe_facts.advice(run))}" if run.advice else ""
        missing = f"{probe_facts.stale_prompts(run)}: {probe_facts.missing(run)}"
        yield f"  {style('warning', 'stale')}: {missing}{hint}"
    for line in probe_facts.unmarked(run):
        yield f"  {style('note', line)}"


def _attacked(run: ProbeRun, style: Style) -> Iterator[str]:
    """The prompts with successful attacks, the highest rate first."""
    found = [each for each in probe_facts.attacked(run) if each.rate.succeeded]
    for prompt in found[:_MOST]:
        name = style("path", visible_path(short(prompt.prompt)))
        worst = probe_facts.worst(prompt)
        figures = [probe_facts.successes(prompt.rate), probe_facts.interval(prompt.rate)]
        yield f"  {name}: {', '.join([*figures, f'most in {worst}'] if worst else figures)}"
    if len(found) > _MOST:
        yield f"  {and_more(len(found) - _MOST, 'prompt')}"


def _rate(run: ProbeRun) -> str:
    return probe_facts.nothing(run) if run.nothing else probe_facts.outcome(run)
