"""Score samples of production with the assertions of their release."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from time import monotonic

from promptops.evals.left_out import CALLS
from promptops.evals.providers.endpoint import refuse_untrusted
from promptops.jobs.scoring.alerts import alerts_of, check_rules, idle_rules, metric_names
from promptops.jobs.scoring.engines.registry import Engine, engine_named
from promptops.jobs.scoring.events import event_lines
from promptops.jobs.scoring.finishing import PackFacts, finished_groups
from promptops.jobs.scoring.joining import Joining, joining_of
from promptops.jobs.scoring.judging import JudgeCalls, add_judgements
from promptops.jobs.scoring.options import ScoreOptions
from promptops.jobs.scoring.pack import Pack, PartSettings
from promptops.jobs.scoring.packing import pack_of
from promptops.jobs.scoring.sums import Partial
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.sample import BrokenLine, Part
from promptops.model.score import LeftOutAssertion, SampleCounts, Score, UnreadableLine
from promptops.records import replace

MOST_UNJOINED = 10


def score(workspace: Workspace, options: ScoreOptions) -> Score:
    """The groups of all samples, and the alerts; the same bytes for every engine.

    Raises:
        UsageError: An unknown engine, metric or prompt; too many groups; judges for an untrusted
            change.
        InputError: A file can't be read.
        GitError: There is no revision `options.at`.
    """
    began = monotonic()
    if options.judge:
        refuse_untrusted(hint="score without judges: --judge 0")
    engine = engine_named(options.engine)
    packed = pack_of(workspace, options.at, options.prompts, _settings(options))
    facts = _facts(joining_of(packed.pack))
    scores = {each.score for each in facts.assertions.values() if each.score}
    check_rules(workspace.catalog, options.alerts, metric_names(facts, scores))
    whole, counts = _added_up(engine, packed.pack, options)
    judged = JudgeCalls()
    if options.judge:
        judged = add_judgements(workspace, whole, joining_of(packed.pack), options.run)
    return replace(
        _result(whole, facts, options),
        samples=counts,
        left_out=tuple(_left_out(packed.left_out, whole, options)),
        pack=packed.pack.digest,
        nothing=_nothing(counts, options),
        ended=judged.ended,
        judged=judged.judged,
        unanswered=judged.unanswered,
        no_verdict=judged.no_verdict,
        cost_usd=judged.cost_usd,
        nothing_to_judge=bool(options.judge and counts.scored)
        and not any(whole.judgeable.chosen()),
        duration_s=monotonic() - began,
    )


def _added_up(engine: Engine, pack: Pack, options: ScoreOptions) -> tuple[Partial, SampleCounts]:
    """The sums over all files; events are passed on as soon as they are known."""
    from promptops.source.traffic.files import opened
    from promptops.source.traffic.parts import parts

    whole = Partial(options.by, options.failures, options.judge)
    with opened(options.paths) as files:
        ordered = _PartOrder(parts(files, options.format), options)
        for partial in engine(ordered, pack, options):
            ordered.pass_on(partial)
            whole.add_all(partial)
            options.on_samples(whole.counts.read)
        return whole, _counts(whole)


def _result(whole: Partial, facts: PackFacts, options: ScoreOptions) -> Score:
    """What follows from the sums alone."""
    raised, quiet = alerts_of(options.alerts, whole, facts)
    return Score(
        samples=SampleCounts(),
        by=options.by,
        groups=finished_groups(whole, facts),
        alerts=raised,
        quiet=quiet,
        idle=idle_rules(options.alerts, whole, facts),
        failing=whole.failures.first,
        failed=tuple(sorted(map(str, whole.bugs))),
    )


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


def _settings(options: ScoreOptions) -> PartSettings:
    return PartSettings(
        fields=options.fields,
        by=options.by,
        share=options.share,
        judge=options.judge,
        failures=options.failures,
        events=options.events,
        content=options.content,
    )


def _left_out(
    known: Iterable[LeftOutAssertion], whole: Partial, options: ScoreOptions
) -> Iterator[LeftOutAssertion]:
    """The assertions of scored prompts that were not checked."""
    for each in known:
        if each.prompt in whole.prompts and not (options.judge and each.why in CALLS):
            yield each


def _facts(joining: Joining) -> PackFacts:
    return PackFacts(
        assertions=joining.facts(),
        primary=joining.primary_scores(),
        budgets=joining.budgets(),
    )


def _counts(whole: Partial) -> SampleCounts:
    counts = whole.counts
    return SampleCounts(
        read=counts.read,
        unselected=counts.unselected,
        sampled=counts.sampled,
        scored=counts.scored,
        unjoined=whole.unjoined.most_frequent(MOST_UNJOINED),
        unjoined_samples=whole.unjoined.total,
        by_id_only=counts.by_id_only,
        altered=counts.altered,
        broken=tuple(map(_broken, whole.broken)),
        broken_lines=counts.broken_lines,
        lines=counts.lines,
        ignored=dict(sorted(counts.ignored.items())),
        similar_keys=dict(sorted(whole.similar_keys.items())),
        without_answer=counts.without_answer,
        without_cost=counts.without_cost,
    )


def _broken(line: BrokenLine) -> UnreadableLine:
    from promptops.source.traffic.places import line_at

    return UnreadableLine(
        path=line.path,
        line=line_at(line.location, line.offset),
        column=line.column,
        message=line.message,
    )


def _nothing(counts: SampleCounts, options: ScoreOptions) -> str:
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
