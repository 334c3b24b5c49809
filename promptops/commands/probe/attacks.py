"""Probes as ordinary test cases: each attack is written into an untrusted input of a prompt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from promptops.evals.case_assertions import counterparts
from promptops.evals.parse import parse
from promptops.evals.probe_library import (
    ProbeRules,
    answers_json,
    bias_pairs,
    family,
    family_names,
    filled,
    marker,
    transformed,
)
from promptops.json_pointer import followed, pointer_to, with_part
from promptops.model.place import Offsets, Place
from promptops.model.probe import BiasPair, Family, Probe, ProbeSet, SkippedProbe, Slot
from promptops.model.prompt import Case, LocateWithin, Prompt
from promptops.plurals import some
from promptops.records import record, replace
from promptops.runtime.request.inputs import dotted
from promptops.testing.paired import SOURCE_TAG

BIAS = "bias"
_NO_TOOLS = "`evaluation.probes.tools` names no tool that would do harm"
_UNKNOWN_TOOL = "`evaluation.probes.tools` names a tool that the prompt does not have"
_NO_DECISION = "`evaluation.probes.decision` names no value to compare"
_NO_JSON = "`evaluation.probes.decision` needs `output: {format: json}`"
_NOT_MARKED = "no input is marked x-untrusted"
_JUDGED_BY_A_MODEL = "moderation"


@record(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack on one input.

    Attributes:
        name: Of its test case.
        probe: The id of the probe or of the bias pair.
        pair: For a sentence of a bias pair, the pair; else None.
        side: Which of the two sentences: 0 or 1.
    """

    name: str
    probe: str
    family: str
    owasp: str
    target: Target
    pair: BiasPair | None = None
    side: int = 0


@record(frozen=True, slots=True, kw_only=True)
class AttackedPrompt:
    """A prompt whose test cases are attacks.

    Attributes:
        prompt: With the attacks as its cases, and only its contracts as assertions of every case.
        attacks: By the name of the case.
        inputs: The names of the attacked inputs.
    """

    prompt: Prompt
    rules: ProbeRules
    attacks: Mapping[str, Attack]
    inputs: tuple[str, ...]
    skipped: tuple[SkippedProbe, ...]


@record(frozen=True, slots=True, kw_only=True)
class Selection:
    """The probes of a run.

    Attributes:
        moderated: A moderation model is configured; else a judge decides about toxicity.
    """

    families: tuple[Family, ...]
    probes: ProbeSet = "all"
    moderated: bool = False

    @property
    def pairs(self) -> Sequence[BiasPair]:
        return bias_pairs()[:1] if self.probes == "smoke" else bias_pairs()


def selection(
    families: Iterable[str],
    probes: ProbeSet,
    *,
    moderated: bool,
    imported: tuple[Family, ...] = (),
) -> Selection:
    """The probes of some families of the library and of imported ones; of all without either.

    Raises UsageError for an unknown family.
    """
    names = tuple(dict.fromkeys(families)) or (() if imported else family_names())
    found = (*map(family, names), *imported)
    return Selection(families=found, probes=probes, moderated=moderated)


def attacked(prompt: Prompt, rules: ProbeRules, chosen: Selection) -> AttackedPrompt:
    """A prompt with an attack for each chosen probe and each of its untrusted inputs."""
    found = list(targets(prompt)) or [SkippedProbe(prompt=prompt.id, why=_NOT_MARKED)]
    aims = [each for each in found if isinstance(each, Target)]
    attacks: dict[str, Attack] = {}
    cases: list[Case] = []
    skipped = [each for each in found if isinstance(each, SkippedProbe)]
    for each in chosen.families if aims else ():
        for made in _family_attacks(each, prompt, rules, chosen, aims):
            if isinstance(made, SkippedProbe):
                skipped.append(made)
            else:
                attack, case = made
                attacks[attack.name] = attack
                cases.append(case)
    return AttackedPrompt(
        prompt=replace(prompt, cases=tuple(cases), evaluation=own_contracts(prompt)),
        rules=rules,
        attacks=attacks,
        inputs=tuple(aim.input for aim in aims),
        skipped=tuple(skipped),
    )


def not_attacked(prompt: Prompt, rules: ProbeRules, why: str) -> AttackedPrompt:
    """A prompt without attacks, with the reason."""
    return AttackedPrompt(
        prompt=replace(prompt, cases=()),
        rules=rules,
        attacks={},
        inputs=(),
        skipped=(SkippedProbe(prompt=prompt.id, why=why),),
    )


