"""Judges as prompts, and services instead of judges: requests, replies, agreement with people."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from sys import float_info
from typing import Any

from promptops.errors import InputError
from promptops.evals.deciding.intervals import wilson
from promptops.evals.json_values import parsed
from promptops.evals.packaged_prompts import packaged_prompt
from promptops.evals.providers import OWN
from promptops.evals.verdict import (
    BUILT_IN,
    Embedding,
    ModerationReply,
    NoReply,
    Opinion,
    Question,
    Reply,
)
from promptops.evals.wording import shown
from promptops.model.config import ModelProfile
from promptops.model.prompt import Case, Prompt, Request
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.runtime.request.render import Renderer
from promptops.runtime.template.text_rendering import Load


class Judge:
    """A prompt that judges."""

    def __init__(self, prompt: Prompt, load: Load) -> None:
        """`load` finds the templates it includes.

        Raises InputError if it has no input for the answer, and RenderError as a Renderer does.
        """
        self._renderer = Renderer(prompt, load)
        self._declared = frozenset(prompt.inputs.get("properties", {}))
        if "output" not in self._declared:
            hint = "declare it: without the answer a judge gives every answer the same verdict"
            message = f"the judge {prompt.id!r} has no input 'output'"
            raise InputError(message, where=prompt.path, hint=hint)

    def request(self, question: Question) -> Request:
        """The request to the judge, with those inputs that it declares. Raises RenderError.

        The model is the question's, as written: the caller looks up `{profile}`.
        """
        known = {key: value for key, value in question.inputs.items() if key in self._declared}
        request = self._renderer.request(known)
        return replace(request, model=question.model) if question.model else request


@cache
def built_in_judge(name: str) -> Judge:
    """The built-in judge that a question names, `built-in NAME`."""
    prompt = packaged_prompt("judges", name.removeprefix(BUILT_IN))
    return Judge(prompt, lambda _origin, _name: None)


def opinion_of(text: str) -> Opinion | NoReply:
    """The reply of a judge: JSON with `reason`, and `verdict` or `score`, and nothing else."""
    value = parsed(text)
    if not isinstance(value, Mapping):
        return NoReply(reason=f"expected a JSON mapping, got {shown(text)}")
    reason, verdict, score = (value.get(key) for key in ("reason", "verdict", "score"))
    if not isinstance(reason, str):
        return NoReply(reason=f"`reason` is not a string in {shown(text)}")
    if isinstance(verdict, str):
        return Opinion(reason=reason, verdict=verdict)
    if isinstance(score, (int, float)) and not isinstance(score, bool) and 0 <= score <= 1:
        return Opinion(reason=reason, score=float(score))
    return NoReply(reason=f"neither a `verdict` nor a `score` from 0 to 1 in {shown(text)}")


def is_anchor(case: Case) -> bool:
    """Whether a case has the verdict of people."""
    expected = case.expected
    named = isinstance(expected, Mapping) and isinstance(expected.get("verdict"), str)
    return named and ANCHOR in case.tags


def agreement_of(answered: Iterable[tuple[Case, str]]) -> Agreement:
    """The agreement of a judge with its anchors, from its answers to its own cases.

    An answer that can't be parsed is a disagreement. Cases that are not anchors are skipped.
    """
    return agreement(
        [
            (case.expected["verdict"], _verdict_in(text))
            for case, text in answered
            if is_anchor(case)
        ]
    )


def _verdict_in(text: str) -> str:
    """The verdict of an answer; a score is `pass` from one half on."""
    opinion = opinion_of(text)
    if isinstance(opinion, NoReply):
        return ""
    if opinion.verdict is not None:
        return opinion.verdict
    return "pass" if (opinion.score or 0) >= 0.5 else "fail"


# Agreement of a judge with people, beyond chance.

LEAST_KAPPA = 0.6
LEAST_LOW = 0.4
"""The least lower bound of kappa: few anchors may agree by chance."""

FEWEST = 10
"""The number of anchors that a meaningful kappa requires."""

_BOUND_CHANCE = 0.05  # that the lower bound of the agreement is too high

ANCHOR = "anchor"
"""The tag of a judge's cases whose `expected` contains the `verdict` of people."""


