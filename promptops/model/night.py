"""One run of `drift` over one prompt, and what follows from all of them."""

from __future__ import annotations

from typing import Literal

from promptops.model.place import Place
from promptops.model.test_run import CaseRun, Worse
from promptops.records import record
from promptops.records.outputs import hidden, output, shown

NOTES_REF = "refs/notes/promptops-drift"
"""The git notes that keep the nights, unless a file does."""

NIGHT_FORMAT = 2
"""Lines of format 1 count contracts instead of answers; they stay, and are not used."""

LEARNING_NIGHTS = 10

NightVerdict = Literal["learning", "steady", "suspect", "drifted", "incomplete", "accepted"]
Signal = Literal["steady", "suspect", "drifted"]
SIGNALS = ("suspect", "drifted")
"""The verdicts of a night with a signal."""

ChartName = Literal["score", "contracts"]
Culprit = Literal["model", "judge", "unknown"]


@record(frozen=True, slots=True, kw_only=True)
class NightJudge:
    """The judge of a score.

    Attributes:
        id: Of the judge's prompt.
        kappa: Its agreement with its anchors; None without anchors.
    """

    id: str
    kappa: float | None = None


@record(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """z of the fresh answers that followed a signal.

    Without any z, fresh answers were requested and some of them are missing.

    Attributes:
        score: Of the chart of the score; None without a signal there.
        contracts: Of the chart of the contracts; None without a signal there.
    """

    score: float | None = None
    contracts: float | None = None


@record(frozen=True, slots=True, kw_only=True)
class Night:
    """One run of `drift` over one prompt: one line of the history.

    Attributes:
        at: UTC, as `2026-11-27T02:10:03Z`.
        release: The tag.
        prompt: The id of the prompt.
        digest: SHA-256 of the requests and assertions of its cases, 64 hexadecimal digits. Nights
            with the same digest can be compared, whatever the release.
        score: The primary score, or None for a prompt without measures.
        format: The version of these attributes in the history.
        n: The number of cases with a score; for a prompt without measures, with an answer.
        k: The number of answers to each case.
        mean: Of the score, 0 to 1; None without a score.
        within: The mean over cases of the variance among the scores of a case; `within / k / n` is
            the sampling variance of `mean`. None without a score.
        kept: The number of answers that keep all contracts.
        of: The number of answers whose contracts were checked.
        same: The share of answers that are equal to a recorded one byte for byte; None without
            recordings.
        models, fingerprints: As the provider named them, sorted.
        profile: Of the prompt's model, or its model id if it has no profile.
        tokens: Means of one request, input and output.
        latency_s: p50 and p95; None if none was measured cleanly.
        cost_usd: Of these answers, without judges and fresh answers; None without a known price.
        judge: The judge of the score; None without one.
        confirmed: None if no fresh answers were requested.
        verdict: What the night shows.
        reason: Why the user accepted the new level, why the night is incomplete, or why a signal
            was not confirmed; else "".
    """

    at: str
    release: str
    prompt: str
    digest: str
    score: str | None
    format: int = NIGHT_FORMAT
    n: int
    k: int
    mean: float | None
    within: float | None
    kept: int = 0
    of: int = 0
    same: float | None = None
    models: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    profile: str = ""
    tokens: tuple[float, float] = (0.0, 0.0)
    latency_s: tuple[float, float] | None = None
    cost_usd: float | None = None
    judge: NightJudge | None = None
    confirmed: Confirmed | None = None
    verdict: NightVerdict
    reason: str = ""


@record(frozen=True, slots=True, kw_only=True)
class ChartBaseline:
    """The learned level of a chart.

    Attributes:
        mean: Of the nights, 0 to 1.
        se: The standard error of the mean.
        nights: The number of nights that it was learned from.
    """

    mean: float
    se: float
    nights: int


@record(frozen=True, slots=True, kw_only=True)
class ChartPoint:
    """One night on a chart.

    Attributes:
        night: Index into `PromptDrift.history`, 0-based.
        mean: 0 to 1.
        se: The standard error of `mean` from sampling alone.
        z, ewma, verdict: None while the baseline is learned.
        reset: The signal of this night was not confirmed, so that the EWMA starts again at 0.
        needs_fresh: The signal of this night must be confirmed by fresh answers; not on a chart
            that drifted before and is still below its limit.
    """

    night: int
    mean: float
    se: float
    z: float | None = None
    ewma: float | None = None
    verdict: Signal | None = None
    reset: bool = False
    needs_fresh: bool = False


@record(frozen=True, slots=True, kw_only=True)
class Chart:
    """One control chart.

    Attributes:
        name: What it is about.
        baseline: None while it is learned.
        ewma: The exponentially weighted mean of the last night, in standard errors; None while the
            baseline is learned.
        limit: A signal is an `ewma` below it; negative.
        points: In the order of nights; incomplete nights have none.
    """

    name: ChartName
    baseline: ChartBaseline | None
    ewma: float | None
    limit: float
    points: tuple[ChartPoint, ...] = hidden(default=())


@record(frozen=True, slots=True, kw_only=True)
class Visible:
    """The loss that the cases of a prompt can show.

    Attributes:
        points: The loss of the score, in percentage points.
        nights: It is found in about this number of nights (median); None if not in 30.
    """

    points: float
    nights: int | None


@record(frozen=True, slots=True, kw_only=True)
class DriftBlame:
    """The cause of a signal.

    Attributes:
        who: The culprit.
        why: Sentences; the deciding one first, the others that hold after it.
    """

    who: Culprit
    why: tuple[str, ...]


@record(frozen=True, slots=True, kw_only=True)
class PromptDrift:
    """The result for one prompt.

    Attributes:
        prompt: The id of the prompt.
        score: The primary score, or None for a prompt without measures.
        verdict: Of tonight.
        line: The figures in one line, without the prompt and the score.
        night: Tonight's; the last line of its history.
        history: All nights of this digest, oldest first, tonight's last.
        charts: Of the score and of the contracts, those that the prompt has.
        visible: None while the baseline is learned, or without a score.
        blame: None without a signal.
        worst: Up to five cases that lost most against their recorded answers, worst first.
    """

    prompt: str
    score: str | None
    verdict: NightVerdict
    line: str
    night: Night
    history: tuple[Night, ...] = hidden()
    charts: tuple[Chart, ...] = ()
    visible: Visible | None = None
    blame: DriftBlame | None = None
    worst: tuple[Worse, ...] = ()

    @shown
    def nights(self) -> int:
        """The number of complete nights since the last accepted level."""
        return len(self.counting)

    @shown
    def since(self) -> str | None:
        """The date of the first of the latest suspect or drifted nights; None without one."""
        found = None
        for night in reversed(self.counting):
            if night.verdict not in SIGNALS:
                break
            found = night.at[:10]
        return found

    @property
    def counting(self) -> tuple[Night, ...]:
        """The complete nights since the last accepted level, oldest first."""
        verdicts = [night.verdict for night in self.history]
        first = len(verdicts) - verdicts[::-1].index("accepted") if "accepted" in verdicts else 0
        return tuple(night for night in self.history[first:] if night.verdict != "incomplete")

    def chart(self, name: ChartName) -> Chart | None:
        """The chart of this name, or None."""
        return next((chart for chart in self.charts if chart.name == name), None)


@record(frozen=True, slots=True, kw_only=True)
class ProfileDrift:
    """The pooled chart of all prompts of a profile.

    Attributes:
        profile: Its name.
        prompts: Their ids.
        ewma: The exponentially weighted mean of the last night, in standard errors; None while
            fewer than two of them have learned a baseline.
        limit: A signal is an `ewma` below it; negative.
        verdict: As for a prompt, by the fresh answers of all of them.
    """

    profile: str
    prompts: tuple[str, ...]
    ewma: float | None
    limit: float
    verdict: NightVerdict


@record(frozen=True, slots=True, kw_only=True)
class HistoryProblem:
    """A line of the history that can't be read; it stays as it is.

    Attributes:
        place: Its place: a file, or the notes of a tag.
        message: Why it can't be read.
    """

    place: Place
    message: str


@output("drift")
@record(frozen=True, slots=True, kw_only=True)
class Drift:
    """The result of `drift`.

    Attributes:
        release: The tag.
        channel: The channel that serves it, if it was found by one; else "".
        headline: The result in a few words: `support/triage drifted`.
        exit_code: Of the command.
        history: Where the nights are: `refs/notes/promptops-drift`, or a file.
        prompts: In the order of their ids.
        profiles: The pooled charts of prompts that share a profile.
        problems: Files that can't be read and cases that could not be answered or judged.
        broken: Lines of the history that can't be read.
        pushes: The notes are fetched and pushed.
        unpushed: Why the notes could not be pushed, or ""; the nights are kept locally.
        warnings: What did not work and does not change a verdict.
        nothing: Why no case was selected, or "".
        accepted: Ids of prompts whose new level was accepted; then no model was called.
        next: The command to type next, or "".
        unanswered: Requests without an answer, including those to judges.
        unasked: Those of them that were not sent, because the run ended first.
        ended: Why the run ended early, or "".
        interrupted: It was interrupted.
        cost_usd: Of the answers of tonight and of their judges.
        duration_s: Of the whole run.
    """

    release: str
    channel: str = ""
    headline: str = ""
    exit_code: int = 0
    history: str
    prompts: tuple[PromptDrift, ...] = ()
    profiles: tuple[ProfileDrift, ...] = ()
    problems: tuple[CaseRun, ...] = ()
    broken: tuple[HistoryProblem, ...] = ()
    pushes: bool = False
    unpushed: str = ""
    warnings: tuple[str, ...] = ()
    nothing: str = ""
    accepted: tuple[str, ...] = ()
    next: str = ""
    unanswered: int = 0
    unasked: int = 0
    ended: str = ""
    interrupted: bool = False
    cost_usd: float = 0.0
    duration_s: float = 0.0

    @property
    def drifted(self) -> bool:
        """Whether a prompt or a profile drifted."""
        verdicts = {prompt.verdict for prompt in self.prompts}
        return "drifted" in verdicts | {profile.verdict for profile in self.profiles}
