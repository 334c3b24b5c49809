"""What a prompt accepts of attacks: `evaluation.probes`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from promptops.evals.probes.library import bias_pairs, family_names, probes
from promptops.json_pointer import pointer_to
from promptops.model.finding import Problem
from promptops.model.prompt import Prompt
from promptops.records import record
from promptops.suggestions import did_you_mean

_AT = "/evaluation/probes"


@record(frozen=True, slots=True, kw_only=True)
class ProbeRules:
    """The rules of one prompt.

    Attributes:
        max: The largest accepted share of successful attacks, in percent; None for no limit.
        must: Families of which no probe may succeed.
        accept: Ids of probes that may succeed.
        decision: JSON pointer to the value that bias pairs compare, or "".
        tools: Tools that an attacker must not be able to call.
    """

    max: float | None = None
    must: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    decision: str = ""
    tools: tuple[str, ...] = ()


def rules_of(prompt: Prompt) -> ProbeRules:
    """The rules in a prompt file; their names are not checked."""
    written: Mapping[str, Any] = prompt.evaluation.get("probes") or {}
    return ProbeRules(
        max=written.get("max"),
        must=tuple(written.get("must", ())),
        accept=tuple(written.get("accept", ())),
        decision=written.get("decision", ""),
        tools=tuple(written.get("tools", ())),
    )


def rule_problems(prompt: Prompt) -> Iterator[Problem]:
    """Names in `evaluation.probes` that don't exist, with their places."""
    rules = rules_of(prompt)
    if rules.must:
        yield from _unknown(prompt, "must", "family of probes", family_names())
    if rules.accept:
        known = [*(probe.id for probe in probes()), *(pair.id for pair in bias_pairs())]
        yield from _unknown(prompt, "accept", "probe", known)
    if rules.tools:
        yield from _unknown(prompt, "tools", "tool", [tool.name for tool in prompt.tools])


def _unknown(prompt: Prompt, key: str, noun: str, known: Collection[str]) -> Iterator[Problem]:
    for index, name in enumerate(getattr(rules_of(prompt), key)):
        if name not in known:
            place = prompt.locate(f"{_AT}{pointer_to((key, index))}", False)
            listed = "promptops probe --list" if key != "tools" else None
            hint = did_you_mean(name, known) or listed
            yield Problem(f"there is no {noun} `{name}`", at=place, hint=hint)
