"""For GitHub Actions: workflow commands that become annotations of the pull request.

GitHub shows ten errors and ten notices of a step, so problems shared by many cases are shown once.
"""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.test_run import CaseRun, Decided, TestRun
from promptops.report.parts.github_command import annotation
from promptops.report.parts.visible import visible
from promptops.report.test import facts, scores
from promptops.report.test.troubles import notes, outages, stale, troubles

_KINDS = {"fail": "error", "inconclusive": "warning"}


def write(run: TestRun, **_: object) -> str:
    """One command per line: for problems, and for branches that no case covers."""
    parts = [_troubles, _outages, _stale, _scores, _notes, _coverage]
    return "".join(line for part in parts for line in part(run))


def _troubles(run: TestRun) -> Iterator[str]:
    repeated = facts.repeated(run)
    for each in troubles(run.cases):
        message = "\n".join(filter(None, [facts.problem(each), facts.reason(each)]))
        yield annotation("error", each.place, facts.affected_runs(each, repeated), message)


def _outages(run: TestRun) -> Iterator[str]:
    advice = facts.advice(run)
    for reason, cases in outages(run).items():
        lines = [visible(reason), _cases(cases), f"next: {advice}" if advice else ""]
        message = "\n".join(filter(None, lines))
        yield annotation("error", None, facts.unanswered(cases), message)


def _stale(run: TestRun) -> Iterator[str]:
    found = stale(run)
    if found:
        every = [case for cases in found.values() for case in cases]
        message = f"{facts.missing(run)}, run {facts.advice(run)}\n{_cases(every)}"
        yield annotation("error", every[0].place, "stale", message)


def _notes(run: TestRun) -> Iterator[str]:
    for reason, cases in notes(run).items():
        yield annotation("notice", cases[0].place, "note", f"{visible(reason)}\n{_cases(cases)}")


def _cases(cases: list[CaseRun]) -> str:
    prompts = facts.by_prompt(cases).items()
    return "\n".join(f"{facts.short(prompt)}: {facts.names(found)}" for prompt, found in prompts)


def _scores(run: TestRun) -> Iterator[str]:
    for each in run.decided:
        if each.verdict in _KINDS:
            title = f"{facts.short(each.prompt)}: {facts.short(each.score)}"
            kind = _KINDS[each.verdict] if each.gates else "notice"
            yield annotation(kind, None, title, _decided(each))


def _decided(decided: Decided) -> str:
    worst = [f"{facts.short(each.name)}: {scores.lost(each)}" for each in scores.worst(decided)]
    lines = [f"{scores.verdict(decided)}: {visible(decided.plain)}", scores.proved(decided), *worst]
    return "\n".join(filter(None, lines))


def _coverage(run: TestRun) -> Iterator[str]:
    if run.undercovered:
        yield annotation("error", None, "coverage", facts.undercovered(run))
    for row in run.coverage:
        for branch in row.uncovered:
            title = f"{facts.short(row.prompt)}: not covered"
            yield annotation("notice", branch.place, title, visible(branch.message))
