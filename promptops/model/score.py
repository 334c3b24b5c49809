"""Samples of production, and the result of scoring them with the assertions of their release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from promptops.model.answer import Usage
from promptops.model.arm import TokenMeans
from promptops.model.config import VALUE_METRICS, AlertRule
from promptops.model.place import Place
from promptops.records import field, record
from promptops.records.outputs import hidden, output, private

SAMPLE_KEYS = frozenset(
    (
        *("id", "at", "prompt", "version", "release", "channel", "conversation", "trace_id"),
        *("span_id", "inputs", "messages", "output", "tool_calls", "finish_reason", "model"),
        *("fingerprint", "usage", "latency_s", "cost_usd", "error"),
        *("prompt_digest", "request_digest"),
    )
)
"""The keys of a sample in a file, as `schemas/sample.schema.json` describes them."""

FIELD_NAMES = SAMPLE_KEYS | {"input_tokens", "output_tokens", "cached_tokens", "latency_ms"}
"""The names that `[score.fields]` may map to a JSON pointer: these keys, and their parts."""


@record(frozen=True, slots=True, kw_only=True)
class Sample:
    """One request of production with its answer. None and "" mean that it is not recorded.

    Attributes:
        id: Of the log; else the name of its file with `offset`. Never empty, and the same for
            every division into parts.
        at: Seconds since 1970-01-01 UTC; a time without a zone counts as UTC.
        prompt: The id of the prompt, or an alias; "" in a trace that does not name it.
        version: Without the tag's prefix, such as `1.8.0`.
        release: The tag.
        inputs: None if they are not recorded.
        inputs_are_text: All inputs are strings, as attributes of spans are. One whose schema does
            not accept strings is JSON.
        messages: Each `{"role", "content"}`, as in `model.request.Request`, with `tool_calls` and
            `tool_call_id` if they are recorded; content is a string.
        output: The text of the answer. A JSON value that is not a string is written as JSON.
        unwrapped: `output` was inside of a message or a response, as traces wrap it.
        tool_calls: As in `model.answer.Answer`.
        finish_reason: As the provider writes it, such as `stop` or `end_turn`.
        usage: None if no token was counted.
        error: The type or message of the error that the request ended with.
        prompt_digest, request_digest: `promptops.prompt.digest`, `promptops.request.digest`.
        path: The file as the user wrote it; `-` for standard input.
        offset: In bytes from the start of the (decompressed) file to its line; in Parquet the
            number of rows before it. `source.traffic.parts.line_at` finds its line.
    """

    id: str
    at: float | None = None
    prompt: str = ""
    version: str = ""
    release: str = ""
    channel: str = ""
    conversation: str = ""
    trace_id: str = ""
    span_id: str = ""
    inputs: Mapping[str, Any] | None = None
    inputs_are_text: bool = False
    messages: tuple[Mapping[str, Any], ...] = ()
    output: str | None = None
    unwrapped: bool = False
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    finish_reason: str = ""
    model: str = ""
    fingerprint: str = ""
    usage: Usage | None = None
    latency_s: float | None = None
    cost_usd: float | None = None
    error: str = ""
    prompt_digest: str = ""
    request_digest: str = ""
    path: str = ""
    offset: int = 0


@record(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a file with samples, cut where a line ends.

    Attributes:
        path: As the user wrote it; `-` for standard input.
        location: What to open: a local path, or a URL of fsspec.
        format: The name of the reader, such as `otlp`.
        start, end: In bytes, the end exclusive; in Parquet numbers of row groups.
        gzip: The whole file is one part, and `end` is not used.
        document: The whole file is one JSON document, and one part.
        repeated: The 0-based numbers of its samples whose id an earlier sample has, ascending.
    """

    path: str
    location: str
    format: str
    start: int
    end: int
    gzip: bool = False
    document: bool = False
    repeated: tuple[int, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class BrokenLine:
    """A line of a file with samples that can't be read.

    Attributes:
        offset: As in `Sample`; `source.traffic.parts.line_at` finds its line.
        column: 1-based, in characters.
        message: Lower case, no full stop, without text of the line.
        lines: The number of lines that are lost, such as the rows of a damaged group of Parquet.
    """

    path: str
    location: str
    offset: int
    column: int
    message: str
    lines: int = 1


@record(frozen=True, slots=True, kw_only=True)
class SimilarKey:
    """A key that is ignored, but is nearly a known one; once for each key of a part."""

    path: str
    key: str
    nearest: str


@record(frozen=True, slots=True, kw_only=True)
class PartEnd:
    """The last value of a part.

    Attributes:
        lines: Lines that are not empty, broken ones included; of Parquet the rows.
        ignored: Records that are not a request to a model, by kind, such as `{"span": 12}`.
    """

    lines: int
    ignored: Mapping[str, int] = field(default_factory=dict)


# The result of scoring production samples with the assertions of their release.

DEFAULT_BY: tuple[Dimension, ...] = ("prompt", "version", "channel", "day")

UNNAMED = "(without a prompt name)"
"""Stands for the name of a prompt in samples that name none."""

COUNTED_METRICS = ("contracts", "refusals", "errors")
"""Metrics of an alert that are shares of samples, as are the types of assertions."""

OTHER_METRICS = ("refusals", "errors", *VALUE_METRICS)
"""Metrics that don't show whether answers are as they should be."""

BUILT_IN_METRICS = (*COUNTED_METRICS, *VALUE_METRICS)
"""The metrics of an alert that every prompt has."""


@record(frozen=True, slots=True, kw_only=True)
class UnreadableLine:
    """A line of a file of samples that can't be read.

    Attributes:
        place: Where reading failed; its path is as the user wrote it, or a URL.
        message: Why it can't be read.
    """

    place: Place
    message: str


@record(frozen=True, slots=True, kw_only=True)
class SampleCounts:
    """What became of the samples.

    Attributes:
        read: Samples in the files.
        repeated: Those of `read` whose id an earlier sample has; they count nowhere else.
        unselected: Those of `read` whose prompt was not selected.
        sampled: The others, or those of them that `--sample` chose.
        scored: Those of `sampled` that were joined with a prompt.
        unjoined: Samples by the name of a prompt (and version) that was not found: the ten most
            frequent, most frequent first.
        unjoined_samples: All samples that could not be joined.
        by_id_only: Samples of `scored` without release and version; the prompt is that of `--at`.
        altered: Samples of `scored` whose prompt had another digest than the release.
        broken: The first ten lines that can't be read, by file and line.
        broken_lines: All of them.
        lines: Lines of the files that are not empty, broken ones included; rows of Parquet.
        ignored: Records that are not a request to a model, by kind.
        similar_keys: Ignored keys, each with the known key that it nearly is; at most 20.
        text_answers, json_answers: Answers of `scored` by their form, as they were recorded.
        unwrapped_answers: Answers that were taken out of a message or a response of an API.
        without_answer: Samples of `scored` without an error whose answer was not recorded.
        without_cost: Samples of `scored` whose cost is unknown.
    """

    read: int = 0
    repeated: int = 0
    unselected: int = 0
    sampled: int = 0
    scored: int = 0
    unjoined: Mapping[str, int] = field(default_factory=dict)
    unjoined_samples: int = 0
    by_id_only: int = 0
    altered: int = 0
    broken: tuple[UnreadableLine, ...] = ()
    broken_lines: int = 0
    lines: int = 0
    ignored: Mapping[str, int] = field(default_factory=dict)
    similar_keys: Mapping[str, str] = field(default_factory=dict)
    text_answers: int = 0
    json_answers: int = 0
    unwrapped_answers: int = 0
    without_answer: int = 0
    without_cost: int = 0


@record(frozen=True, slots=True, kw_only=True)
class LeftOutAssertion:
    """An assertion that is not checked on samples.

    Attributes:
        prompt: The id of the prompt.
        type: As written, with its `not-`.
        place: Of the assertion at the release.
        why: The reason, as a phrase: "needs `expected`".
    """

    prompt: str
    type: str
    place: Place
    why: str


@record(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert rule, evaluated for one group.

    Attributes:
        metric: The metric of the rule, such as `contracts`.
        by: The group.
        n: Samples that the value is computed from.
        value: Percent for shares and scores, else seconds or USD.
        bound: The value is beyond this with the error probability of the rule: an upper bound for
            `below`, a lower bound for `above`. None if there are too few samples.
        threshold: As written in the rule.
        below: Whether the alert is raised below the threshold; else above it.
        raised: Whether the bound lies beyond the threshold.
        raised_from: The value from which on it would be raised with as many samples; None if it
            can't be raised, or for metrics in seconds and USD.
    """

    metric: str
    by: Mapping[Dimension, str]
    n: int
    value: float
    bound: float | None
    threshold: float
    below: bool
    raised: bool
    raised_from: float | None = None


@record(frozen=True, slots=True, kw_only=True)
class MissingValue:
    """An alert rule that a group has no value for, though another group has one.

    Only of groups with at least ten independent samples.

    Attributes:
        metric: The metric of the rule, such as `contracts`.
        by: The group.
        threshold: The limit, in the unit of the metric.
        below: Whether values below the limit raise it; else values above.
        n: Samples of the group.
        why: Why there is no value, as a phrase: "all samples ended with an error".
    """

    metric: str
    by: Mapping[Dimension, str]
    n: int
    threshold: float
    below: bool
    why: str


@private
@record(frozen=True, slots=True, kw_only=True)
class FailingSample:
    """A sample that violates a contract, or has the lowest scores: a candidate for a case.

    It holds production data; nothing of it is printed.

    Attributes:
        prompt: The id of the prompt.
        inputs: As the application passed them.
        assertions: Those that failed, as written.
        violated: The number of violated contracts.
        score: The lowest score in 10⁻⁹; 10⁹ without a score.
        length: Characters of the answer.
        sample: The SHA-256 of the id of the sample, hexadecimal.
        conversation: The SHA-256 of its conversation, else of its trace, else of its id.
        likeness: The SHA-256 of its inputs without digits and case: equal for samples that are
            alike.
    """

    prompt: str
    inputs: Mapping[str, object]
    assertions: tuple[Mapping[str, object], ...]
    violated: int
    score: int
    length: int
    sample: str
    conversation: str
    likeness: str


@record(frozen=True, slots=True, kw_only=True)
class WrittenCases:
    """The file that `--to-cases` wrote.

    Attributes:
        file: Its path.
        written: The number of cases in it.
        skipped: Samples that needed too many replacements.
    """

    file: str
    written: int
    skipped: int = 0


@output("score")
@record(frozen=True, slots=True, kw_only=True)
class Score:
    """The result of `score`.

    Attributes:
        samples: What became of the samples.
        by: The dimensions of the groups.
        groups: Sorted by their values, in the order of `by`.
        alerts: The raised ones, in the order of the rules, then of the groups.
        quiet: All others.
        idle: Rules that no group has a value for; also rules for some prompts if groups have no
            prompt.
        without_value: Groups that a rule has no value for, in the order of `alerts`; none of the
            rules in `idle`, and none that are optional.
        unwatched: There are alerts, and none of them is about the answers.
        left_out: Assertions that are not checked, by prompt and place.
        failing: Candidates for cases, in the order in which to pick them; empty unless requested.
        cases: None without `--to-cases`.
        pack: The digest of the prompts and evaluations that were used.
        nothing: Why nothing was scored, or "".
        ended: Why judges were not called about all chosen samples, or "".
        failed: Bugs of promptops that kept assertions from being checked.
        judged: The number of samples that judges were called about.
        unanswered: Requests to judges without an answer.
        no_verdict: The number of missing verdicts of judges, by the reason.
        cost_usd: Of the calls to judges.
        nothing_to_judge: Judges were requested, and no scored answer has an assertion with one.
        duration_s: Of the whole run.
    """

    samples: SampleCounts
    by: tuple[Dimension, ...] = DEFAULT_BY
    left_out: tuple[LeftOutAssertion, ...] = ()
    groups: tuple[ScoreGroup, ...] = ()
    alerts: tuple[Alert, ...] = ()
    quiet: tuple[Alert, ...] = ()
    idle: tuple[AlertRule, ...] = ()
    without_value: tuple[MissingValue, ...] = ()
    unwatched: bool = False
    failing: tuple[FailingSample, ...] = hidden(default=())
    cases: WrittenCases | None = None
    pack: str = ""
    nothing: str = ""
    ended: str = ""
    failed: tuple[str, ...] = ()
    judged: int = 0
    unanswered: int = 0
    no_verdict: Mapping[str, int] = field(default_factory=dict)
    cost_usd: float = 0.0
    nothing_to_judge: bool = False
    duration_s: float = hidden(default=0.0)

    @property
    def alerts_without_value(self) -> int:
        """The number of alerts that saw nothing, and may not."""
        return sum(not rule.optional for rule in self.idle) + len(self.without_value)


# What scoring measures in a group of production samples.

Dimension = Literal["prompt", "version", "release", "channel", "model", "day", "hour"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)


@record(frozen=True, slots=True, kw_only=True)
class AssertionRate:
    """How often an assertion holds in a group.

    Attributes:
        type: As written, with its `not-`; `output` for the contract of the output schema.
        place: Of the assertion at the release; of the latest, if it moved between releases.
        must: Whether it is a contract.
        n: Samples that could be checked.
        held: Those of `n` for which it holds.
        unscorable: Samples that could not be checked, not in `n`.
        low, high: The bounds of the 95% interval of `held / n`, as shares; None for n = 0.
    """

    type: str
    place: Place
    must: bool
    n: int
    held: int
    unscorable: int = 0
    low: float | None = None
    high: float | None = None


@record(frozen=True, slots=True, kw_only=True)
class ScoreMean:
    """The mean of a score in a group.

    Attributes:
        name: Of the score.
        n: Samples with this score.
        mean, low, high: Shares, 0 to 1, with the bounds of the 95% interval.
    """

    name: str
    n: int
    mean: float
    low: float
    high: float


@record(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of the samples of a group.

    Attributes:
        n: Samples that count.
        count: Those of `n` for which it is true.
        low, high: The bounds of the 95% interval of `count / n`, as shares; None for n = 0.
    """

    n: int
    count: int
    low: float | None = None
    high: float | None = None

    @property
    def value(self) -> float | None:
        """0 to 1; None for n = 0."""
        return self.count / self.n if self.n else None


@record(frozen=True, slots=True, kw_only=True)
class ResponseTime:
    """Seconds until the answer was complete, from a histogram of 2% steps.

    Attributes:
        n: Samples with a latency.
        p50: The median.
        p95: The 95th percentile.
    """

    n: int
    p50: float
    p95: float


@record(frozen=True, slots=True, kw_only=True)
class AgainstVersion:
    """A version compared with the one before it, on the same channel and days.

    Attributes:
        version: The one before.
        metric: `contracts`, or the primary score.
        difference, low, high: Shares: -.03 is three points less; the bounds of the 95% interval.
        chance: Of such a difference if the versions are equally good, 0 to 1.
        certain: It is a change, even with the chance of all comparisons of the report.
    """

    version: str
    metric: str
    difference: float
    low: float
    high: float
    chance: float
    certain: bool = False


@record(frozen=True, slots=True, kw_only=True)
class ScoreGroup:
    """The samples with the same value of each dimension.

    Attributes:
        by: The value of each dimension; "" if the samples have none.
        n: Samples, including those with an error in place of an answer.
        effective: The number of independent samples that are as informative; at most `n`.
        contracts: `n` are the samples with an answer and a contract that could be checked, `count`
            those that keep all contracts.
        assertions: By the place of the assertion.
        scores: By name.
        refusals: Answers that refuse the request; `n` are the samples with an answer.
        errors: Samples with an error in place of an answer.
        tokens: Means; None without usage.
        priced: Samples with a known cost.
        cost_usd: Of the priced samples, their sum; None without any.
        cost_usd_1000: Of 1,000 requests; None without a priced sample.
        budget_usd_1000: The `budget.cost_usd` of the prompt, for 1,000 requests; None without a
            budget, and for a group with samples of several prompts.
        latency_s: None without a latency.
        against: None without an earlier version.
        few_conversations: Few conversations make up the contracts, or without contracts the primary
            score, so that the interval is wide.
    """

    by: Mapping[Dimension, str]
    n: int
    effective: float
    contracts: Share
    assertions: tuple[AssertionRate, ...] = ()
    scores: tuple[ScoreMean, ...] = ()
    refusals: Share
    errors: Share
    tokens: TokenMeans | None = None
    priced: int = 0
    cost_usd: float | None = None
    cost_usd_1000: float | None = None
    budget_usd_1000: float | None = None
    latency_s: ResponseTime | None = None
    against: AgainstVersion | None = None
    few_conversations: bool = False
