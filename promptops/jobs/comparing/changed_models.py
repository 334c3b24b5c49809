"""Whether another model answers behind a name than when other answers were recorded."""

from __future__ import annotations

from collections.abc import Iterable

from promptops.jobs.comparing.arm_run import ArmRun
from promptops.jobs.testing.judging import JudgedAnswer
from promptops.model.answer import Answer

_Who = tuple[str, str | None]


def model_note(prompt: str, reference: ArmRun, arm: ArmRun) -> str:
    """Why answers of an arm can't be compared, because a model has changed; or "".

    Two arms that call the same model must have answers of the same model. A provider may use
    several fingerprints at a time, so only arms without a common one are different.
    """
    for each in (reference, arm):
        found = _mixed(each, prompt)
        if found:
            return found
    ours, theirs = _models(arm, prompt), _models(reference, prompt)
    if _called(arm, prompt) & _called(reference, prompt) and not ours & theirs:
        return f"another model answered as {_named(ours)} than for the reference"
    return ""


def _mixed(arm: ArmRun, prompt: str) -> str:
    """Answers of one arm by different models: recorded ones, and those of today."""
    names = sorted({model for model, _ in _models(arm, prompt)})
    if names[1:]:
        return f"`{arm.name}` has answers of different models: {', '.join(names)}"
    by_source: dict[bool, set[_Who]] = {}
    for judged in arm.answers(prompt):
        live = arm.answering.known[judged.planned.key].source == "live"
        by_source.setdefault(live, set()).add(_who(judged.answer))
    if len(by_source) == 2 and not by_source[True] & by_source[False]:
        return f"another model answers as `{arm.name}` than when its answers were recorded"
    return ""


def _models(arm: ArmRun, prompt: str) -> set[_Who]:
    return {_who(judged.answer) for judged in arm.answers(prompt)}


def _called(arm: ArmRun, prompt: str) -> set[tuple[str, ...]]:
    """The models that the requests name."""
    return {_name(judged) for judged in arm.answers(prompt)}


def _name(judged: JudgedAnswer) -> tuple[str, ...]:
    request = judged.planned.request
    return tuple(request.model.values()) if request is not None else ()


def _named(found: Iterable[_Who]) -> str:
    return ", ".join(sorted({f"`{model}`" for model, _ in found}))


def _who(answer: Answer) -> _Who:
    return answer.model, answer.fingerprint
