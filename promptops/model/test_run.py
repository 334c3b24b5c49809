"""The result of running test cases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from promptops.model.answer import Answer
from promptops.model.place import Place
from promptops.model.shard import ShardRun
from promptops.records import record, replace

CaseStatus = Literal["passed", "failed", "error", "stale"]
Source = Literal["none", "recorded", "cached", "live"]
Verdict = Literal["pass", "fail", "inconclusive"]


@record(frozen=True, slots=True, kw_only=True)
class AssertionResult:
    """The result of one assertion.

    Attributes:
        type: As written, with its `not-`.
        status: `skipped` if it does not apply to the case, or only to a fresh answer.
        must: It is a contract: if it fails, the case fails.
        reason: Expected value, place, actual value; also for a passed assertion.
        place: Of the assertion; for an error, of the part to change.
        on: What it checks: the rendered request, or the answer.
        score: The name of the score, for a measure; else None.
        compared: The expected and the actual text, both complete, if they are too long for the
            reason to show the difference; else None.
    """

    type: str
    status: Literal["passed", "failed", "error", "skipped"]
    must: bool
    reason: str
    place: Place
    on: Literal["request", "answer"]
    score: str | None = None
    compared: tuple[str, str] | None = None


@record(frozen=True, slots=True, kw_only=True)
class CaseRun:
    """One case, answered once.

    Attributes:
        repeat: 0-based.
        status: `stale`: its request has no recording, so its answer was not checked. `error`: it
            could not be rendered, sent or judged, which is not the model's fault.
        reason: Why it is stale or in error, or a note on its answer; else "".
        place: Of the case, or of the error.
        messages: Role and text of each message of the request; empty if it can't be rendered.
        answer: None without a recording, or if none is needed.
        source: The origin of the answer; `none` for a case without assertions on it.
        infrastructure: The provider or the network failed; excluded from statistics.
        internal: The error is a bug in promptops.
    """

    prompt: str
    name: str
    status: CaseStatus
    place: Place
    repeat: int = 0
    reason: str = ""
    assertions: tuple[AssertionResult, ...] = ()
    messages: tuple[tuple[str, str], ...] = ()
    answer: Answer | None = None
    source: Source = "none"
    infrastructure: bool = False
    internal: bool = False


@record(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """A template branch that no case covers.

    Attributes:
        said: The message: "`known` has an item in every case".
    """

    place: Place
    said: str


@record(frozen=True, slots=True, kw_only=True)
class CoverageRow:
    """Branch coverage of the templates of a prompt by its cases."""

    prompt: str
    covered: int
    total: int
    uncovered: tuple[Uncovered, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class Worse:
    """A case whose answers score lower than the baseline's.

    Attributes:
        before, after: Mean scores over its repeats, 0 to 1, of the baseline and the candidate.
        before_answer, after_answer: The first answer of each side.
    """

    name: str
    before: float
    after: float
    before_answer: Answer
    after_answer: Answer


@record(frozen=True, slots=True, kw_only=True)
class Decided:
    """The decision on one measured score of a prompt, candidate against baseline.

    Attributes:
        line: The figures, as `evals.deciding.decision.sentence` writes them.
        summary: The decision in a plain sentence without statistics; "" if `line` is one.
        worst: Up to five cases that lost most, worst first.
        culprits: Names of the cases that fresh answers proved worse, where that decided.
        gates: It counts in the verdict of the run; the other scores of a prompt are only reported.
        compared: There is a baseline; without one `line` is a plain sentence about the score.
    """

    prompt: str
    score: str
    verdict: Verdict
    line: str
    summary: str = ""
    worst: tuple[Worse, ...] = ()
    culprits: tuple[str, ...] = ()
    gates: bool = True
    compared: bool = True

    @property
    def plain(self) -> str:
        """The decision in a plain sentence."""
        return self.summary or self.line


@record(frozen=True, slots=True, kw_only=True)
class JudgeAgreement:
    """The agreement of a judge with its anchors, which people judged.

    Attributes:
        judge: Id of the judge's prompt.
        anchors: How many of its cases are anchors with an answer.
        kappa: Cohen's kappa, 1 for full agreement; None if chance alone would always agree.
        kappa_low: Its lower bound: so few anchors prove no more.
        may_gate: Both are high enough to fail a case.
    """

    judge: str
    anchors: int
    kappa: float | None
    kappa_low: float | None
    may_gate: bool


@record(frozen=True, slots=True, kw_only=True)
class TestRun:
    """A run of the selected cases.

    Attributes:
        judges: The judges among the prompts that ran, and their agreement with people.
        baseline: The baseline of measured scores, as a person would write it, or "".
        nothing: Why no case was selected, or "".
        advice: The command to type next, or "".
        fail_under: The required branch coverage, in percent; None for no limit.
        unanswered: Requests without an answer, to judges too: a provider failed, or the run
            ended early.
        unasked: Those of them that were not sent because the run ended early.
        ended: Why it ended early, or "".
        interrupted: The user interrupted it.
        shard: The results to merge, if it was one shard of a run.
        cost_usd: Of the requests of this run; 0 for a replay.
    """

    __test__ = False  # its name would make pytest collect it

    cases: tuple[CaseRun, ...]
    verdict: Verdict
    decided: tuple[Decided, ...] = ()
    judges: tuple[JudgeAgreement, ...] = ()
    coverage: tuple[CoverageRow, ...] = ()
    baseline: str = ""
    nothing: str = ""
    advice: str = ""
    fail_under: float | None = None
    unanswered: int = 0
    unasked: int = 0
    ended: str = ""
    interrupted: bool = False
    shard: ShardRun | None = None
    cost_usd: float = 0.0
    duration_s: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether a bug in promptops prevented a check."""
        return any(case.internal for case in self.cases)

    @property
    def undercovered(self) -> bool:
        """Whether the coverage is below the required one; without branches it is complete."""
        covered = sum(row.covered for row in self.coverage)
        total = sum(row.total for row in self.coverage)
        # Not `<`: nothing is enough for a limit that is no number.
        return self.fail_under is not None and not 100 * covered >= self.fail_under * total

    def failing_under(self, percent: float | None) -> TestRun:
        """The same run with a required coverage."""
        run = replace(self, fail_under=percent)
        return replace(run, verdict="fail") if run.undercovered else run

    def gated(self, verdict: Verdict) -> tuple[Decided, ...]:
        """The decisions with this verdict that count in the verdict of the run."""
        return tuple(score for score in self.decided if score.gates and score.verdict == verdict)

    def count(self, status: CaseStatus) -> int:
        """The number of cases with this status."""
        return sum(case.status == status for case in self.cases)


def verdict_of(cases: Iterable[CaseRun], decisions: Iterable[Decided]) -> Verdict:
    """The verdict over cases and gated scores; `TestRun.failing_under` adds the coverage."""
    verdicts = {score.verdict for score in decisions if score.gates}
    if "fail" in verdicts or any(case.status != "passed" for case in cases):
        return "fail"
    return "inconclusive" if "inconclusive" in verdicts else "pass"
