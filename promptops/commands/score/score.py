"""Score samples of production with the assertions of their release."""

from __future__ import annotations

import json
from array import array
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from time import monotonic

from promptops.commands.score.engines import ENGINES, Engine
from promptops.commands.score.events import event_lines
from promptops.commands.score.finishing import (
    check_rules,
    finished_groups,
    watch,
)
from promptops.commands.score.options import ScoreOptions
from promptops.commands.score.packing import pack_of
from promptops.commands.score.part import (
    Joining,
    Pack,
    PackFacts,
    PartSettings,
    Prepared,
    answer_of,
    joining_of,
)
from promptops.commands.score.picked_samples import without_repeated
from promptops.commands.score.sums import (
    BILLION,
    SCORE_PREFIX,
    GroupKey,
    GroupSums,
    Partial,
    bucket_of,
)
from promptops.evals.alert_metrics import CALLS
from promptops.evals.providers.endpoint import refuse_untrusted
from promptops.evals.result import Judgement
from promptops.model.answer import Answer
from promptops.model.place import Place
from promptops.model.prompt import Case
from promptops.model.score import BrokenLine, Part, Sample, SampleCounts, Score, UnreadableLine
from promptops.patterns import lazy_pattern
from promptops.records import field, fields, record, replace
from promptops.source.traffic.files import opened
from promptops.source.traffic.parts import line_at, parts
from promptops.testing.answering import Answering, not_requested
from promptops.testing.judging import AnswerJudge
from promptops.testing.model_calls import within_budget
from promptops.testing.options import RunOptions, model_calls
from promptops.testing.plan import PlannedCase
from promptops.testing.recordings.store import Store
from promptops.workspace.workspace import Workspace

MOST_UNJOINED = 10


def score(workspace: Workspace, options: ScoreOptions) -> Score:
    """The groups of all samples, and the alerts; the same bytes for every engine.

    Raises:
        UsageError: An unknown metric or prompt; too many groups; judges for an untrusted
            change.
        InputError: A file can't be read.
        GitError: There is no revision `options.at`.
    """
    began = monotonic()
    if options.judge:
        refuse_untrusted(hint="score without judges: --judge 0")
    engine = ENGINES[options.engine]
    packed = pack_of(workspace, options.at, options.prompts, _part_settings(options))
    facts = joining_of(packed.pack).facts()
    check_rules(workspace.catalog, options.alerts, facts)
    whole, counts = _added_up(engine, packed.pack, options)
    judged = JudgeCalls()
    if options.judge:
        judged = add_judgements(workspace, whole, joining_of(packed.pack), options.run)
    return replace(
        _result(whole, facts, options),
        samples=counts,
        left_out=tuple(
            each
            for each in packed.left_out
            if each.prompt in whole.prompts and not (options.judge and each.why in CALLS)
        ),
        pack=packed.pack.digest,
        nothing=_why_nothing(counts, options),
        ended=judged.ended,
        judged=judged.judged,
        unanswered=judged.unanswered,
        no_verdict=judged.no_verdict,
        cost_usd=judged.cost_usd,
        nothing_to_judge=bool(options.judge and counts.scored)
        and not any(whole.judgeable.chosen()),
        duration_s=monotonic() - began,
    )


def _part_settings(options: ScoreOptions) -> PartSettings:
    return PartSettings(
        fields=options.fields,
        by=options.by,
        share=options.share,
        judge=options.judge,
        failures=options.failures,
        events=options.events,
        content=options.content,
    )


def _added_up(engine: Engine, pack: Pack, options: ScoreOptions) -> tuple[Partial, SampleCounts]:
    """The sums over all files; events are passed on as soon as they are known."""
    whole = Partial(options.by, options.failures, options.judge)
    with opened(options.paths) as files:
        found = tuple(parts(files, options.format))
        ids = _ids(engine, found, pack, options)
        ordered = _PartOrder(without_repeated(found, ids), options)
        for partial in engine(ordered, pack, options):
            ordered.pass_on(partial)
            whole.add_all(partial)
            options.on_samples(whole.counts.read)
        return whole, _sample_counts(whole)


