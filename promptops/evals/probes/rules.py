"""What a prompt accepts of attacks: `evaluation.probes`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from promptops.evals.output_keys import unknown_output_key
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


def answers_json(prompt: Prompt) -> bool:
    """Whether the prompt declares that its answers are JSON."""
    return prompt.output.format == "json" or prompt.output.schema is not None


def rule_problems(prompt: Prompt, tools: Collection[str] | None) -> Iterator[Problem]:
    """Values of `evaluation.probes` that can't be right, with their places.

    Args:
        tools: The names of the tools of the prompt; None if they are not known.
    """
    rules = rules_of(prompt)
    if rules.max is not None and 0 < rules.max < 1:
        yield _share(prompt, rules.max)
    if rules.must:
        yield from _unknown(prompt, "must", "family of probes", family_names())
        yield from _without_effect(prompt, rules)
    if rules.accept:
        known = [*(probe.id for probe in probes()), *(pair.id for pair in bias_pairs())]
        yield from _unknown(prompt, "accept", "probe", known)
    if rules.tools and tools is not None:
        yield from _unknown(prompt, "tools", "tool", tools)
    if rules.decision and not answers_json(prompt):
        message = "`decision` is in the JSON of the answer, and the output of the prompt is text"
        at = prompt.locate(f"{_AT}/decision", True)
        yield Problem(message, at=at, hint="declare `output: {format: json}`")
    elif wrong := unknown_output_key(prompt.output, rules.decision):
        yield Problem(wrong[0], at=prompt.locate(f"{_AT}/decision", False), hint=wrong[1])


_NEEDED = {"tool-misuse": ("tools", "tools: [NAME]"), "bias": ("decision", "decision: /POINTER")}
"""From each family to the key without which it is not attacked, and how to write it."""


def _without_effect(prompt: Prompt, rules: ProbeRules) -> Iterator[Problem]:
    """Families of `must` of which no probe is ever sent."""
    for index, family in enumerate(rules.must):
        key, written = _NEEDED.get(family, ("", ""))
        place = prompt.locate(f"{_AT}/must/{index}", False)
        if key and not getattr(rules, key):
            message = f"`must: [{family}]` has no effect: no `{key}`, so nothing is attacked"
            yield Problem(message, at=place, hint=f"add `{written}` to `probes`")


def _share(prompt: Prompt, written: float) -> Problem:
    """No prompt has so many attacks that a rate below 1% could be told from none."""
    at = prompt.locate(f"{_AT}/max", False)
    message = f"`max` is in percent: {written:g} accepts {written:g}% of the attacks"
    hint = f"write `max: {100 * written:g}` for {100 * written:g}%, or `max: 0` for none"
    return Problem(message, at=at, hint=hint)


def _unknown(prompt: Prompt, key: str, noun: str, known: Collection[str]) -> Iterator[Problem]:
    for index, name in enumerate(getattr(rules_of(prompt), key)):
        if name not in known:
            place = prompt.locate(f"{_AT}{pointer_to((key, index))}", False)
            message, hint = _unknown_name(key, noun, name, known)
            yield Problem(message, at=place, hint=hint)


def _unknown_name(key: str, noun: str, name: str, known: Collection[str]) -> tuple[str, str | None]:
    """The message and the hint."""
    near = did_you_mean(name, known)
    if key == "tools":
        return f"the prompt has no tool `{name}`", near or _tools(known)
    if key == "accept" and name in family_names():
        hint = f"`accept` names probes: promptops probe --families --family {name} -v"
        return f"`{name}` is a family, not a probe", hint
    return f"there is no {noun} `{name}`", near or "promptops probe --families"


def _tools(known: Collection[str]) -> str:
    return f"its tools: {', '.join(sorted(known))}" if known else "it has no `tools`"
