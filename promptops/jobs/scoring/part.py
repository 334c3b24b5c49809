"""Score the samples of one part: a pure function of the part and the pack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from promptops.evals.refusals import refusal_in
from promptops.jobs.scoring.buckets import bucket_of
from promptops.jobs.scoring.events import EventLines
from promptops.jobs.scoring.hashes import HASH_RANGE, hash_of
from promptops.jobs.scoring.histogram import step_of
from promptops.jobs.scoring.joining import Joined, Joining, joining_of, unjoined_name
from promptops.jobs.scoring.pack import Pack, PartSettings
from promptops.jobs.scoring.prepared import Outcome, Prepared, PreparedAssertion, answer_of
from promptops.jobs.scoring.scored import ScoredSample, checked_assertions
from promptops.jobs.scoring.sums import BILLION, SCORE, GroupSums, Partial
from promptops.model.answer import Answer
from promptops.model.sample import BrokenLine, Part, PartEnd, Sample, SimilarKey
from promptops.model.score_group import Dimension

_MOST_USD = 1_000.0
"""A request that costs more is a mistake of the log; sums of billionths must fit into 64 bits."""


def score_part(part: Part, pack: Pack) -> Partial:
    """The sums over the samples of a part; the same in every process.

    Raises InputError if the file can't be read, and UsageError for too many groups.
    """
    from promptops.source.traffic.samples import samples

    partial = score_samples(samples(part, pack.settings.fields), pack)
    partial.part = part
    return partial


def score_samples(
    values: Iterable[Sample | BrokenLine | SimilarKey | PartEnd], pack: Pack
) -> Partial:
    """The sums over samples, and over what else a reader yields."""
    scoring = _Scoring(joining_of(pack), pack.settings)
    partial = scoring.partial
    for value in values:
        if isinstance(value, Sample):
            scoring.add(value)
        elif isinstance(value, BrokenLine):
            partial.add_broken(value)
        elif isinstance(value, SimilarKey):
            partial.add_similar_key(value.key, value.nearest)
        else:
            partial.counts.lines += value.lines
            partial.counts.ignored.update(value.ignored)
    partial.check_cells()
    partial.bugs = {bug for prompt in scoring.joining.prepared for bug in prompt.bugs}
    partial.events = scoring.events()
    return partial


class _Scoring:
    def __init__(self, joining: Joining, settings: PartSettings) -> None:
        self.joining = joining
        self.partial = Partial(settings.by, settings.failures, settings.judge)
        self._settings = settings
        self._key = group_key(settings.by)
        self._below = round(settings.share * HASH_RANGE)
        self._events = EventLines(settings.content) if settings.events else None

    def add(self, sample: Sample) -> None:
        counts = self.partial.counts
        counts.read += 1
        if not self.joining.is_selected(sample):
            counts.unselected += 1
            return
        if self._settings.share < 1 and hash_of(f"sample {sample.id}") >= self._below:
            return
        counts.sampled += 1
        joined = self.joining.join(sample)
        if joined is None:
            self.partial.unjoined.add(unjoined_name(sample))
            return
        counts.scored += 1
        self.partial.prompts.add(joined.prompt.id)
        counts.by_id_only += joined.by_id_only
        counts.altered += bool(
            sample.prompt_digest and sample.prompt_digest != joined.prompt.digest
        )
        self._score(sample, joined)

    def events(self) -> bytes:
        """The compressed lines of all events; empty if none are wanted."""
        return self._events.finish() if self._events is not None else b""

    def _score(self, sample: Sample, joined: Joined) -> None:
        key = self._key(sample, joined)
        group = self.partial.group(key)
        bucket = bucket_of(sample)
        answer = answer_of(sample)
        group.add("requests", bucket, 0)
        group.add("errors", bucket, bool(sample.error))
        self._add_facts(group, bucket, sample, joined.prompt)
        if answer is None:
            self.partial.counts.without_answer += not sample.error
        else:
            self._check(group, bucket, sample, joined, answer)
            if self._settings.judge and joined.prompt.judged:
                self.partial.judgeable.add(key, sample)

    def _add_facts(self, group: GroupSums, bucket: int, sample: Sample, prompt: Prepared) -> None:
        usage = sample.usage
        if usage is not None:
            group.add_tokens(usage.input, usage.output)
        cost = prompt.cost_usd(sample)
        if cost is None or not 0 <= cost <= _MOST_USD:
            self.partial.counts.without_cost += 1
        else:
            group.add("cost", bucket, round(cost * BILLION))
        if sample.latency_s is not None:
            group.add_step(step_of(sample.latency_s))

    def _check(
        self, group: GroupSums, bucket: int, sample: Sample, joined: Joined, answer: Answer
    ) -> None:
        prompt = joined.prompt
        outcomes = prompt.check(sample, answer)
        scores = scores_of(prompt.assertions, outcomes)
        group.add("refusals", bucket, _refuses(answer))
        _add_outcomes(group, bucket, prompt.assertions, outcomes)
        for name, score in scores.items():
            group.add(f"{SCORE}{name}", bucket, score)
        failed = self._settings.failures and any(passed is False for passed, _ in outcomes)
        if failed or self._events is not None:
            self._pass_on(sample, answer, prompt, outcomes, scores)

    def _pass_on(
        self,
        sample: Sample,
        answer: Answer,
        prompt: Prepared,
        outcomes: list[Outcome],
        scores: Mapping[str, int],
    ) -> None:
        """Keep a sample for cases if it fails, and write its events."""
        reasons = prompt.reasons(sample, answer, outcomes) if self._settings.content else []
        scored = ScoredSample(
            sample=sample,
            prompt=prompt.id,
            inputs=prompt.inputs(sample),
            results=checked_assertions(prompt.assertions, outcomes, reasons),
            scores={name: score / BILLION for name, score in scores.items()},
        )
        self.partial.failures.add(scored)
        if self._events is not None:
            self._events.add(scored)


def _add_outcomes(
    group: GroupSums,
    bucket: int,
    assertions: tuple[PreparedAssertion, ...],
    outcomes: list[Outcome],
) -> None:
    """Count each assertion, and whether all contracts hold that could be checked."""
    kept: bool | None = None
    for assertion, (passed, _) in zip(assertions, outcomes, strict=True):
        if passed is None:
            group.add_unscorable(assertion.number)
            continue
        group.add(assertion.number, bucket, passed)
        if assertion.must:
            kept = passed and kept is not False
    if kept is not None:
        group.add("contracts", bucket, kept)


def scores_of(assertions: tuple[PreparedAssertion, ...], outcomes: list[Outcome]) -> dict[str, int]:
    """Each score of an answer in billionths: the mean of its measures by weight.

    As `judge_answer.scores`: a measure that can't be checked because of the answer counts 0.
    """
    sums: dict[str, tuple[float, float]] = {}
    for assertion, (_, degree) in zip(assertions, outcomes, strict=True):
        if assertion.score is not None and degree is not None:
            total, weight = sums.get(assertion.score, (0.0, 0.0))
            sums[assertion.score] = (
                total + assertion.weight * degree,
                weight + assertion.weight,
            )
    return {
        name: min(max(round(total / weight * BILLION), 0), BILLION)
        for name, (total, weight) in sums.items()
    }


def _refuses(answer: Answer) -> bool:
    return answer.finish_reason == "content_filter" or refusal_in(answer.text) >= 0


# The group of a sample.

_ValueOf = Callable[[Sample, Joined], str]


def group_key(by: tuple[Dimension, ...]) -> Callable[[Sample, Joined], tuple[str, ...]]:
    """A function that returns the values of the dimensions; "" for an unknown one."""
    values = tuple(_VALUES[name] for name in by)
    return lambda sample, joined: tuple([value(sample, joined) for value in values])


def _day(sample: Sample, _: Joined) -> str:
    return "" if sample.at is None else _written(int(sample.at // 86_400) * 86_400)[:10]


def _hour(sample: Sample, _: Joined) -> str:
    return "" if sample.at is None else _written(int(sample.at // 3_600) * 3_600)


@lru_cache(maxsize=4_096)
def _written(seconds: int) -> str:
    """`2026-11-27T14`, in UTC; "" for a time that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H")
    except (ValueError, OverflowError, OSError):
        return ""


_VALUES: dict[Dimension, _ValueOf] = {
    "prompt": lambda _, joined: joined.prompt.id,
    "version": lambda _, joined: joined.version,
    "release": lambda _, joined: joined.release,
    "channel": lambda sample, _: sample.channel,
    "model": lambda sample, _: sample.model,
    "day": _day,
    "hour": _hour,
}
