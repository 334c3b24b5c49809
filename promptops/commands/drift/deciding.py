"""Whether a release has drifted, by how much, and what has caused it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from statistics import fmean, variance

from promptops.catalog.catalog import Catalog
from promptops.commands.drift.asking import (
    NightAnswers,
    PromptAnswers,
    answers_keeping_contracts,
    digest_of,
    recorded_answers,
    values_by_case,
)
from promptops.evals.case_assertions import assertions_of
from promptops.evals.deciding.drift import (
    AS_OFTEN_Z,
    CHARTS,
    CONFIRMATION_NIGHTS,
    EWMA_LIMIT,
    FRESH_ANSWERS,
    MOST_CONFIRMATIONS,
    SAMENESS_Z,
    JudgeChange,
    NightSample,
    chart,
    confirming_z,
    equal_answers,
    first_night_since_accepted,
    is_learned,
    judge_change,
    last_night_needs_fresh,
    last_point,
    may_confirm,
    pooled_chart,
    rounded_fresh_z,
    sameness_z,
    share_sample,
    signals,
    verdict_on,
    worst_verdict,
)
from promptops.evals.deciding.intervals import latency_of
from promptops.evals.parse import parse
from promptops.model.answer import Answer
from promptops.model.night import (
    ChartName,
    Confirmed,
    DriftBlame,
    Night,
    NightJudge,
    ProfileDrift,
)
from promptops.model.test_run import Worse
from promptops.plurals import counted, some
from promptops.records import field, record, replace
from promptops.testing.answering import Answering
from promptops.testing.judging import AnswerJudge, JudgedAnswer, cost_usd, judge_agreements
from promptops.testing.plan import CaseKey, PlannedCase, plan_cases
from promptops.testing.recordings.store import Store
from promptops.workspace.profiles import model_profile
from promptops.workspace.workspace import Workspace

_INCOMPLETE = "not every case has its answers"
_FRESH_ANSWERS_MISSING = "not confirmed: some of the fresh answers are missing"
_NO_MORE_FRESH_ANSWERS = (
    f"not confirmed: there were fresh answers on {MOST_CONFIRMATIONS}"
    f" of the last {CONFIRMATION_NIGHTS} nights, and no more are requested"
)

Histories = Mapping[str, Sequence[Night]]


@record(slots=True, kw_only=True)
class NightDecisions:
    """Decides one night.

    Attributes:
        histories: The nights of each prompt; once decided, tonight's is the last.
    """

    answers: NightAnswers
    histories: dict[str, list[Night]]
    _found: dict[str, PromptAnswers] = field(init=False)
    _fresh: dict[str, PromptAnswers] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._found = {each.prompt.id: each for each in self.answers.by_prompt}

    def decide(self, tonight: Iterable[Night]) -> None:
        """Add tonight's nights with their verdicts; requests fresh answers after signals."""
        complete = []
        for night in tonight:
            history = self.histories.setdefault(night.prompt, [])
            history.append(self._begun(night, history))
            if history[-1].verdict != "incomplete":
                complete.append(night.prompt)
        self._conclude({prompt: self._signals(prompt) for prompt in complete})
        self._conclude(self._pooled_signals())

    def profiles(self) -> Iterator[ProfileDrift]:
        """The pooled charts of profiles with at least two prompts."""
        for profile, histories in by_profile(self.tonight).items():
            if len(histories) > 1:
                pooled = pooled_chart(histories)
                yield ProfileDrift(
                    profile=profile,
                    prompts=tuple(sorted(histories)),
                    ewma=pooled.ewma,
                    limit=EWMA_LIMIT,
                    verdict=pooled.verdict,
                )

    @property
    def tonight(self) -> Histories:
        """The histories of the prompts that were answered tonight."""
        return {p: self.histories[p] for p in self._found if self.histories.get(p)}

    def _begun(self, night: Night, before: Sequence[Night]) -> Night:
        """A night before fresh answers."""
        if not self._found[night.prompt].complete:
            return replace(night, verdict="incomplete", reason=_INCOMPLETE)
        return replace(night, verdict="steady" if is_learned(before) else "learning")

    def _signals(self, prompt: str) -> list[ChartName]:
        """The charts on which tonight needs fresh answers."""
        return [name for name in CHARTS if last_night_needs_fresh(self.histories[prompt], name)]

    def _pooled_signals(self) -> Mapping[str, Sequence[ChartName]]:
        """The prompts of profiles whose pooled chart needs fresh answers of all of them.

        If one of them can't have any, none is asked: the pooled chart needs those of all.
        """
        found: dict[str, Sequence[ChartName]] = {}
        for histories in by_profile(self.tonight).values():
            if len(histories) > 1 and pooled_chart(histories).needs_fresh:
                learned = [prompt for prompt, history in histories.items() if _has_z(history)]
                if all(map(self._may_confirm, learned)):
                    found |= dict.fromkeys(learned, ("score",))
        return found

    def _may_confirm(self, prompt: str) -> bool:
        return prompt in self._fresh or may_confirm(self.histories[prompt][:-1])

    def _conclude(self, wanted: Mapping[str, Sequence[ChartName]]) -> None:
        """Request fresh answers where charts need them, and conclude these nights."""
        missing = [
            self._found[prompt]
            for prompt, names in wanted.items()
            if names and prompt not in self._fresh and self._may_confirm(prompt)
        ]
        if missing:
            self._fresh |= {e.prompt.id: e for e in self.answers.fresh(missing, FRESH_ANSWERS)}
        for prompt, names in wanted.items():
            history = self.histories[prompt]
            if names and prompt in self._fresh:
                history[-1] = self._confirmed(history, names, self._fresh[prompt])
            history[-1] = _concluded(history)

    def _confirmed(
        self, history: Sequence[Night], names: Sequence[ChartName], fresh: PromptAnswers
    ) -> Night:
        """Tonight with the z of its fresh answers on these charts."""
        night = history[-1]
        zs = _known_zs(night)
        for name in names:
            sample = sample_on(fresh, name, night.score) if fresh.complete else None
            zs[name] = confirming_z(history, name, sample)
        return replace(night, confirmed=rounded_fresh_z(zs.get("score"), zs.get("contracts")))


