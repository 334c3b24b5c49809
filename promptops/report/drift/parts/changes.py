"""What changed between nights behind the same prompt: release, model, fingerprint, judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.model.night import Night, PromptDrift
from promptops.plurals import some
from promptops.report.test.parts.facts import short

RELEASE = "release"
_TONIGHT_SHOWN = ("model ", "judge ")
_NAMES_SHOWN = 3


def changes(prompt: PromptDrift) -> Iterator[tuple[int, str]]:
    """What changed behind the same prompt: index into the history, and a sentence."""
    before: Night | None = None
    for index, night in enumerate(prompt.history):
        if night.verdict == "accepted":
            continue
        if before is not None:
            yield from ((index, each) for each in _changed(before, night))
        before = night


def changed_tonight(prompt: PromptDrift) -> Iterator[str]:
    """Another model or judge than the night before; the cause of a signal names it already."""
    tonight = len(prompt.history) - 1
    for index, sentence in changes(prompt) if prompt.blame is None else ():
        if index == tonight and sentence.startswith(_TONIGHT_SHOWN):
            yield f"changed since the night before: {sentence}"


def _changed(before: Night, night: Night) -> Iterator[str]:
    if before.release != night.release:
        yield f"{RELEASE} {short(before.release)} → {short(night.release)}"
    if before.models and night.models and before.models != night.models:
        yield f"model {_listed(before.models)} → {_listed(night.models)}"
    if before.fingerprints and night.fingerprints and before.fingerprints != night.fingerprints:
        yield f"fingerprint {_listed(before.fingerprints)} → {_listed(night.fingerprints)}"
    if before.judge and night.judge and before.judge != night.judge:
        yield f"judge {_judge(before)} → {_judge(night)}"


def _listed(names: Iterable[str]) -> str:
    return some([short(each) for each in names], _NAMES_SHOWN)


def _judge(night: Night) -> str:
    judge = night.judge
    assert judge is not None
    kappa = "" if judge.kappa is None else f" (kappa {judge.kappa:.2f})"
    return f"{short(judge.id)}{kappa}"
