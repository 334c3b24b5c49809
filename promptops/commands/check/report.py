"""The gate for a terminal, a comment, annotations, and programs that read findings or tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from promptops.commands.check.facts import (
    alike_risks,
    as_findings,
    counts,
    diff_command,
    fixes,
    headline,
    probe_findings,
    probes_without_repeats,
    reason,
    required,
    rows,
    rule_infos,
    waived,
    without_lint_errors,
)
from promptops.commands.diff import facts
from promptops.commands.diff.facts import distinct_prompts, risks
from promptops.commands.diff.report import details, risk_lines, summary
from promptops.commands.probe import report as probes
from promptops.model.change import DiffReport, PromptDiff
from promptops.model.check import CheckReport, GateRow
from promptops.model.place import Place
from promptops.model.probe import ProbeRun
from promptops.model.report import Risk, RuleInfo, Style, plain
from promptops.plurals import and_more, counted, some
from promptops.report.document import LIMIT, more
from promptops.report.findings import junit as lint
from promptops.report.findings.full import write as lint_text
from promptops.report.findings.github import annotation
from promptops.report.findings.github import write as lint_github
from promptops.report.findings.gitlab import write as lint_gitlab
from promptops.report.findings.junit import attributes, xml_text
from promptops.report.findings.markdown import table
from promptops.report.findings.sarif import write as lint_sarif
from promptops.report.markdown_text import code, escape, fitting, sentence, within
from promptops.report.test import report as test
from promptops.report.test.facts import short
from promptops.report.test.report import body, report_lines
from promptops.report.test.report import write_github as write_test
from promptops.report.visible import visible, visible_line, visible_path

_MOST = 10

_VERDICTS = {"pass": "info", "fail": "error", "inconclusive": "warning"}


def write_text(
    report: CheckReport, *, style: Style = plain, figures: bool = False, **_: object
) -> str:
    """Risks, findings, failing cases, scores, and the summary.

    Args:
        figures: Show the statistics of scores and judges instead of a plain sentence.
    """
    return "".join(f"{line}\n" for line in _lines(report, style, figures=figures))


def _changes(diff: DiffReport, style: Style) -> Iterator[str]:
    """A line for each changed prompt, or for all that one edit reaches."""
    rows = [
        (prompt, each)
        for each in distinct_prompts(diff)
        for prompt in ([each.prompt] if each.through else [each.prompt, *each.also])
    ]
    for prompt, distinct in rows[:_MOST]:
        changes = facts.worst_first(prompt.changes)
        messages = [visible_line(change.message) for change in changes]
        what = some(messages, 1, "change") or "it changed"
        name = style("path", visible(facts.name(prompt, "->")))
        others = f" and {facts.reached_by(distinct)}" if distinct.through else ""
        yield f"{style('note', 'change')}: {name}{others}: {facts.bump(prompt)}: {what}"
    left_out = sum(1 + len(each.also) * bool(each.through) for _, each in rows[_MOST:])
    if left_out:
        yield f"  {and_more(left_out, 'prompt')}"
    if diff.prompts:
        yield f"  {style('hint', visible(diff_command(diff)))} shows the details"


def _lines(report: CheckReport, style: Style, *, figures: bool) -> Iterator[str]:
    for note in report.notes:
        yield f"{style('note', 'note')}: {visible(note)}"
    for risk, others in alike_risks(report.risks):
        yield f"{style('error', _word(report, risk))}: {visible(str(risk))}{_like(others)}"
    if report.diff is not None:
        yield from risk_lines(report.diff, style)
    lint = lint_text(report.lint, style=style)
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
    rate = probes.nothing(run) if run.nothing else probes.outcome(run)
    yield f"{style('note', 'probes')}: {verdict}: {rate}"
    yield from _attacked(run, style)
    for line in probes.reasons(run):
        yield f"  {style('error', 'fail')}: {line}"
    if probes.missing(run):
        hint = f", run {style('hint', probes.next_command(run))}" if run.next else ""
        missing = f"{probes.stale_prompts(run)}: {probes.missing(run)}"
        yield f"  {style('warning', 'stale')}: {missing}{hint}"
    for line in probes.unmarked(run):
        yield f"  {style('note', line)}"


def _attacked(run: ProbeRun, style: Style) -> Iterator[str]:
    """The prompts with successful attacks, the highest rate first."""
    found = [each for each in probes.attacked(run) if each.rate.succeeded]
    for prompt in found[:_MOST]:
        name = style("path", visible_path(short(prompt.prompt)))
        worst = probes.worst(prompt)
        figures = [probes.successes(prompt.rate), probes.interval(prompt.rate)]
        yield f"  {name}: {', '.join([*figures, f'most in {worst}'] if worst else figures)}"
    if len(found) > _MOST:
        yield f"  {and_more(len(found) - _MOST, 'prompt')}"


# For the comment on a pull request: the verdict, the changes, the problems, then the details.

MARKER = "<!-- promptops check -->"
"""Identifies the comment, so that it is updated and not repeated."""

_RESERVED = 1_000  # for the notes on omitted parts
_ROOM_FOR_NOTES = 2_000
_ROOM_FOR_RISKS = 4_000
_ROOM_FOR_REFUSED = 4_000
_ROOM_FOR_FINDINGS = 12_000
_ROOM_FOR_DETAILS = 24_000
_ROOM_FOR_REASONS = 4_000
_ROOM_FOR_ATTACKS = 4_000
_LONGEST_SENTENCE = 500
_GATE = "| the gate | | |\n|---|---|---|\n"
_ATTACKS = "| attacks | succeeded | 95% interval | most in |\n|---|--:|--:|---|\n"


def write_markdown(report: CheckReport, **_: object) -> str:
    """One comment below GitHub's limit of 65,536 characters; it notes what is left out."""
    notes = _listed(
        [f"- note: {_sentence(note)}\n" for note in report.notes], _ROOM_FOR_NOTES, "note"
    )
    items = [
        f"- {_word(report, risk)}: {_sentence(str(risk))}{_like(others)}\n"
        for risk, others in alike_risks(report.risks)
    ]
    risks = _listed(items, _ROOM_FOR_RISKS, "risk")
    head = f"{MARKER}\n{_headline(report)}{notes}{_gate(report)}{risks}{_refused(report)}"
    changes = summary(report.diff) if report.diff is not None else ""
    changes += _attacks(report)
    last = _selection_reasons(report)
    room = LIMIT - _RESERVED - len(head) - len(changes) - len(last)
    return "".join([head, changes, *_parts(report, room), last])