def _concluded(history: Sequence[Night]) -> Night:
    """Tonight with its verdict."""
    night = history[-1]
    verdict = worst_verdict([verdict_on(history, name) for name in CHARTS])
    reason = ""
    if verdict == "suspect" and not may_confirm(history[:-1]):
        reason = _NO_MORE_FRESH_ANSWERS
    elif verdict == "suspect" and night.confirmed == Confirmed():
        reason = _FRESH_ANSWERS_MISSING
    return replace(night, verdict=verdict, reason=reason)


def by_profile(histories: Histories) -> Mapping[str, dict[str, Sequence[Night]]]:
    """The nights of prompts, by the profile of their last night."""
    found: dict[str, dict[str, Sequence[Night]]] = {}
    for prompt, history in histories.items():
        if history:
            found.setdefault(history[-1].profile, {})[prompt] = history
    return found


def _has_z(history: Sequence[Night]) -> bool:
    point = last_point(chart(history, "score"), history)
    return point is not None and point.z is not None


def _known_zs(night: Night) -> dict[ChartName, float | None]:
    if night.confirmed is None:
        return {}
    return {"score": night.confirmed.score, "contracts": night.confirmed.contracts}


# A night as one line: what the answers to a prompt's cases measure.

_WORST_SHOWN = 5


def night_of(found: PromptAnswers, answers: NightAnswers, at: str, release: str) -> Night:
    """The night of a prompt, before anything is decided; its verdict is `learning`."""
    score, catalog = found.score, answers.catalog
    sample = score_sample(found, score)
    kept, of = answers_keeping_contracts(found.answers)
    profile = model_profile(catalog, found.prompt.model)
    named = {each.planned.case.name for each in found.answers}
    return Night(
        at=at,
        release=release,
        prompt=found.prompt.id,
        digest=digest_of(catalog, found.prompt, found.cases),
        score=score,
        n=len(values_by_case(found.answers, score)) if score is not None else len(named),
        k=found.repeats,
        mean=round(sample.mean, 4) if sample is not None else None,
        within=round(sample.within, 6) if sample is not None else None,
        kept=kept,
        of=of,
        same=_share_of_equal(found, answers),
        models=tuple(sorted({each.answer.model for each in found.answers})),
        fingerprints=tuple(sorted({e.answer.fingerprint or "" for e in found.answers} - {""})),
        profile=profile.name if profile is not None else "",
        tokens=_mean_tokens(found.answers),
        latency_s=_latency_quantiles(found.answers),
        cost_usd=_cost_usd(catalog, found.answers),
        judge=_first_judge(found, answers),
        verdict="learning",
    )