def _ids(
    engine: Engine, parts: Iterable[Part], pack: Pack, options: ScoreOptions
) -> Iterator[tuple[Part, array[int]]]:
    """The ids of the samples of each part, in any order."""
    only_ids = replace(pack, settings=replace(pack.settings, only_ids=True))
    for partial in engine(parts, only_ids, options):
        assert partial.part is not None
        yield partial.part, partial.ids


class _PartOrder:
    """Passes on the events of parts in the order of the parts, however they were scored."""

    def __init__(self, parts: Iterable[Part], options: ScoreOptions) -> None:
        self._parts = parts
        self._options = options
        self._waiting: deque[Part] = deque()
        self._events: dict[Part, list[bytes]] = {}  # a file may be named twice

    def __iter__(self) -> Iterator[Part]:
        for part in self._parts:
            self._waiting.append(part)
            yield part

    def pass_on(self, partial: Partial) -> None:
        """Pass on the events of a part, and of those that waited for it."""
        if not self._options.events or partial.part is None:
            return
        self._events.setdefault(partial.part, []).append(partial.events)
        while self._waiting and self._events.get(self._waiting[0]):
            for lines in event_lines(self._events[self._waiting.popleft()].pop()):
                self._options.on_events(lines)


def _sample_counts(whole: Partial) -> SampleCounts:
    counts = {each.name: getattr(whole.counts, each.name) for each in fields(whole.counts)}
    return SampleCounts(
        **{**counts, "ignored": dict(sorted(whole.counts.ignored.items()))},
        unjoined=whole.unjoined.most_frequent(MOST_UNJOINED),
        unjoined_samples=whole.unjoined.total,
        broken=tuple(map(_unreadable_line, whole.broken)),
        similar_keys=dict(sorted(whole.similar_keys.items())),
    )


def _unreadable_line(line: BrokenLine) -> UnreadableLine:
    number = line_at(line.location, line.offset)
    place = Place(line.path, number, line.column, number, line.column)
    return UnreadableLine(place=place, message=line.message)


def _result(whole: Partial, facts: PackFacts, options: ScoreOptions) -> Score:
    """What follows from the sums alone."""
    watched = watch(options.alerts, whole, facts)
    return Score(
        samples=SampleCounts(),
        by=options.by,
        groups=finished_groups(whole, facts),
        alerts=watched.raised,
        quiet=watched.quiet,
        idle=watched.idle,
        without_value=watched.without_value,
        unwatched=watched.unwatched,
        failing=whole.failures.first,
        failed=tuple(sorted(map(str, whole.bugs))),
    )


def _why_nothing(counts: SampleCounts, options: ScoreOptions) -> str:
    """Why nothing was scored, or ""."""
    if counts.scored:
        return ""
    if not counts.read:
        return "the files contain no samples"
    if counts.unselected == counts.read:
        return f"no sample is of a prompt that matches {', '.join(options.prompts)}"
    if not counts.sampled:
        return "the share of samples to score contains none of them"
    return "no sample names a prompt, and a release or version of it, that this repository has"


# Call judges about some samples, and add their verdicts to the groups.

_CASE_NAME_DIGITS = 12


@record(frozen=True, slots=True, kw_only=True)
class JudgeCalls:
    """What the calls to judges were.

    Attributes:
        judged: The number of samples with at least one verdict.
        ended: Why judges were not called about all samples, or "".
        no_verdict: The number of missing verdicts, by the reason; not those that `ended` explains.
    """

    judged: int = 0
    ended: str = ""
    cost_usd: float = 0.0
    unanswered: int = 0
    no_verdict: Mapping[str, int] = field(default_factory=dict)