@record(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A judge's verdicts compared with those of its anchors.

    Attributes:
        anchors: The number of compared anchors.
        agreed: The share with the same verdict, 0 to 1.
        kappa: Cohen's kappa: 1 for full agreement, 0 for chance, below 0 for less; None if chance
            alone would always agree: without anchors, or if all have one verdict.
        low: The lower bound of kappa, by that of Wilson's 90% interval of the agreement; None
            without a kappa.
    """

    anchors: int
    agreed: float
    kappa: float | None
    low: float | None

    @property
    def may_gate(self) -> bool:
        """Whether the judge may fail a case."""
        if self.anchors < FEWEST or self.kappa is None or self.low is None:
            return False
        return self.kappa >= LEAST_KAPPA and self.low >= LEAST_LOW

    @property
    def refusal(self) -> str:
        """What the judge lacks to fail a case, for a judge that may not."""
        if self.kappa is None or self.low is None:
            return (
                f"its {self.anchors} anchors cannot distinguish agreement from chance: "
                "they need different verdicts"
            )
        known = f"kappa {self.kappa:.2f} on {counted(self.anchors, 'anchor')}"
        if self.anchors < FEWEST or self.kappa < LEAST_KAPPA:
            return f"{known}, but at least {LEAST_KAPPA:g} on {FEWEST} is required"
        return (
            f"{known} proves only {self.low:.2f}, but at least {LEAST_LOW:g} is required: "
            f"tag more of its cases `{ANCHOR}`"
        )


def agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """The agreement of (anchor, judge) pairs of verdicts."""
    count = len(pairs)
    if not count:
        return Agreement(anchors=0, agreed=0.0, kappa=None, low=None)
    same = sum(anchor == judge for anchor, judge in pairs)
    anchors, judges = Counter(a for a, _ in pairs), Counter(j for _, j in pairs)
    # In whole numbers, so that perfect agreement is 1 and not almost.
    by_chance = sum(anchors[verdict] * judges[verdict] for verdict in anchors)
    rest = count * count - by_chance
    if not rest:
        return Agreement(anchors=count, agreed=same / count, kappa=None, low=None)
    least_agreed, _ = wilson(same / count, count, _BOUND_CHANCE)
    return Agreement(
        anchors=count,
        agreed=same / count,
        kappa=(same * count - by_chance) / rest,
        low=(least_agreed * count * count - by_chance) / rest,
    )


# Questions for services instead of judges: embeddings and moderations.
#
# They are sent and recorded like any request; the reply is the JSON text of an answer.

SETTINGS: Mapping[str, str] = {"embedding": "embeddings", "moderation": "moderations"}
"""From the kind of a question to the key of `[test]` that names the model, and to the API."""


def recorded_as(question: Question) -> str:
    """The judge, or the name that replaces one in a recording."""
    return question.judge or f"{BUILT_IN}{question.kind}"


def endpoint_request(question: Question, profile: ModelProfile) -> Request:
    """The request to a profile, with the profile's own options."""
    options = {**profile.provider_options.get(OWN, {}), "api": SETTINGS[question.kind]}
    return Request(
        messages=({"role": "user", "content": question.inputs["text"]},),
        model={"provider": profile.provider, "id": profile.id},
        provider_options={**profile.provider_options, OWN: options},
    )


def answers_without_tokens(profile: ModelProfile) -> ModelProfile:
    """The profile with no answer tokens, so that its cost can be bounded."""
    price = {"output": 0.0, **profile.price} if profile.price else profile.price
    return replace(profile, max_output_tokens=0, price=price)


def endpoint_reply(question: Question, text: str) -> Reply:
    """The reply in the text of an answer; NoReply if the text is not a reply to this question."""
    value = parsed(text)
    items = value.get(_KEYS[question.kind]) if isinstance(value, Mapping) else None
    if isinstance(items, list):
        if question.kind == "embedding" and items and all(map(_is_number, items)):
            return Embedding(vector=array("d", items))
        if question.kind == "moderation" and all(isinstance(category, str) for category in items):
            return ModerationReply(flagged=tuple(items))
    return NoReply(reason=f"expected {_WANTED[question.kind]}, got {shown(text)}")


_KEYS = {"embedding": "vector", "moderation": "flagged"}
_WANTED = {
    "embedding": "JSON with a `vector` of numbers",
    "moderation": "JSON with the categories that are `flagged`",
}


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and abs(value) <= float_info.max
