"""The result of the gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

from promptops.model.change import Change, DiffReport, PromptDiff
from promptops.model.config import FailOn
from promptops.model.finding import Finding, Severity
from promptops.model.mutant import MutationRun
from promptops.model.probe import ProbeRun
from promptops.model.report import LintReport, Risk
from promptops.model.test_run import CoverageRow, Decided, TestRun, verdict_of
from promptops.records import field, outputs, record
from promptops.records.outputs import hidden, output, private

CheckName = Literal["lint", "cases", "coverage", "mutation", "probes", "budgets", "release"]

OVER_BUDGET = "TOK001"
"""The rule that reports a prompt over its budget."""

BOUNDARIES = "TST008"
"""The rule that renders a prompt with inputs at the boundaries of their schema."""


@record(frozen=True, slots=True)
class GateRow:
    """One check of the gate.

    Attributes:
        name: The check.
        passed: False if it fails the gate.
        result: One sentence, safe to print.
    """

    name: CheckName
    passed: bool
    result: str


@record(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A change that fails the gate.

    Attributes:
        prompt: The id of its prompt.
        code: Of the change, such as CHG101.
        fingerprint: Of the change; a waiver names it.
    """

    prompt: str
    code: str
    fingerprint: str


@private
@record(frozen=True, slots=True)
class SourceLinks:
    """Addresses of a commit and its files on the server where CI runs.

    Attributes:
        commit: The page of the commit.
        files: Before the path of a file, quoted as in addresses.
        line: Between the path and the number of a line.
    """

    commit: str
    files: str
    line: str

    def of(self, path: str, line: int | None = None) -> str:
        """The address of a file, or of a line of it, 1-based."""
        return f"{self.files}{quote(path)}" + (f"{self.line}{line}" if line else "")


@private
@record(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page shows, and no other format.

    Attributes:
        head: What was checked, as a person would write it: `the work tree`, `v1.4.0`.
        commit: The id of the checked commit, or of HEAD; "" before the first commit.
        ids: From the path of each checked prompt file to its id.
        sources: Content of the files that findings and branches refer to, by path, newlines as LF;
            without those that can't be read.
        users: From the path of a file with findings that belongs to no prompt, such as a partial or
            a file with a message's content, to the ids of the prompts that use it.
        coverage: Branch coverage of each prompt, even if no policy requires it.
        links: Where the files of the checked commit are shown; None if it is not known.
    """

    head: str = ""
    commit: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    coverage: tuple[CoverageRow, ...] = ()
    links: SourceLinks | None = None


@output("check", version=1)
@record(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """The result of `promptops check`: the verdict of the gate, and what it is based on.

    Attributes:
        lint: The findings in the checked prompts, as `promptops lint` reports them.
        test: Their cases, as `promptops test` reports them; answers are replayed.
        why: From the path of each checked prompt file to the reason, in the order of paths.
        nothing: Why no prompt was selected, or "".
        risks: Changes that make the gate less strict; the policy of the base applies.
        notes: Notes on the verdict for its readers.
        fail_on: The lowest severity of a finding that fails the gate.
        refused: Kinds of changes that fail the gate.
        budgeted: How many of the prompts have a budget.
        strict: A release is refused while a score is inconclusive; the gate is not.
        diff: What changed since the base, and the version it requires; None without a base.
        mutation: What the cases notice of mutants of the changed prompts; None if that is off.
        unmutated: How many changed prompts were left out of it, so that the gate stays fast.
        probes: The recorded answers to attacks; None unless the policy has them replayed.
        gate: The checks that ran, in order; the gate passes if all of them pass.
        next: The command to type next, or "": it records answers, fixes findings or shows changes.
        shown: Data that only a page shows; None for other formats.
    """

    lint: LintReport
    test: TestRun
    why: Mapping[str, str]
    nothing: str = ""
    risks: tuple[Risk, ...]
    fail_on: Severity
    notes: tuple[str, ...] = ()
    refused: tuple[FailOn, ...] = hidden(default=())
    budgeted: int = 0
    strict: bool = False
    diff: DiffReport | None = None
    mutation: MutationRun | None = None
    unmutated: int = 0
    probes: ProbeRun | None = None
    gate: tuple[GateRow, ...] = ()
    next: str = ""
    shown: Shown | None = hidden(default=None)

    @outputs.shown
    def verdict(self) -> Literal["pass", "fail"]:
        """Of the gate."""
        return "pass" if self.passed else "fail"

    @outputs.shown
    def refusals(self) -> tuple[Refusal, ...]:
        """The changes that fail the gate."""
        return tuple(
            Refusal(prompt=prompt.id, code=change.code, fingerprint=change.fingerprint)
            for prompt, change in self.refused_changes
        )

    @property
    def refused_changes(self) -> tuple[tuple[PromptDiff, Change], ...]:
        """Each change that fails the gate, with its prompt."""
        return tuple(self.diff.stopping(self.refused)) if self.diff is not None else ()

    @property
    def refused_risks(self) -> tuple[Risk, ...]:
        """The risks that fail the gate: all of them if the policy refuses risks."""
        return tuple(risk for risk in self.risks if "risk" in self.refused or risk.refused)

    @property
    def looked(self) -> bool:
        """Whether there was anything to check: a prompt, a removed prompt, or a finding."""
        changed = self.diff is not None and bool(self.diff.prompts)
        return changed or bool(self.why or self.lint.findings)

    @property
    def failed(self) -> bool:
        """Whether a bug in promptops prevented a check."""
        others = (part.failed for part in (self.diff, self.probes) if part is not None)
        mutated = self.mutation is not None and any(row.internal for row in self.mutation.rows)
        return self.lint.failed or self.test.failed or mutated or any(others)

    @property
    def failing_findings(self) -> tuple[Finding, ...]:
        """The findings that fail the gate."""
        return self.lint.failing(self.fail_on)

    @property
    def inconclusive(self) -> tuple[Decided, ...]:
        """The gated scores without a decision; they prevent a release if it is `strict`."""
        return self.test.gated("inconclusive")

    @property
    def failing_checks(self) -> tuple[CheckName, ...]:
        """The decision of the gate: the checks that fail, in their order."""
        run, findings = self.test, self.failing_findings
        failing: dict[CheckName, bool] = {
            "lint": bool(findings),
            "cases": verdict_of(run.cases, run.decided) == "fail",
            "coverage": run.undercovered,
            "probes": self.probes is not None and self.probes.verdict == "fail",
            "budgets": any(finding.code == OVER_BUDGET for finding in findings),
            "release": bool(self.refused_changes or self.refused_risks),
        }
        return tuple(name for name, fails in failing.items() if fails)

    @property
    def passed(self) -> bool:
        """The verdict of the gate."""
        return not (self.failing_checks or self.failed)