def score_sample(found: PromptAnswers, score: str | None) -> NightSample | None:
    """The answers on the chart of a score; None without a score."""
    values = values_by_case(found.answers, score) if score is not None else {}
    if not values:
        return None
    return NightSample(
        mean=fmean(fmean(own) for own in values.values()),
        within=fmean(variance(own) if len(own) > 1 else 0.0 for own in values.values()),
        size=sum(map(len, values.values())),
    )


def sample_on(found: PromptAnswers, name: ChartName, score: str | None) -> NightSample | None:
    """The answers on a chart; None if they are not on it."""
    if name == "score":
        return score_sample(found, score)
    kept, of = answers_keeping_contracts(found.answers)
    return share_sample(kept, of) if of else None


def worst_cases(
    found: PromptAnswers, recorded: Sequence[JudgedAnswer], score: str | None
) -> tuple[Worse, ...]:
    """The cases that lost most against their recorded answers, worst first."""
    before, after = values_by_case(recorded, score), values_by_case(found.answers, score)
    was, now = _lowest(recorded, score), _lowest(found.answers, score)
    worse = [
        Worse(
            name=name,
            before=fmean(before[name]),
            after=fmean(after[name]),
            before_answer=was[name].answer,
            after_answer=now[name].answer,
        )
        for name in before
        if name in after and fmean(after[name]) < fmean(before[name])
    ]
    return tuple(
        sorted(worse, key=lambda each: (each.after - each.before, each.name))[:_WORST_SHOWN]
    )


def _lowest(answers: Sequence[JudgedAnswer], score: str | None) -> Mapping[str, JudgedAnswer]:
    """One answer of each case: the first of those with the lowest value."""
    found: dict[str, tuple[float, JudgedAnswer]] = {}
    for judged in answers:
        name = judged.planned.case.name
        value = values_by_case([judged], score).get(name, [2.0])[0]
        if name not in found or value < found[name][0]:
            found[name] = value, judged
    return {name: judged for name, (_, judged) in found.items()}


def _share_of_equal(found: PromptAnswers, answers: NightAnswers) -> float | None:
    """The share of answers that are equal to a recorded one byte for byte."""
    recorded: dict[str, set[str]] = {}
    for planned, answer in answers.recorded_answers(found):
        recorded.setdefault(planned.case.name, set()).add(_bytes_of(answer))
    equal = [
        _bytes_of(each.answer) in recorded[each.planned.case.name]
        for each in found.answers
        if each.planned.case.name in recorded
    ]
    return round(fmean(equal), 4) if equal else None


def _bytes_of(answer: Answer) -> str:
    return repr((answer.text, answer.tool_calls))


def _mean_tokens(answers: Sequence[JudgedAnswer]) -> tuple[float, float]:
    usages = [each.answer.usage for each in answers]
    if not usages:
        return 0.0, 0.0
    return round(fmean(u.input for u in usages), 1), round(fmean(u.output for u in usages), 1)


def _latency_quantiles(answers: Sequence[JudgedAnswer]) -> tuple[float, float] | None:
    measured = (each.answer.latency_s for each in answers)
    found = latency_of(seconds for seconds in measured if seconds is not None)
    return (round(found.p50, 3), round(found.p95, 3)) if found is not None else None


def _cost_usd(catalog: Catalog, answers: Sequence[JudgedAnswer]) -> float | None:
    costs = [cost_usd(catalog, each) for each in answers]
    known = [cost for cost in costs if cost is not None]
    return round(sum(known), 6) if known and len(known) == len(costs) else None


