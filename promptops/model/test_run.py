"""The result of running test cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from promptops.model.answer import Answer
from promptops.model.place import Place
from promptops.records import record, replace
from promptops.records.outputs import hidden, output, shown

CaseStatus = Literal["passed", "failed", "error", "stale", "warning"]
Source = Literal["none", "recorded", "cached", "live"]
Verdict = Literal["pass", "fail", "inconclusive"]


@record(frozen=True, slots=True)
class MessageText:
    """A message of a request as one string.

    Attributes:
        role: The role, such as system or user.
        text: The content, with its tool calls below.
        turn: The turn of the case that the message belongs to, 1-based; None for a message of the
            prompt.
    """

    role: str
    text: str
    turn: int | None = None


@record(frozen=True, slots=True)
class ComparedTexts:
    """Two strings that should be equal.

    Attributes:
        expected: The expected string.
        got: The actual string.
    """

    expected: str
    got: str


ENDED = "conversation"
"""The type of the result that a conversation ended before its last turn: no assertion has it."""


@record(frozen=True, slots=True, kw_only=True)
class AssertionResult:
    """The result of one assertion.

    Attributes:
        type: As written, with its `not-`.
        status: `error`: it can't be checked. `skipped`: it does not apply to the case, or only to a
            fresh answer.
        must: It is a contract: if it fails, the case fails.
        reason: Expected value, place, actual value; also for a passed assertion.
        place: Of the assertion; for an error, of the part to change.
        on: What it checks: the rendered request, the answer, or all turns of a conversation.
        score: The name of the score, for a measure; else None.
        compared: Both texts, complete, if they are too long for the reason to show the difference;
            else None.
        at: Where the text of the answer has what the assertion searches for, whether it requires or
            forbids it: offsets of the first character and that after the last one, 0-based.
        turn: Of a case with turns: the turn whose answer it checks, 1-based; else None.
    """

    type: str
    status: Literal["passed", "failed", "error", "skipped"]
    must: bool
    reason: str
    place: Place
    on: Literal["request", "answer", "conversation"]
    score: str | None = None
    compared: ComparedTexts | None = None
    at: tuple[tuple[int, int], ...] = ()
    turn: int | None = None


@record(frozen=True, slots=True, kw_only=True)
class CaseRun:
    """One case, answered once.

    Attributes:
        prompt: Id of its prompt.
        name: Name of the case, unique in its prompt; "" for the error of a file.
        repeat: Number of the answer to the same request, 0-based.
        status: `passed`: every contract holds. `failed`: a contract does not hold. `stale`: its
            request has no recording, so its answer was not checked. `error`: it could not be
            rendered, sent or judged, which is not the model's fault. `warning`: a draft that would
            be `failed`, or whose inputs can't be rendered; it fails nothing.
        reason: Why it is stale or in error, or a note on its answer; else "".
        place: Of the case, or of the error.
        assertions: In the order in which they are written: those on the request, then those on the
            answer.
        messages: The messages of the request; empty if it can't be rendered. Of a case with turns
            those of its last turn, so that they are the conversation; without a recording of a
            turn, up to there.
        turn: Of a case with turns without an answer: the turn that has none, 1-based; else None.
        answer: None without a recording, or if none is needed.
        source: The origin of the answer; `none` for a case without assertions on it.
        infrastructure: The provider or the network failed; excluded from statistics.
        internal: The error is a bug in promptops.
        draft: It has the tag `draft`: `promptops cases` wrote it, and it is unread.
    """

    prompt: str
    name: str = ""
    status: CaseStatus
    place: Place
    repeat: int = 0
    reason: str = ""
    assertions: tuple[AssertionResult, ...] = ()
    messages: tuple[MessageText, ...] = ()
    answer: Answer | None = None
    source: Source = "none"
    infrastructure: bool = False
    internal: bool = False
    draft: bool = False
    turn: int | None = None


@record(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """A template branch that no case covers.

    Attributes:
        place: Of the branch.
        message: What is not covered: "`known` has an item in every case".
    """

    place: Place
    message: str


@record(frozen=True, slots=True, kw_only=True)
class CoverageRow:
    """Branch coverage of the templates of a prompt by its cases.

    Attributes:
        prompt: Its id.
        covered: The number of branches that a case covers.
        total: The number of all branches: if, elif, else, loops, includes and when.
        uncovered: The other branches.
    """

    prompt: str
    covered: int
    total: int
    uncovered: tuple[Uncovered, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class Worse:
    """A case whose answers score lower than the baseline's.

    Attributes:
        name: Name of the case, unique in its prompt.
        before: Mean score of the baseline over its repeats, 0 to 1.
        after: Mean score of the candidate over its repeats, 0 to 1.
        before_answer: The baseline's first answer.
        after_answer: The candidate's first answer.
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
        prompt: Its id.
        score: Name of the score.
        verdict: `inconclusive`: there are too few answers to decide.
        line: The figures as printed: difference, interval, p, n, k, counts.
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
        kappa_low: Its lower bound, by that of Wilson's 90% interval of the agreement; None without
            a kappa.
        may_gate: Both are high enough to fail a case.
    """

    judge: str
    anchors: int
    kappa: float | None
    kappa_low: float | None
    may_gate: bool


@record(frozen=True, slots=True, kw_only=True)
class CaseCount:
    """How many cases have each status; every repeat counts.

    Attributes:
        passed: Those whose contracts all hold.
        failed: Those in which a contract does not hold.
        errors: Those that can't be rendered, judged or sent.
        stale: Those whose request has no recording.
        warnings: Drafts that fail.
        drafts: All drafts; repeats do not count.
    """

    passed: int
    failed: int
    errors: int
    stale: int
    warnings: int = 0
    drafts: int = 0


@record(frozen=True, slots=True, kw_only=True)
class BranchCount:
    """The branches of all prompts whose coverage was measured.

    Attributes:
        covered: How many a case covers.
        total: How many there are.
    """

    covered: int
    total: int


@output("test")
@record(frozen=True, slots=True, kw_only=True)
class TestRun:
    """The result of `promptops test`.

    Attributes:
        cases: Each case and repeat, in the order of the catalog.
        verdict: The result of the run.
        decided: A decision for each prompt and score.
        judges: The judges among the prompts that ran, and their agreement with people.
        baseline: The baseline of measured scores, as a person would write it, or "".
        coverage: The coverage of each prompt, if it is requested or required.
        nothing: Why no case was selected, or "".
        next: The command to type next, or "".
        fail_under: The required branch coverage, in percent; None for no limit.
        audited: How many recorded answers were requested again; None except in an audit.
        unanswered: Requests without an answer, to judges too: a provider failed, or the run
            ended early.
        unasked: Those of them that were not sent because the run ended early.
        ended: Why it ended early, or "".
        interrupted: The user interrupted it.
        shard: The results to merge, if it was one shard of a run.
        cost_usd: Of the requests of this run; 0 for a replay.
        duration_s: Of the whole run.
    """

    __test__ = False  # its name would make pytest collect it

    cases: tuple[CaseRun, ...]
    verdict: Verdict
    decided: tuple[Decided, ...] = ()
    judges: tuple[JudgeAgreement, ...] = ()
    coverage: tuple[CoverageRow, ...] = ()
    baseline: str = ""
    nothing: str = ""
    next: str = ""
    fail_under: float | None = None
    audited: int | None = None
    unanswered: int = 0
    unasked: int = 0
    ended: str = ""
    interrupted: bool = False
    shard: ShardRun | None = hidden(default=None)
    cost_usd: float = 0.0
    duration_s: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether a bug in promptops prevented a check."""
        return any(case.internal for case in self.cases)

    @shown
    def count(self) -> CaseCount:
        """The number of cases with each status."""
        number = Counter(case.status for case in self.cases)
        return CaseCount(
            passed=number["passed"],
            failed=number["failed"],
            errors=number["error"],
            stale=number["stale"],
            warnings=number["warning"],
            drafts=sum(case.draft and not case.repeat for case in self.cases),
        )

    @shown
    def branches(self) -> BranchCount:
        """The sums of the coverage."""
        return BranchCount(
            covered=sum(row.covered for row in self.coverage),
            total=sum(row.total for row in self.coverage),
        )

    @shown
    def undercovered(self) -> bool:
        """Whether the coverage is below the required one; without branches it is complete."""
        branches, limit = self.branches, self.fail_under
        # Not `<`: nothing is enough for a limit that is no number.
        return limit is not None and not 100 * branches.covered >= limit * branches.total

    def failing_under(self, percent: float | None) -> TestRun:
        """The same run with a required coverage."""
        run = replace(self, fail_under=percent)
        return replace(run, verdict="fail") if run.undercovered else run

    def gated(self, verdict: Verdict) -> tuple[Decided, ...]:
        """The decisions with this verdict that count in the verdict of the run."""
        return tuple(score for score in self.decided if score.gates and score.verdict == verdict)


