"""What changed between nights behind the same prompt: release, model, fingerprint, judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.model.night import Night, PromptDrift
from promptops.plurals import some
from promptops.report.test.parts.facts import short

RELEASE = "release"
_SHOWN_TONIGHT = ("model", "judge")
_NAMES_SHOWN = 3


def changes(prompt: PromptDrift) -> Iterator[tuple[int, str, str]]:
    """What changed behind the same prompt: index into the history, kind, and a sentence.

    The kind is `release`, `model`, `fingerprint` or `judge`.
    """
    before: Night | None = None
    for index, night in enumerate(prompt.history):
        if night.verdict == "accepted":
            continue
        if before is not None:
            for kind, values in _changed(before, night):
                yield index, kind, f"{kind} {values}"
        before = night


def changed_tonight(prompt: PromptDrift) -> Iterator[str]:
    """Another model or judge than the night before; the cause of a signal names it already."""
    tonight = len(prompt.history) - 1
    for index, kind, sentence in changes(prompt) if prompt.blame is None else ():
        if index == tonight and kind in _SHOWN_TONIGHT:
            yield f"changed since the night before: {sentence}"


def _changed(before: Night, night: Night) -> Iterator[tuple[str, str]]:
    """The kind of each change, and its values before and after."""
    if before.release != night.release:
        yield RELEASE, f"{short(before.release)} → {short(night.release)}"
    if before.models and night.models and before.models != night.models:
        yield "model", f"{_listed(before.models)} → {_listed(night.models)}"
    if before.fingerprints and night.fingerprints and before.fingerprints != night.fingerprints:
        yield "fingerprint", f"{_listed(before.fingerprints)} → {_listed(night.fingerprints)}"
    if before.judge and night.judge and before.judge != night.judge:
        yield "judge", f"{_judge(before)} → {_judge(night)}"


def _listed(names: Iterable[str]) -> str:
    return some([short(each) for each in names], _NAMES_SHOWN)


def _judge(night: Night) -> str:
    judge = night.judge
    assert judge is not None
    kappa = "" if judge.kappa is None else f" (kappa {judge.kappa:.2f})"
    return f"{short(judge.id)}{kappa}"