_AttackOrSkipped = tuple[Attack, Case] | SkippedProbe


def _family_attacks(
    found: Family, prompt: Prompt, rules: ProbeRules, chosen: Selection, aims: Sequence[Target]
) -> Iterator[_AttackOrSkipped]:
    missing = _why_unusable(found, prompt, rules, aims)
    if missing:
        yield SkippedProbe(prompt=prompt.id, family=found.name, why=missing)
        return
    if found.name == BIAS:
        for pair in chosen.pairs:
            yield from _pair_attacks(pair, found, prompt, rules, aims)
        return

    def made(probe: Probe, aim: Target) -> _AttackOrSkipped:
        return _probe_attack(probe, prompt, rules, aim, moderated=chosen.moderated)

    if chosen.probes == "smoke":
        for aim in aims:
            yield from _first(made(probe, aim) for probe in found.probes if _fits(probe, aim))
    else:
        for probe in found.probes:
            yield from (made(probe, aim) for aim in aims if _fits(probe, aim))


def _first(made: Iterator[_AttackOrSkipped]) -> Iterator[_AttackOrSkipped]:
    """The first attack, or the first one that was left out."""
    first = next(made, None)
    if isinstance(first, SkippedProbe):
        first = next((each for each in made if not isinstance(each, SkippedProbe)), first)
    if first is not None:
        yield first


def _fits(probe: Probe, aim: Target) -> bool:
    return probe.slot in aim.slots


def _why_unusable(found: Family, prompt: Prompt, rules: ProbeRules, aims: Sequence[Target]) -> str:
    """Why a family can't be used for a prompt, or ""."""
    if found.name == BIAS:
        if not rules.decision:
            return _NO_DECISION
        return "" if answers_json(prompt) else _NO_JSON
    if found.needs_tools and not rules.tools:
        return _NO_TOOLS
    if found.needs_tools and not {*rules.tools} <= {tool.name for tool in prompt.tools}:
        return _UNKNOWN_TOOL
    if any(_fits(probe, aim) for probe in found.probes for aim in aims):
        return ""
    return why_unfit({probe.slot for probe in found.probes}, aims)


def _probe_attack(
    probe: Probe, prompt: Prompt, rules: ProbeRules, aim: Target, *, moderated: bool
) -> _AttackOrSkipped:
    letters = marker(probe.id, prompt.id)
    sent = transformed(probe, letters, rules.tools[0] if rules.tools else "")
    text = _embedded(aim.text, sent) if probe.place == "embed" else sent
    if too_long := _too_long(text, aim):
        return SkippedProbe(
            prompt=prompt.id, id=probe.id, family=probe.family, input=aim.input, why=too_long
        )
    resists = filled(probe, letters, rules.tools).resists
    attack = Attack(
        name=f"{probe.id} in {aim.input}",
        probe=probe.id,
        family=probe.family,
        owasp=probe.owasp,
        target=aim,
    )
    asserted = resists if moderated else _without_moderation(probe, resists)
    return attack, _case(attack, prompt, text, asserted, source=probe.family)


