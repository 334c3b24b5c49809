"""The verdicts of one night: charts, and fresh answers after a signal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from promptops.commands.drift.asking import NightAnswers, PromptAnswers
from promptops.commands.drift.measuring import sample_on
from promptops.evals.deciding.drift import (
    CHARTS,
    FRESH,
    GROSS,
    LIMIT,
    NightSample,
    chart,
    confirmed,
    current,
    difference_z,
    is_learned,
    level_of,
    pooled_chart,
    sample_of,
    signalled,
    verdict_on,
    worst_verdict,
)
from promptops.model.night import ChartName, Night, NightVerdict, ProfileDrift
from promptops.records import field, record, replace

_INCOMPLETE = "not every case has its answers"
_UNCONFIRMED = "a large loss could not be confirmed: fresh answers are missing"

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
        prompts = []
        for night in tonight:
            history = self.histories.setdefault(night.prompt, [])
            history.append(self._begun(night, history))
            prompts.append(night.prompt)
        self._confirm({prompt: self._signals(prompt) for prompt in prompts})
        self._confirm(self._pooled_signals())

    def profiles(self) -> Iterator[ProfileDrift]:
        """The pooled charts of profiles with at least two prompts."""
        for profile, histories in by_profile(self.tonight).items():
            if len(histories) > 1:
                pooled = pooled_chart(histories)
                yield ProfileDrift(
                    profile=profile,
                    prompts=tuple(sorted(histories)),
                    ewma=pooled.ewma,
                    limit=LIMIT,
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
        history = self.histories[prompt]
        if history[-1].verdict == "incomplete":
            return []
        if history[-1].verdict == "learning":
            zs = {name: self._gross_z(self._found[prompt], history, name) for name in CHARTS}
            return [name for name, z in zs.items() if z is not None and z < GROSS]
        return [name for name in CHARTS if signalled(chart(history, name))]

    def _pooled_signals(self) -> Mapping[str, Sequence[ChartName]]:
        """The prompts of profiles whose pooled chart needs fresh answers of all of them."""
        found: dict[str, Sequence[ChartName]] = {}
        for histories in by_profile(self.tonight).values():
            if len(histories) > 1 and pooled_chart(histories).signal:
                learned = {p: history for p, history in histories.items() if _has_z(history)}
                found |= dict.fromkeys(learned, ("score",))
        return found

    def _confirm(self, wanted: Mapping[str, Sequence[ChartName]]) -> None:
        """Request fresh answers where charts need them, and conclude these nights."""
        prompts = [prompt for prompt, names in wanted.items() if names]
        missing = [self._found[prompt] for prompt in prompts if prompt not in self._fresh]
        if missing:
            self._fresh |= {e.prompt.id: e for e in self.answers.fresh(missing, FRESH)}
        for prompt in prompts:
            history = self.histories[prompt]
            history[-1] = self._concluded(prompt, history, wanted[prompt])

    def _concluded(
        self, prompt: str, history: Sequence[Night], names: Sequence[ChartName]
    ) -> Night:
        """Tonight with its verdict; fresh answers of these charts were requested."""
        night, fresh = history[-1], self._fresh[prompt]
        if night.verdict == "learning":
            return self._learning(night, fresh, history, names)
        zs = _known(night) | {name: self._fresh_z(fresh, history, name) for name in names}
        night = replace(night, confirmed=confirmed(zs.get("score"), zs.get("contracts")))
        whole = [*history[:-1], night]
        verdicts: list[NightVerdict] = [verdict_on(chart(whole, name), whole) for name in CHARTS]
        return replace(night, verdict=worst_verdict(verdicts))

    def _learning(
        self,
        night: Night,
        fresh: PromptAnswers,
        history: Sequence[Night],
        names: Sequence[ChartName],
    ) -> Night:
        """A night with a large loss while the level is learned."""
        if not fresh.complete:
            return replace(night, verdict="incomplete", reason=_UNCONFIRMED)
        zs = {name: self._gross_z(fresh, history, name) for name in names}
        gross = {name: z for name, z in zs.items() if z is not None and z < GROSS}
        if not gross:
            return night
        found = confirmed(gross.get("score"), gross.get("contracts"))
        return replace(night, verdict="drifted", confirmed=found)

    def _fresh_z(
        self, fresh: PromptAnswers, history: Sequence[Night], name: ChartName
    ) -> float | None:
        level, tonight = level_of(history, name), sample_of(history[-1], name)
        sample = sample_on(fresh, name, history[-1].score) if fresh.complete else None
        if level is None or tonight is None or sample is None:
            return None
        return level.confirming_z(sample, tonight.size)

    def _gross_z(
        self, found: PromptAnswers, history: Sequence[Night], name: ChartName
    ) -> float | None:
        """z against what is known before the level is learned; None if nothing is."""
        sample = sample_on(found, name, history[-1].score)
        before = self._before(found, history, name)
        return difference_z(sample, before) if sample is not None and before is not None else None

    def _before(
        self, found: PromptAnswers, history: Sequence[Night], name: ChartName
    ) -> NightSample | None:
        """The accepted night, or else the recorded answers of the release."""
        start = current(history)
        if start:
            return sample_of(history[start - 1], name)
        recorded = replace(found, answers=tuple(self.answers.replayed(found)))
        return sample_on(recorded, name, history[-1].score)


def by_profile(histories: Histories) -> Mapping[str, dict[str, Sequence[Night]]]:
    """The nights of prompts, by the profile of their last night."""
    found: dict[str, dict[str, Sequence[Night]]] = {}
    for prompt, history in histories.items():
        if history:
            found.setdefault(history[-1].profile, {})[prompt] = history
    return found


def _has_z(history: Sequence[Night]) -> bool:
    points = chart(history, "score").points
    return bool(points) and points[-1].night == len(history) - 1 and points[-1].z is not None


def _known(night: Night) -> dict[ChartName, float | None]:
    if night.confirmed is None:
        return {}
    return {"score": night.confirmed.score, "contracts": night.confirmed.contracts}