def verdict_of(cases: Iterable[CaseRun], decisions: Iterable[Decided]) -> Verdict:
    """The verdict over cases and gated scores; `TestRun.failing_under` adds the coverage."""
    verdicts = {score.verdict for score in decisions if score.gates}
    if "fail" in verdicts or any(case.status not in ("passed", "warning") for case in cases):
        return "fail"
    return "inconclusive" if "inconclusive" in verdicts else "pass"


# One shard of a test run, and its results.

SHARD_FORMAT = 1


@record(frozen=True, slots=True, kw_only=True)
class Shard:
    """A shard: `index` of `count`, 1-based."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


@record(frozen=True, slots=True, kw_only=True)
class ShardAnswer:
    """The result of one requested answer.

    Attributes:
        path: Of the prompt file it belongs to.
        request: Digest of the request.
        judge: Id of the judge's prompt if the request is to a judge; else "".
        reason: Why there is no answer, or "".
        infrastructure: There is none because the provider or the network failed.
    """

    path: str
    request: str
    repeat: int
    judge: str
    answer: Answer | None
    source: Literal["none", "recorded", "cached", "live"]
    reason: str
    infrastructure: bool


@record(frozen=True, slots=True, kw_only=True)
class ShardRun:
    """All results of one shard; the report is computed when shards are merged.

    Attributes:
        revision: The tested commit, or that of HEAD; "" before the first commit.
        plan: Digest of the whole run, equal in all of its shards.
        patterns, since, selectors: The selection; `since` is a commit, or None.
        repeats, baseline: As given on the command line, or None.
        cost_usd: Of all requests.
        problems: Why answers were not recorded.
    """

    shard: Shard
    mode: Literal["replay", "record", "live", "refresh"]
    revision: str
    plan: str
    patterns: tuple[str, ...] = ()
    since: str | None = None
    selectors: tuple[str, ...] = ()
    repeats: int | None = None
    baseline: str | None = None
    cost_usd: float = 0.0
    problems: tuple[tuple[str, Place], ...] = ()
    answers: tuple[ShardAnswer, ...] = ()
