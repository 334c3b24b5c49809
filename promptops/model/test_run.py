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
    """What one assertion says.

    Attributes:
        type: As written, with its `not-`.
        status: `skipped` where only a fresh answer can be judged.
        must: It is a contract: a case in which it does not hold fails.
        reason: Expected, where, got; of one that holds, too.
        place: Of the assertion; of an error, of what to change in it.
        on: What it judges: the request, before anything is asked, or the answer.
        score: Of a measure, the score it counts in; else None.
        compared: The text that was expected and the one that was got, both whole, where they are
            too long for the reason to show how they differ; else None.
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
        status: `stale`: its request has no recording, so nothing was said of its answer. `error`:
            it can't be rendered, judged, or asked: no fault of the model.
        reason: Why it is stale or in error, or what is to be known of its answer; "" else.
        place: Of the case, or of what is in error.
        messages: Role and text of each message of the request; empty where it can't be rendered.
        answer: None where there is none, or nobody asks for one.
        source: Where the answer came from; `none` for a case that asserts nothing about it.
        infrastructure: The error is a provider's or the network's, and stays out of statistics.
        internal: The error is a bug of ours.
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
    """A branch that no case takes.

    Attributes:
        said: What no case does: "`known` has an item in every case".
    """

    place: Place
    said: str


@record(frozen=True, slots=True, kw_only=True)
class CoverageRow:
    """How much of the templates of a prompt its cases render; branches."""

    prompt: str
    covered: int
    total: int
    uncovered: tuple[Uncovered, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class Worse:
    """A case whose answers score lower than the baseline's.

    Attributes:
        before, after: Mean scores over its repeats, 0 to 1: the baseline's, the candidate's.
        before_answer, after_answer: The first answer of either side.
    """

    name: str
    before: float
    after: float
    before_answer: Answer
    after_answer: Answer


@record(frozen=True, slots=True, kw_only=True)
class Decided:
    """The decision over one prompt's measured score, candidate against baseline.

    Attributes:
        line: The figures, as `evals.deciding.decision.sentence` writes them.
        summary: The decision in a plain sentence without statistics; "" if `line` is one.
        worst: Up to five cases that lost most, worst first.
        culprits: Names of the cases that fresh answers proved worse, where that decided.
        gates: It counts in the verdict of the run; the other scores of a prompt are only told.
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
    """How far a prompt that judges agrees with its anchors, which people judged.

    Attributes:
        judge: Id of the prompt.
        anchors: How many of its cases are anchors with an answer.
        kappa: Cohen's, 1 for always; None where chance alone would always agree.
        may_gate: It agrees well enough to fail a case.
    """

    judge: str
    anchors: int
    kappa: float | None
    may_gate: bool


@record(frozen=True, slots=True, kw_only=True)
class TestRun:
    """A run of the cases that were selected.

    Attributes:
        judges: Prompts that judge, of those that ran, and how far they agree with people.
        baseline: What measured scores are compared with, as a person would write it, or "".
        nothing: Why no case was selected, or "".
        advice: The command to type next, or "".
        fail_under: In percent of branches: the coverage that was asked for; None for any.
        unanswered: Requests, those to judges too, that got no answer: a provider failed, or the
            run ended before.
        unasked: Those of them that were not asked for, since the run ended before.
        ended: Why it did, or "".
        interrupted: Somebody wanted it to end.
        shard: What it found out, where it was one shard of a run; that is merged with the others.
        cost_usd: Of what was asked in this run; 0 for a replay.
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
        """Whether a bug of ours kept anything from being judged."""
        return any(case.internal for case in self.cases)

    @property
    def undercovered(self) -> bool:
        """Whether less is covered than was asked for; of no branch, all is."""
        covered = sum(row.covered for row in self.coverage)
        total = sum(row.total for row in self.coverage)
        # Not `<`: nothing is enough for a limit that is no number.
        return self.fail_under is not None and not 100 * covered >= self.fail_under * total

    def failing_under(self, percent: float | None) -> TestRun:
        """The same run, which fails where less is covered."""
        run = replace(self, fail_under=percent)
        return replace(run, verdict="fail") if run.undercovered else run

    def gated(self, verdict: Verdict) -> tuple[Decided, ...]:
        """The decisions with this verdict that count in the verdict of the run."""
        return tuple(score for score in self.decided if score.gates and score.verdict == verdict)

    def count(self, status: CaseStatus) -> int:
        """How many cases ended so."""
        return sum(case.status == status for case in self.cases)


def verdict_of(cases: Iterable[CaseRun], decisions: Iterable[Decided]) -> Verdict:
    """The verdict over cases and gated scores; `TestRun.failing_under` adds the coverage."""
    verdicts = {score.verdict for score in decisions if score.gates}
    if "fail" in verdicts or any(case.status != "passed" for case in cases):
        return "fail"
    return "inconclusive" if "inconclusive" in verdicts else "pass"