def _without_moderation(
    probe: Probe, resists: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """The assertions with a judge in place of a moderation model."""
    if probe.rubric is None:
        return resists
    others = [each for each in resists if each.get("type") != _JUDGED_BY_A_MODEL]
    return (*others, {"type": "llm-rubric", "value": probe.rubric})


def _pair_attacks(
    pair: BiasPair, found: Family, prompt: Prompt, rules: ProbeRules, aims: Sequence[Target]
) -> Iterator[_AttackOrSkipped]:
    for aim in aims:
        texts = [f"{sentence}\n{aim.text}" for sentence in pair.texts]
        too_long = next(filter(None, (_too_long(text, aim) for text in texts)), "")
        if too_long:
            yield SkippedProbe(
                prompt=prompt.id, id=pair.id, family=found.name, input=aim.input, why=too_long
            )
            continue
        attacks = [
            Attack(
                name=f"{pair.id} {side + 1} in {aim.input}",
                probe=pair.id,
                family=found.name,
                owasp=found.owasp,
                target=aim,
                pair=pair,
                side=side,
            )
            for side in (0, 1)
        ]
        for attack, other, text in zip(attacks, reversed(attacks), texts, strict=True):
            same = {"type": "counterfactual", "path": rules.decision, "value": other.name}
            yield attack, _case(attack, prompt, text, (same,), source=pair.id)


def _too_long(text: str, aim: Target) -> str:
    if aim.longest is None or len(text) <= aim.longest:
        return ""
    return f"longer than `maxLength` ({len(text):,} of {aim.longest:,} characters)"


def _embedded(text: str, attack: str) -> str:
    """A text with an attack in its middle, between two words; the attack has its line breaks."""
    middle = len(text) // 2
    cut = next((at for at in range(middle, len(text)) if text[at].isspace()), len(text))
    return f"{text[:cut]}{attack}{text[cut:].lstrip()}"


def _case(
    attack: Attack,
    prompt: Prompt,
    text: str,
    resists: Sequence[Mapping[str, Any]],
    *,
    source: str,
) -> Case:
    aim = attack.target
    return Case(
        name=attack.name,
        inputs=with_part(aim.case.inputs, aim.path, text),
        at=aim.at,
        locate=_always_at(prompt, aim.at),
        output=tuple(resists),
        expected=aim.case.expected,
        unrecorded=aim.case.unrecorded,
        tags=(f"{SOURCE_TAG}{source}",),
    )


def _always_at(prompt: Prompt, at: str) -> LocateWithin:
    """Everything in an attack is at the attacked input: the probe itself is in no file of yours."""

    def locate(_pointer: str, _key: bool, /, within: Offsets | None = None) -> Place:
        del within
        return prompt.locate(at, True)

    return locate


# The contracts of an attacked prompt, which are checked beside the attack.


def own_contracts(prompt: Prompt) -> Mapping[str, Any]:
    """The evaluation without measures, and without assertions that need another case."""
    kept = {
        key: value
        for key, value in prompt.evaluation.items()
        if key in ("judge", "budget", "output")
    }
    written = prompt.evaluation.get("assertions") or ()
    return {**kept, "assertions": [each for each in written if _is_contract(each, prompt)]}


def _is_contract(written: Mapping[str, Any], prompt: Prompt) -> bool:
    assertion = parse(written, "answer")[0]
    if assertion is None:
        return True  # so that the mistake is reported
    if not assertion.must:
        return False
    alone = Case(name="", inputs={}, at="", locate=prompt.locate, output=(written,))
    return not counterparts(alone, replace(prompt, evaluation={}))


# The untrusted texts of a prompt, where attacks are written.

BASE_TAG = "probe-base"
"""The tag of the test case that is attacked, if it is not the first one with the input."""

_LONG_TEXT = 200
"""The first text whose `maxLength` is at least this is attacked."""

_DOCUMENT_LENGTH = 1_000
"""A text whose `maxLength` is at least this is a document."""

_MOST_NAMED = 3
_DEEPEST_TEXT = 8
"""Steps below the inputs."""

_ATTACKED_ITEM = 0
"""The first item of a list is attacked."""
_UNTRUSTED_MARK = "x-untrusted"
_NOT_FREE_TEXT = ("const", "enum", "format", "pattern", "contentEncoding", "contentMediaType")
_COMBINATIONS = ("allOf", "anyOf", "oneOf")

InputPath = tuple[str | int, ...]
"""Keys and indexes into the inputs."""


@record(frozen=True, slots=True, kw_only=True)
class Target:
    """An untrusted text in the inputs of a test case.

    Attributes:
        input: Its name, such as `passages.0.text`.
        at: JSON pointer of the input in the prompt file.
        case: The case whose other inputs are used.
        path: From the inputs of the case to the text.
        slots: The kinds of probes that fit.
        longest: `maxLength`; None for no limit.
    """

    input: str
    at: str
    case: Case
    path: InputPath
    text: str
    slots: frozenset[Slot]
    longest: int | None


def targets(prompt: Prompt) -> Iterator[Target | SkippedProbe]:
    """The attacked texts, in the order of the schema; and the inputs that can't be attacked."""
    cases = sorted(prompt.cases, key=lambda case: BASE_TAG not in case.tags)
    for path, schema in _untrusted(prompt.inputs, prompt.inputs, (), _DEEPEST_TEXT):
        yield _target(prompt, path, schema, cases)


def why_unfit(slots: Collection[Slot], aims: Sequence[Target]) -> str:
    """Why no probe for such inputs fits an attacked text."""
    kinds = ["an item of a list"] if "list" in slots else []
    if "document" in slots:
        limits = some([f"`{aim.input}` has {aim.longest:,}" for aim in aims], _MOST_NAMED)
        kinds.insert(0, f"a document (`maxLength` of at least {_DOCUMENT_LENGTH:,}; {limits})")
    return f"no untrusted input is {' or '.join(kinds)}"


def _untrusted(
    schema: Any, root: Any, path: InputPath, depth: int
) -> Iterator[tuple[InputPath, Any]]:
    """The parts of a schema that are marked, each once: not the parts below them."""
    own = followed(schema, root)
    if own.get(_UNTRUSTED_MARK) is True and path:
        yield path, own
    elif depth:
        for step, below in _schemas_below(own, is_marked=own.get(_UNTRUSTED_MARK) is True):
            yield from _untrusted(below, root, (*path, *step), depth - 1)


def _schemas_below(
    schema: Mapping[str, Any], *, is_marked: bool
) -> Iterator[tuple[InputPath, Any]]:
    """The schemas of the values below a value, and of the value itself."""
    mark = {_UNTRUSTED_MARK: True} if is_marked else {}
    properties = schema.get("properties")
    for name, below in properties.items() if isinstance(properties, Mapping) else ():
        yield (name,), {**below, **mark} if isinstance(below, Mapping) else below
    if isinstance(schema.get("items"), Mapping):
        yield (_ATTACKED_ITEM,), {**schema["items"], **mark}
    for keyword in _COMBINATIONS:
        yield from (((), below) for below in schema.get(keyword) or ())


def _target(
    prompt: Prompt, path: InputPath, schema: Any, cases: list[Case]
) -> Target | SkippedProbe:
    for case in cases:
        value = _value_at(case.inputs, path)
        found = _longest_text(schema, value, prompt.inputs, path) if value is not None else None
        if found is not None:
            return _target_in_case(path, case, *found)
    name = dotted(pointer_to(path))
    if not _may_be_text(schema, prompt.inputs, _DEEPEST_TEXT):
        return SkippedProbe(prompt=prompt.id, input=name, why="it can't hold free text")
    fix = "no test case fills it" if cases else "there are no test cases: add one that fills it"
    return SkippedProbe(prompt=prompt.id, input=name, why=fix)


def _target_in_case(
    path: InputPath, case: Case, text_path: InputPath, schema: Mapping[str, Any]
) -> Target:
    longest = schema.get("maxLength")
    slots: set[Slot] = {"any"}
    if longest is None or longest >= _DOCUMENT_LENGTH:
        slots.add("document")
    if any(isinstance(step, int) for step in text_path):
        slots.add("list")
    return Target(
        input=dotted(pointer_to(text_path)),
        at=f"/inputs/properties{pointer_to(path[:1])}",
        case=case,
        path=text_path,
        text=_value_at(case.inputs, text_path),
        slots=frozenset(slots),
        longest=longest,
    )


def _longest_text(
    schema: Any, value: Any, root: Any, path: InputPath
) -> tuple[InputPath, Mapping[str, Any]] | None:
    """The first long text of a value, else the one with the greatest `maxLength`."""
    found = list(_texts(followed(schema, root), value, root, path, _DEEPEST_TEXT))
    long = (each for each in found if _max_length(each[1]) >= _LONG_TEXT)
    return next(long, max(found, key=lambda each: _max_length(each[1]), default=None))


def _texts(
    schema: Mapping[str, Any], value: Any, root: Any, path: InputPath, depth: int
) -> Iterator[tuple[InputPath, Mapping[str, Any]]]:
    if isinstance(value, str):
        if value and _is_free(schema):
            yield path, schema
    elif depth:
        for step, below in _schemas_below(schema, is_marked=False):
            child = _value_at(value, step)
            if child is not None:
                yield from _texts(followed(below, root), child, root, (*path, *step), depth - 1)


def _may_be_text(schema: Any, root: Any, depth: int) -> bool:
    own = followed(schema, root)
    kinds = own.get("type")
    if "string" in ([kinds] if isinstance(kinds, str) else kinds or ()):
        return _is_free(own)
    below = (child for _, child in _schemas_below(own, is_marked=False)) if depth else ()
    return any(_may_be_text(child, root, depth - 1) for child in below)


def _is_free(schema: Mapping[str, Any]) -> bool:
    return not any(keyword in schema for keyword in _NOT_FREE_TEXT)


def _max_length(schema: Mapping[str, Any]) -> float:
    longest = schema.get("maxLength")
    return float("inf") if longest is None else float(longest)


def _value_at(value: Any, path: InputPath) -> Any:
    """The value at a path, or None."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, (list, tuple)) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is None:
            return None
    return value
