"""One run of `drift` over one prompt, and what follows from all of them."""

from __future__ import annotations

from typing import Literal

from promptops.model.place import Place
from promptops.model.test_run import CaseRun, Worse
from promptops.records import record

NOTES_REF = "refs/notes/promptops-drift"
"""The git notes that keep the nights, unless a file does."""

NIGHT_FORMAT = 2
"""Lines of format 1 count contracts instead of answers; they stay, and are not used."""

LEARNING_NIGHTS = 10

NightVerdict = Literal["learning", "steady", "suspect", "drifted", "incomplete", "accepted"]
Signal = Literal["steady", "suspect", "drifted"]
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
    """z of the fresh answers that followed a signal; None for a chart without a signal.

    Without any z, fresh answers were requested and some of them are missing.
    """

    score: float | None = None
    contracts: float | None = None


@record(frozen=True, slots=True, kw_only=True)
class Night:
    """One run of `drift` over one prompt: one line of the history.

    Attributes:
        at: UTC, as `2026-11-27T02:10:03Z`.
        release: The tag.
        digest: SHA-256 of the requests and assertions of its cases, 64 hexadecimal digits. Nights
            with the same digest can be compared, whatever the release.
        score: The primary score, or None for a prompt without measures.
        n: The number of cases with a score; for a prompt without measures, with an answer.
        k: The number of answers to each case.
        mean: Of the score, 0 to 1; None without a score.
        within: The mean over cases of the variance among the scores of a case; `within / k / n` is
            the sampling variance of `mean`. None without a score.
        kept, of: The number of answers whose contracts were checked, and of those that keep all.
        same: The share of answers that are equal to a recorded one byte for byte; None without
            recordings.
        models, fingerprints: As the provider named them, sorted.
        profile: Of the prompt's model, or its model id if it has no profile.
        tokens: Means of one request, input and output.
        latency_s: p50 and p95; None if none was measured cleanly.
        cost_usd: Of these answers, without judges and fresh answers; None without a known price.
        confirmed: None if no fresh answers were requested.
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
    """The learned level of a chart: mean of the nights (0 to 1), its standard error."""

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
        baseline: None while it is learned.
        ewma: Of the last night; None while the baseline is learned.
        limit: A signal is an `ewma` below it; negative.
        points: In the order of nights; incomplete nights have none.
    """

    name: ChartName
    baseline: ChartBaseline | None
    ewma: float | None
    limit: float
    points: tuple[ChartPoint, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class Visible:
    """A loss of `points` percentage points is found in about `nights` nights (median).

    `nights` is None if it is not found in 30 nights.
    """

    points: float
    nights: int | None


@record(frozen=True, slots=True, kw_only=True)
class DriftBlame:
    """Who caused a signal.

    Attributes:
        why: Sentences; the deciding one first, the others that hold after it.
    """

    who: Culprit
    why: tuple[str, ...]


@record(frozen=True, slots=True, kw_only=True)
class PromptDrift:
    """The result for one prompt.

    Attributes:
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
    history: tuple[Night, ...]
    charts: tuple[Chart, ...] = ()
    visible: Visible | None = None
    blame: DriftBlame | None = None
    worst: tuple[Worse, ...] = ()

    def chart(self, name: ChartName) -> Chart | None:
        """The chart of this name, or None."""
        return next((chart for chart in self.charts if chart.name == name), None)


@record(frozen=True, slots=True, kw_only=True)
class ProfileDrift:
    """The pooled chart of all prompts of a profile.

    Attributes:
        prompts: Their ids.
        ewma: None while fewer than two of them have learned a baseline.
        verdict: As for a prompt, by the fresh answers of all of them.
    """

    profile: str
    prompts: tuple[str, ...]
    ewma: float | None
    limit: float
    verdict: NightVerdict


@record(frozen=True, slots=True, kw_only=True)
class HistoryProblem:
    """A line of the history that can't be read; it stays as it is."""

    place: Place
    message: str


@record(frozen=True, slots=True, kw_only=True)
class Drift:
    """One run of `drift`.

    Attributes:
        release: The tag.
        channel: The channel that serves it, if it was found by one; else "".
        history: Where the nights are: `refs/notes/promptops-drift`, or a file.
        problems: Files that can't be read and cases that could not be answered or judged.
        broken: Lines of the history that can't be read.
        pushes: The notes are fetched and pushed.
        unpushed: Why the notes could not be pushed, or ""; the nights are kept locally.
        nothing: Why no case was selected, or "".
        accepted: Ids of prompts whose new level was accepted; then no model was called.
        unanswered, unasked, ended, interrupted: As in a run of `test`.
    """

    release: str
    channel: str = ""
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
    advice: str = ""
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