def _parts(report: CheckReport, room: int) -> Iterator[str]:
    """Findings, cases, details of changes: each gets its share and what the others leave."""
    diff = report.diff if report.diff is not None and report.diff.prompts else None
    reserved = min(_ROOM_FOR_DETAILS, room // 2) if diff is not None else 0
    wanted = min(_ROOM_FOR_FINDINGS, len(table(report.lint, room)))
    cases = body(without_lint_errors(report), room - reserved - wanted)
    findings = table(report.lint, room - reserved - len(cases))
    yield from (findings, cases)
    if diff is not None:
        yield details(diff, room - len(findings) - len(cases))


def _headline(report: CheckReport) -> str:
    """The verdict, the number of risks, and the required version."""
    line = f"### promptops: {headline(report)}"
    if report.diff is not None and report.diff.bump:
        bump = str(report.diff.bump)
        line += f" · {escape(required(report.diff)).replace(bump, f'**{bump}**', 1)}"
    nothing = "" if report.looked else f"\n{_sentence(counts(report))}\n"
    return f"{line}\n{nothing}"


def _gate(report: CheckReport) -> str:
    lines = (
        f"| {row.name} | {'pass' if row.passed else '**fail**'} | {_sentence(row.result)} |\n"
        for row in rows(report)
    )
    return f"\n{_GATE}{''.join(lines)}" if report.looked else ""


def _like(others: int) -> str:
    return f", and {others:,} more like it" if others else ""


def _word(report: CheckReport, risk: Risk) -> str:
    return "refused" if risk in report.refused_risks else "risk"


def _refused(report: CheckReport) -> str:
    items = [
        f"- refused: {code(visible(prompt.id))}: {_sentence(reason(change))}\n"
        for prompt, change in report.refused_changes
    ]
    refused = _listed(items, _ROOM_FOR_REFUSED, "refused change")
    how = "".join(f"\n{_sentence(each[0].upper() + each[1:])}.\n" for each in fixes(report))
    let_through = []
    for prompt, change, waiver in waived(report):
        who = f"{change.message}, by {waiver.who} until {waiver.expires}: {waiver.reason}"
        name = code(visible(prompt.id))
        let_through.append(f"- waived: {name}: {escape(change.code)} {_sentence(who)}\n")
    return refused + how + _listed(let_through, _ROOM_FOR_REFUSED, "waived change")


def _attacks(report: CheckReport) -> str:
    """A row for each attacked prompt."""
    rows = []
    for each in probes.attacked(report.probes) if report.probes is not None else ():
        cells = (probes.share(each.rate), probes.interval(each.rate), probes.worst(each))
        rows.append(f"| {code(short(each.prompt))} | {' | '.join(map(_sentence, cells))} |\n")
    shown = list(fitting(_ROOM_FOR_ATTACKS, rows))
    rest = more(len(rows) - len(shown), "attacked prompt", probes.ALL)
    return f"\n{_ATTACKS}{''.join(shown)}{rest}" if rows else ""


def _listed(items: list[str], room: int, noun: str) -> str:
    shown = list(fitting(room, items))
    left_out = len(items) - len(shown)
    more = f"- {counted(left_out, f'more {noun}')}\n" if left_out else ""
    return "".join(["\n" if items else "", *shown, more])


def _selection_reasons(report: CheckReport) -> str:
    """Why each prompt was checked; empty if all were."""
    if report.diff is None or not report.why:
        return ""
    lines = (
        f"- {code(visible(path, _LONGEST_SENTENCE))}: {_sentence(why)}\n"
        for path, why in report.why.items()
    )
    items = list(within(_ROOM_FOR_REASONS, lines))
    left_out = len(report.why) - len(items)
    more = f"- {counted(left_out, 'more prompt')}\n" if left_out else ""
    title = f"Why {counted(len(report.why), 'prompt')}"
    return f"\n<details><summary>{title}</summary>\n\n{''.join(items)}{more}\n</details>\n"


def _sentence(text: str) -> str:
    return sentence(visible(text, _LONGEST_SENTENCE))


# For GitHub Actions: annotations of the pull request, then a summary in the log of the job.
#
# GitHub shows ten errors, ten warnings and ten notices of a step; reasons why the gate fails come
# first.


def write_github(report: CheckReport, **_: object) -> str:
    """One command a line, then a line for each check of the gate, then the verdict."""
    gate_rows = rows(report) if report.looked else ()
    parts = [
        *_annotations(report),
        lint_github(report.lint),
        write_test(without_lint_errors(report)),
        *(
            annotation("error", found.place, "probes", visible(found.message))
            for found in probe_findings(report)
        ),
        *(f"{row.name}: {'pass' if row.passed else 'fail'}: {row.result}\n" for row in gate_rows),
        f"{headline(report)}: {counts(report)}\n",
    ]
    return "".join(parts)


def _annotations(report: CheckReport) -> Iterator[str]:
    """Notes, what is refused, risks, then changes that the gate accepts."""
    for note in report.notes:
        yield annotation("notice", None, "note", visible(note))
    for risk in report.refused_risks:
        yield annotation("error", risk.place, "refused", visible(risk.sentence))
    for prompt, change in report.refused_changes:
        place, title = change.place or _place(prompt), f"{visible(prompt.id)}: refused"
        yield annotation("error", place, title, reason(change))
    for risk in report.risks:
        if risk not in report.refused_risks:
            yield annotation("warning", risk.place, "risk", visible(risk.sentence))
    if report.diff is not None:
        yield from _accepted(report, report.diff)


def _accepted(report: CheckReport, diff: DiffReport) -> Iterator[str]:
    """Breaking changes and risks that the gate accepts."""
    refused = {change.fingerprint for _, change in report.refused_changes}
    for prompt, change in diff.stopping(["breaking"]):
        if change.fingerprint not in refused:
            title = f"{visible(prompt.id)}: breaking"
            yield annotation("warning", _place(prompt), title, visible(change.message))
    for prompts, change in risks(diff):
        who = some([visible(prompt.id) for prompt in prompts], 1)
        place = change.place or _place(prompts[0])
        yield annotation("warning", place, f"{who}: risk", facts.risk(change))


def _place(prompt: PromptDiff) -> Place | None:
    """The prompt's file, if it still exists."""
    return None if prompt.state == "removed" else Place(prompt.path, 1, 1, 1, 1)


# For CI servers that show test results: JUnit XML that is valid for Jenkins' schema.
#
#     testsuites  name tests failures errors time
#       testsuite   of lint: a test case for each file with findings
#       testsuite   of each prompt: its cases and scores
#       testsuite   of the gate: a test case for each of its checks
#
# So a failing gate always has a failed test case.

_NAME = "promptops check"


def write_junit(report: CheckReport, **_: object) -> str:
    """One XML document."""
    every: Counter[str] = Counter()
    of_lint = lint.counts(report.lint, report.fail_on)
    for found in (of_lint, test.counts(report.test), _counts(report)):
        every.update(found)
    time = f"{report.test.duration_s:.3f}"
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites{attributes(name=_NAME, **lint.totals(every), time=time)}>",
        *lint.suite(report.lint, report.fail_on),
        *test.suites(report.test),
        f"  <testsuite{attributes(name=_NAME, **_counts(report))}>",
        *(_asked(report, row) for row in rows(report)),
        "  </testsuite>",
        "</testsuites>",
    ]
    return "".join(f"{line}\n" for line in lines)