def _first_judge(found: PromptAnswers, answers: NightAnswers) -> NightJudge | None:
    """The first judge of the prompt, with its agreement if its own cases were answered, too."""
    judge = next(iter(answers.judges(found)), None)
    if judge is None:
        return None
    own = (each for one in answers.by_prompt for each in one.answers if one.prompt.id == judge)
    kappas = (agreed.kappa for agreed in judge_agreements(own))
    kappa = next(kappas, None)
    return NightJudge(id=judge, kappa=round(kappa, 4) if kappa is not None else None)


# Who caused a signal: the model, the judge, or neither as far as can be shown.

_MOST_NAMES = 3


@record(frozen=True, slots=True, kw_only=True)
class Blaming:
    """What is known about a run.

    Attributes:
        histories: Of all prompts of the run, and of those that it did not select.
        verdicts: The recorded verdicts of a release, by its tag; None for an unknown tag.
    """

    answers: NightAnswers
    histories: Histories
    verdicts: Callable[[str], RecordedVerdicts | None]

    def blame(self, found: PromptAnswers) -> DriftBlame:
        """The first reason that holds decides; the others follow it."""
        history = self.histories[found.prompt.id]
        model = list(self._model_reasons(found.prompt.id, history))
        judge = list(self._judge_reasons(found, history))
        if model:
            return DriftBlame(who="model", why=(*model, *judge))
        if judge:
            return DriftBlame(who="judge", why=tuple(judge))
        return DriftBlame(who="unknown", why=(_nothing_shows(found, history, self.answers),))

    def _model_reasons(self, prompt: str, history: Sequence[Night]) -> Iterator[str]:
        *before, tonight = history
        learned = _learned_nights(before)
        yield from _other_names("", [night.models for night in learned], tonight.models)
        yield from _other_names(
            "fingerprint ", [night.fingerprints for night in learned], tonight.fingerprints
        )
        # Whether fewer answers are equal to a recorded one than in the learned nights.
        z = _sameness_z(learned, tonight)
        if z is not None and z < SAMENESS_Z:
            same, usual = _percent(tonight.same), _learned_percent(learned)
            equal = f"{same} of the answers are equal to a recorded one byte for byte"
            yield f"{equal}, in the learned nights {usual} (z {z:.1f})"
        yield from self._pooled_reason(prompt, tonight.profile)

    def _pooled_reason(self, prompt: str, profile: str) -> Iterator[str]:
        others = {
            other: history
            for other, history in self.histories.items()
            if other != prompt and history and history[-1].profile == profile
        }
        pooled = pooled_chart(others, least=1)
        if pooled.ewma is not None and signals(pooled.ewma):
            names = some(sorted(others), _MOST_NAMES, "prompt")
            yield (
                f"the other prompts of `{profile}` lost, too:"
                f" ewma {pooled.ewma:.1f} of {EWMA_LIMIT:.1f} ({names})"
            )

    def _judge_reasons(self, found: PromptAnswers, history: Sequence[Night]) -> Iterator[str]:
        judges = self.answers.judges(found)
        before = self.verdicts(_learned_release(history)) if judges else None
        if before is None:
            return
        for judge in judges:
            change = changed_judge(judge, self.answers, before)
            if change is not None and change.is_harsher:
                yield (
                    f"the judge `{judge}` gives the recorded answers {-100 * change.difference:.1f}"
                    f" points less than when they were recorded"
                    f" ({counted(change.n, 'answer')}, p={change.p:.2g})"
                )


def _learned_nights(before: Sequence[Night]) -> list[Night]:
    return [
        night
        for night in before[first_night_since_accepted(before) :]
        if night.verdict == "learning"
    ]


def _learned_release(history: Sequence[Night]) -> str:
    """The release of the last learned night, or else tonight's."""
    learned = _learned_nights(history[:-1])
    return learned[-1].release if learned else history[-1].release


def _other_names(
    kind: str, learned: Sequence[Sequence[str]], tonight: Sequence[str]
) -> Iterator[str]:
    known = sorted({name for names in learned for name in names} - {""})
    new = [name for name in tonight if name and name not in known]
    if known and new:
        were = "the learned nights were answered by"
        yield f"{kind}{_quoted(new)} answered; {were} {kind}{_quoted(known)}"


def _quoted(names: Sequence[str]) -> str:
    return some(list(names), _MOST_NAMES, name=lambda each: f"`{each}`")


