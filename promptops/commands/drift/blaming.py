"""Who caused a signal: the model, the judge, or neither as far as can be shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from promptops.commands.drift.asking import NightAnswers, PromptAnswers
from promptops.commands.drift.judge_again import RecordedVerdicts, changed_judge
from promptops.evals.deciding.drift import (
    LIMIT,
    SAMENESS_Z,
    current,
    equal_answers,
    pooled_chart,
    sameness_z,
    signals,
)
from promptops.model.night import DriftBlame, Night
from promptops.plurals import counted, some
from promptops.records import record

_NAMES = 3

Histories = Mapping[str, Sequence[Night]]
"""The nights of each prompt, tonight's last."""


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
        model = list(self._model_reasons(found, history))
        judge = list(self._judge_reasons(found, history))
        if model:
            return DriftBlame(who="model", why=(*model, *judge))
        if judge:
            return DriftBlame(who="judge", why=tuple(judge))
        return DriftBlame(who="unknown", why=(_nothing_shows(found, history, self.answers),))

    def _model_reasons(self, found: PromptAnswers, history: Sequence[Night]) -> Iterator[str]:
        *before, tonight = history
        learned = _learned(before)
        if learned:
            yield from _other_names("", [night.models for night in learned], tonight.models)
            yield from _other_names(
                "fingerprint ", [night.fingerprints for night in learned], tonight.fingerprints
            )
        else:
            recorded = self.answers.recorded_answers(found)
            models = [(answer.model,) for _, answer in recorded]
            yield from _other_names("", models, tonight.models, "the recorded answers are by")
        yield from _fewer_equal(learned, tonight)
        yield from self._pooled_reason(found.prompt.id, tonight.profile)

    def _pooled_reason(self, prompt: str, profile: str) -> Iterator[str]:
        others = {
            other: history
            for other, history in self.histories.items()
            if other != prompt and history and history[-1].profile == profile
        }
        pooled = pooled_chart(others, least=1)
        if pooled.ewma is not None and signals(pooled.ewma):
            names = some(sorted(others), _NAMES, "prompt")
            yield (
                f"the other prompts of `{profile}` lost, too:"
                f" ewma {pooled.ewma:.1f} of {LIMIT:.1f} ({names})"
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


def _learned(before: Sequence[Night]) -> list[Night]:
    return [night for night in before[current(before) :] if night.verdict == "learning"]


def _learned_release(history: Sequence[Night]) -> str:
    """The release of the last learned night, or else tonight's."""
    learned = _learned(history[:-1])
    return learned[-1].release if learned else history[-1].release


def _other_names(
    kind: str,
    learned: Sequence[Sequence[str]],
    tonight: Sequence[str],
    were: str = "the learned nights were answered by",
) -> Iterator[str]:
    known = sorted({name for names in learned for name in names} - {""})
    new = [name for name in tonight if name and name not in known]
    if known and new:
        yield f"{kind}{_quoted(new)} answered; {were} {kind}{_quoted(known)}"


def _quoted(names: Sequence[str]) -> str:
    return some(list(names), _NAMES, name=lambda each: f"`{each}`")


def _fewer_equal(learned: Sequence[Night], tonight: Night) -> Iterator[str]:
    """Whether fewer answers are equal to a recorded one than in the learned nights."""
    if tonight.same is None:
        return
    before = [equal_answers(n.same, n.n * n.k) for n in learned if n.same is not None and n.n]
    z = sameness_z(equal_answers(tonight.same, tonight.n * tonight.k), before)
    if z is not None and z < SAMENESS_Z:
        share = sum(night.mean for night in before) / len(before)
        yield (
            f"{100 * tonight.same:.0f}% of the answers are equal to a recorded one byte for byte,"
            f" in the learned nights {100 * share:.0f}% (z {z:.1f})"
        )


def _nothing_shows(found: PromptAnswers, history: Sequence[Night], answers: NightAnswers) -> str:
    judges = answers.judges(found)
    judge = f", and {_quoted(judges)} judges as before" if judges else ""
    if history[-1].same is None:
        return f"the model has the same name{judge}; the release has no recorded answers to compare"
    return f"the model has the same name, and repeats recorded answers as often as before{judge}"