def add_judgements(
    workspace: Workspace, whole: Partial, joining: Joining, options: RunOptions
) -> JudgeCalls:
    """Add the verdicts of judges on the chosen samples to the sums.

    Judges are the prompts, and their models the profiles, of the workspace. Replies are not stored,
    because they may quote samples. Raises UsageError for an endpoint that is not approved.
    """
    found = [
        each for each in _judgeable_answers(whole, joining) if each.planned.request is not None
    ]
    settings = within_budget(options.settings, workspace.config.test.budget, options.event)
    live = replace(options, mode="live", settings=settings)
    calls = model_calls(workspace.repository, live)
    answering = Answering(workspace.catalog, Store(workspace.catalog), "live", calls=calls)
    judge = AnswerJudge(workspace.catalog, answering, runs_code=False)
    verdicts = judge.judge([(each.planned, each.answer) for each in found]) if found else []
    judged = 0
    for each, judgements in zip(found, verdicts, strict=True):
        judged += _add_verdicts(whole.groups[each.key], each, judgements)
    return JudgeCalls(
        judged=judged,
        ended=calls.ended,
        cost_usd=calls.cost_usd,
        unanswered=calls.unanswered,
        no_verdict=_missing_verdicts(verdicts, calls.ended),
    )


@record(frozen=True, slots=True, kw_only=True)
class _JudgeableAnswer:
    key: GroupKey
    sample: Sample
    prompt: Prepared
    planned: PlannedCase
    answer: Answer


def _judgeable_answers(whole: Partial, joining: Joining) -> Iterable[_JudgeableAnswer]:
    for key, digest, sample in whole.judgeable.chosen():
        joined, answer = joining.join(sample), answer_of(sample)
        if joined is not None and answer is not None:
            yield _JudgeableAnswer(
                key=key,
                sample=sample,
                prompt=joined.prompt,
                planned=_planned_case(joined.prompt, sample, digest),
                answer=answer,
            )


def _planned_case(prompt: Prepared, sample: Sample, digest: str) -> PlannedCase:
    """A sample as the case of its prompt, with the judged assertions alone."""
    request = prompt.request(sample)
    case = Case(
        name=f"sample {digest[:_CASE_NAME_DIGITS]}",
        inputs=prompt.inputs(sample) or {},
        at="",
        locate=lambda _pointer, _key, within=None: Place(prompt.path),
        output=tuple(json.loads(each.written) for each in prompt.judged),
    )
    return PlannedCase(
        prompt=prompt.for_judges,
        case=case,
        place=Place(prompt.path),
        request=request if request.messages else None,
        needs_answer=True,
    )


def _add_verdicts(
    group: GroupSums, each: _JudgeableAnswer, judgements: Sequence[Judgement]
) -> bool:
    """Add the verdicts on a sample; whether there is any."""
    bucket = bucket_of(each.sample)
    own_scores = {known.score for known in each.prompt.assertions}
    any_verdict = False
    for assertion, judgement in zip(each.prompt.judged, judgements, strict=True):
        if judgement.status not in ("passed", "failed"):
            group.unscorable[assertion.number] += 1
            continue
        any_verdict = True
        group.add(assertion.number, bucket, judgement.passed)
        # Only to a score that judges alone measure: the mean of the others is over all samples.
        if assertion.score is not None and assertion.score not in own_scores:
            degree = judgement.degree or 0.0
            group.add(f"{SCORE_PREFIX}{assertion.score}", bucket, round(degree * BILLION))
    return any_verdict


def _missing_verdicts(verdicts: Iterable[Sequence[Judgement]], ended: str) -> dict[str, int]:
    """The missing verdicts by reason; not those whose requests were not sent because of `ended`."""
    reasons = Counter(
        reason_without_content(each.reason)
        for judgements in verdicts
        for each in judgements
        if each.status == "error" and each.degree is None and each.lack != "recording"
        if not (ended and not_requested(ended) in each.reason)
    )
    return dict(sorted(reasons.items()))


# Why a judge gave no verdict, without text that may quote a sample.

_NO_ANSWER = lazy_pattern(
    r"(?s)(?P<who>the [^\n]*?) gave no answer: (?P<why>(?:`[^`]*` \([^()]*\): )?(?:"
    r"it can't be called: (?:write `|there is no |it has no model).*"
    r"|the server answered with status \d+"
    r"|connection refused.*|the host is not found|the connection (?:failed|timed out)"
    r"|the server closed the connection|the stream ended[^:]*))?"
)


def reason_without_content(reason: str) -> str:
    """The part of a reason that promptops wrote: a server or a judge may quote the sample."""
    found = _NO_ANSWER.match(reason)
    if found is None:
        return "the reply can't be used"
    why = found["why"] or "the reply can't be used"
    return f"{found['who']} gave no answer: {why}"