def _sameness_z(learned: Sequence[Night], tonight: Night) -> float | None:
    """None if tonight or the learned nights have no recorded answers to compare."""
    if tonight.same is None:
        return None
    before = [equal_answers(n.same, n.n * n.k) for n in learned if n.same is not None and n.n]
    return sameness_z(equal_answers(tonight.same, tonight.n * tonight.k), before)


def _learned_percent(learned: Sequence[Night]) -> str:
    return _percent(fmean(night.same for night in learned if night.same is not None))


def _percent(share: float | None) -> str:
    return f"{100 * (share or 0):.0f}%"


def _nothing_shows(found: PromptAnswers, history: Sequence[Night], answers: NightAnswers) -> str:
    judges = answers.judges(found)
    judge = f", and {_quoted(judges)} judges as before" if judges else ""
    *before, tonight = history
    learned = _learned_nights(before)
    z = _sameness_z(learned, tonight)
    if z is None:
        return f"the model has the same name{judge}; the release has no recorded answers to compare"
    if z >= AS_OFTEN_Z:
        often = "and repeats recorded answers as often as before"
        return f"the model has the same name, {often}{judge}"
    fewer = f"{_percent(tonight.same)} of the answers are equal to a recorded one"
    then = f"in the learned nights {_learned_percent(learned)}"
    return f"the model has the same name{judge}; {fewer}, {then}, which can be chance (z {z:.1f})"


# A judge judges recorded answers again: a changed judge gives them other scores.


class RecordedVerdicts:
    """The recorded answers of the release whose nights were learned, as its judges judged them."""

    def __init__(self, release: Workspace) -> None:
        self._catalog = release.catalog
        self._store = Store(release.catalog)
        self._judging = AnswerJudge(
            release.catalog, Answering(release.catalog, self._store), self._recorded
        )

    def of(self, prompt: PromptAnswers) -> list[JudgedAnswer]:
        """The judged answers to the cases whose requests are those of tonight."""
        path = self._catalog.paths.get(prompt.prompt.id)
        if path is None:
            return []
        digests = {planned.digest for planned in prompt.cases}
        plan = plan_cases(self._catalog, [self._catalog.loaded(path)], 1)
        same = [each for each in plan if each.digest in digests and not each.error]
        return self._judging.judged(recorded_answers(self._store, same))

    def _recorded(self, planned: PlannedCase) -> Answer | None:
        return self._store.answer_to(planned, 0)


def changed_judge(
    judge: str, answers: NightAnswers, before: RecordedVerdicts
) -> JudgeChange | None:
    """The change of a judge, over all prompts that it judges; None if it can't be compared."""
    differences: list[list[float]] = []
    for prompt in answers.by_prompt:
        if judge in answers.judges(prompt):
            recorded = before.of(prompt)
            again = answers.judged_again(prompt, recorded)
            differences += _differences(recorded, again).values()
    return judge_change(differences)


def _differences(
    recorded: Sequence[JudgedAnswer], again: Sequence[JudgedAnswer]
) -> Mapping[str, list[float]]:
    """New minus old score of each answer that both judged, by case."""
    new = {judged.planned.case_key: judged for judged in again}
    found: dict[str, list[float]] = {}
    for old in recorded:
        key: CaseKey = old.planned.case_key
        was, now = _degrees(old), _degrees(new[key]) if key in new else {}
        both = was.keys() & now.keys()
        if both:
            change = sum(now[at] - was[at] for at in both) / len(both)
            found.setdefault(old.planned.case.name, []).append(change)
    return found


def _degrees(judged: JudgedAnswer) -> dict[int, float]:
    """The degrees of the assertions that a model decided, by their position."""
    written = assertions_of(judged.planned.case, judged.planned.prompt)
    rows = zip(written, judged.judgements, strict=False)  # the last may be the output contract
    return {
        at: judgement.degree
        for at, (assertion, judgement) in enumerate(rows)
        if judgement.degree is not None and judgement.lack is None and _is_judged(assertion.written)
    }


def _is_judged(written: Mapping[str, object]) -> bool:
    assertion, _ = parse(written, "answer")
    return assertion is not None and assertion.judged