def _counts(report: CheckReport) -> dict[str, int]:
    gate_rows = rows(report)
    failures = sum(not row.passed for row in gate_rows)
    return {"tests": len(gate_rows), "failures": failures, "errors": 0, "skipped": 0}


def _asked(report: CheckReport, row: GateRow) -> str:
    case = f"    <testcase{attributes(classname=_NAME, name=row.name)}"
    if row.passed:
        return f"{case}/>"
    refused = [visible(str(risk)) for risk in report.refused_risks]
    refused += [f"{visible(each.id)}: {reason(change)}" for each, change in report.refused_changes]
    body = "\n".join(refused) if row.name == "release" else ""
    failure = f"failure{attributes(message=row.result, type='gate')}"
    inner = f"<{failure}>{xml_text(body)}</failure>" if body else f"<{failure}/>"
    return f"{case}>\n      {inner}\n    </testcase>"


# For GitLab, a code quality report, and for code scanning, SARIF 2.1.0.


def write_gitlab(report: CheckReport, **_: object) -> str:
    """One JSON array, indented: all reasons why the gate fails, and findings."""
    return lint_gitlab(as_findings(report))


def write_sarif(
    report: CheckReport,
    *,
    rules: Mapping[str, RuleInfo] | None = None,
    version: str = "",
    home: str = "",
    **_: object,
) -> str:
    """One run: findings, refused changes, and cases that don't pass."""
    found = as_findings(report)
    known = {**rule_infos(found), **(rules or {})}
    return lint_sarif(found, rules=known, version=version, home=home, category="promptops/check/")
