"""Reports of the gate for the tests of its HTML page: as from real life, hostile, and large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from promptops.model.check import CheckReport, Shown
from promptops.model.finding import Edit, Finding, Fix, Related, Severity
from promptops.model.place import Place
from promptops.model.probe import AttackRate, FamilyRate, ProbeRun, PromptProbes
from promptops.model.report import LintReport, Risk
from promptops.model.test_run import CoverageRow, TestRun, Uncovered
from tests.report.conftest import hostile_finding
from tests.report.diff.html_extremes import ATTACK
from tests.report.diff.html_extremes import hostile as hostile_diff
from tests.report.diff.html_extremes import large as large_diff
from tests.report.diff.html_reports import realistic as changed
from tests.report.diff.html_reports import unchanged
from tests.report.mutate import mutations
from tests.report.probe.probe_runs import run_of
from tests.report.test.hostile_runs import hostile as hostile_run
from tests.report.test.hostile_runs import large as large_run
from tests.report.test.runs import TRIAGE, failing, green, nothing

LINT_CHANGES = Risk(
    message="`lint.select` changes; it takes effect once it is merged",
    place=Place("promptops.toml", 3, 1, 3, 7),
)

DESK = "prompts/partials/support-desk.md.j2"
LONG = "prompts/sql/write.prompt.yaml"
GONE = "prompts/old.prompt.yaml"


def source(length: int, lines: Mapping[int, str]) -> str:
    """A file of so many lines, each of which says its number where it says nothing else."""
    return "".join(f"{lines.get(number, f'# {number}')}\n" for number in range(1, length + 1))


SOURCES = {
    TRIAGE: source(
        100,
        {
            27: '      {% include "partials/support-desk.md.j2" %}',
            31: "      {{ tikcet }}",
            52: "      {% for issue in known_issues %}",
            60: "    inputs: {product: hub}",
        },
    ),
    DESK: source(
        9, {2: "{% if tone == 'formal' %}", 7: "{% if plan == 'free' %}{% else %}{% endif %}"}
    ),
    LONG: source(3, {2: f"    content: {'word ' * 300}{{{{ table }}}}{' more' * 300}"}),
}


def place(path: str, line: int, column: int, width: int) -> Place:
    return Place(path, line, column, line, column + width)


def finding(code: str, severity: Severity, message: str, where: Place, **values: Any) -> Finding:
    usual = {"name": "a-rule", "prompt": "support/triage", "fingerprint": "aa"}
    return Finding(
        code=code, severity=severity, message=message, place=where, **{**usual, **values}
    )


def findings() -> tuple[Finding, ...]:
    included = Related(place(TRIAGE, 27, 18, 29), "included here")
    return (
        finding(
            "STY003",
            Severity.INFO,
            "`the` twice",
            place(DESK, 4, 1, 1),
            fix=Fix((Edit(place(DESK, 4, 1, 1), ""),), safe=True),
        ),
        finding(
            "VAR001",
            Severity.ERROR,
            "`tikcet` is not an input",
            place(TRIAGE, 31, 10, 6),
            name="undefined-variable",
            hint="did you mean `ticket`?",
        ),
        finding(
            "VAR005",
            Severity.WARNING,
            "`tone` is never `formal`",
            place(DESK, 2, 7, 16),
            related=(included, Related(place("prompts/none.yaml", 3, 1, 1), "and there")),
            case="a light that blinks",
        ),
        finding("TST002", Severity.ERROR, "`plan` is missing", place(TRIAGE, 60, 13, 14)),
        finding(
            "VAR001", Severity.ERROR, "no `table`", place(LONG, 2, 1517, 5), prompt="sql/write"
        ),
        finding("SCH005", Severity.INFO, "a bad id", Place("prompts/Bad.prompt.yaml"), prompt=""),
    )


def covered() -> tuple[CoverageRow, ...]:
    """Two prompts leave out one branch of a partial; one of them leaves out more."""
    loop, free = place(TRIAGE, 52, 23, 12), place(DESK, 7, 7, 14)
    says = (
        Uncovered(place=loop, message="in no case `known_issues` has an item"),
        Uncovered(place=free, message="in no case `plan == 'free'` holds"),
        Uncovered(place=free, message="in every case `plan == 'free'` holds"),
    )
    return (
        CoverageRow(prompt="support/triage", covered=11, total=14, uncovered=says),
        CoverageRow(prompt="support/reply", covered=3, total=5, uncovered=says[1:]),
        CoverageRow(prompt="extraction/invoice", covered=9, total=9),
    )


def report(**values: Any) -> CheckReport:
    lint = LintReport(findings=values.pop("findings", ()), files=1)
    usual: dict[str, Any] = {
        "test": green(),
        "why": {TRIAGE: "all prompts are selected"},
        "nothing": "",
        "risks": (),
        "fail_on": Severity.ERROR,
    }
    return CheckReport(lint=lint, **{**usual, **values})


def shown(**values: Any) -> Shown:
    usual = {
        "head": "the work tree",
        "commit": "0123456789abcdef",
        "ids": {TRIAGE: "support/triage"},
    }
    return Shown(**{**usual, "sources": SOURCES, **values})


def failed() -> CheckReport:
    """Everything that a page can show, of a change that the gate refuses."""
    return report(
        findings=findings(),
        test=replace(failing(), coverage=covered()).failing_under(90),
        diff=replace(changed(), before_version="1.4.2", after_version="2.0.0"),
        why={
            TRIAGE: f"{DESK} changed",
            "prompts/translate/ui.prompt.yaml": "it changed",
            "prompts/alone.prompt.yaml": "promptops.toml changed",
        },
        risks=(LINT_CHANGES,),
        refused=("breaking",),
        budgeted=2,
        shown=shown(
            ids={TRIAGE: "support/triage", "prompts/translate/ui.prompt.yaml": "translate/ui"}
        ),
    )


def boundaries_checked() -> CheckReport:
    """Inputs at boundaries break a prompt in two places; three prompts were attacked."""
    message = "does not render if `issues` is empty: this list has no item 0"
    own = finding("TST008", Severity.ERROR, message, place(TRIAGE, 52, 23, 12))
    shared = replace(own, place=place(DESK, 7, 7, 14), prompt="")
    invoice = "prompts/extraction/invoice.prompt.yaml"
    made = report(
        findings=(own, shared),
        test=replace(failing(), coverage=covered()),
        shown=shown(
            ids={TRIAGE: "support/triage", invoice: "extraction/invoice"},
            users={DESK: ("support/triage",)},
        ),
    )
    checked = {"TST008": frozenset((TRIAGE, invoice))}
    return replace(
        made, lint=replace(made.lint, opt_in=checked), probes=attacked(), mutation=mutations.since()
    )


def attacked() -> ProbeRun:
    rates = {
        "support/triage": AttackRate(succeeded=3, n=40, low=0.0258, high=0.1986),
        "support/reply": AttackRate(succeeded=1, n=40, low=0.0044, high=0.1288),
        "extraction/invoice": AttackRate(n=20, high=0.1611),
    }
    prompts = tuple(
        PromptProbes(
            prompt=name,
            rate=rate,
            limited=rate,
            families=(_family("persona", 0), _family("fake-turn", rate.succeeded)),
            failures=("over the limit",) if rate.succeeded > 1 else (),
        )
        for name, rate in rates.items()
    )
    whole = AttackRate(succeeded=4, n=100)
    return ProbeRun(library=1, rate=whole, verdict="inconclusive", prompts=prompts)


def _family(name: str, succeeded: int) -> FamilyRate:
    rate = AttackRate(succeeded=succeeded, n=4)
    return FamilyRate(family=name, title=name, owasp=("LLM01:2025",), rate=rate)


def passed() -> CheckReport:
    """Nothing to do, and nothing to compare with."""
    row = CoverageRow(prompt="support/triage", covered=4, total=4)
    return report(test=replace(green(), coverage=(row,)), shown=shown())


def mutated() -> CheckReport:
    """Cases notice too little of a changed prompt."""
    why = {TRIAGE: "it changed"}
    mutation = mutations.since()
    return report(why=why, diff=unchanged(), shown=shown(), mutation=mutation, unmutated=2)


def same() -> CheckReport:
    """Compared, and nothing changed; no branch was counted."""
    return report(diff=unchanged(), shown=shown())


def bare() -> CheckReport:
    """Nobody added what only a page shows; of one finding not even its line is known."""
    one, other, *_ = findings()
    return report(findings=(replace(one, source_line="the the"), other))


def empty() -> CheckReport:
    """Nothing to look at."""
    why = "no file that prompts depend on changed"
    return report(test=nothing(), why={}, nothing=why, diff=unchanged(), shown=shown(ids={}))


def hostile(text: str = ATTACK) -> CheckReport:
    """The text stands in every text that a stranger or a model writes."""
    path = text or "empty"
    lint = hostile_finding(text)
    return report(
        findings=(lint, replace(lint, place=Place("elsewhere", 1, 1, 1, 2), prompt="a")),
        test=hostile_run(text),
        diff=hostile_diff(),
        why={path: text},
        risks=(Risk(message=text, prompt=text, case=text, place=Place(text), refused=True),),
        refused=("breaking", "risk"),
        budgeted=1,
        mutation=mutations.hostile(text or "empty"),
        probes=run_of(text or "empty", text, text, text or "empty"),
        shown=Shown(
            head=text,
            commit=text,
            ids={path: text},
            sources={path: f"{text}\n{text}\n{text}{text}"},
        ),
    )


def large(prompts: int = 2_000, cases: int = 5) -> CheckReport:
    """Each prompt changed, has two findings, and leaves out a branch."""
    run = large_run(prompts, cases)
    names = [f"team/prompt-{number:03}" for number in range(prompts)]
    paths = {f"prompts/{name}.prompt.yaml": name for name in names}
    text = source(100, {})
    return report(
        findings=tuple(
            finding("VAR001", Severity.ERROR, "no `x`", place(path, line, 1, 3), prompt=name)
            for path, name in paths.items()
            for line in (5, 50)
        ),
        test=replace(run, coverage=tuple(_large_row(path, name) for path, name in paths.items())),
        diff=large_diff(prompts, 1),
        why=dict.fromkeys(paths, "it changed"),
        shown=Shown(head="HEAD", ids=paths, sources=dict.fromkeys(paths, text)),
    )


def _large_row(path: str, name: str) -> CoverageRow:
    branch = Uncovered(place=place(path, 70, 1, 3), message="in no case `x` holds")
    return CoverageRow(prompt=name, covered=1, total=2, uncovered=(branch,))


def answers(*runs: Any) -> TestRun:
    return TestRun(cases=runs, verdict="pass")


REPORTS = {
    "failed": failed,
    "passed": passed,
    "mutated": mutated,
    "same": same,
    "bare": bare,
    "empty": empty,
    "hostile": hostile,
}
