"""The probes of the library, and the transforms of their texts."""

from __future__ import annotations

import codecs
import re
from base64 import b64encode
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from promptops.errors import UsageError
from promptops.evals.output_keys import unknown_output_key
from promptops.json_pointer import pointer_to
from promptops.look_alikes import CYRILLIC
from promptops.model.finding import Problem
from promptops.model.probe import BiasPair, Family, Probe, Transform
from promptops.model.prompt import Prompt
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.source.config import refuse
from promptops.source.document import Document, read_any
from promptops.source.shape import check_value
from promptops.suggestions import did_you_mean

# What a prompt accepts of attacks: `evaluation.probes`.

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
        return f"the prompt has no tool `{name}`", near or (
            f"its tools: {', '.join(sorted(known))}" if known else "it has no `tools`"
        )
    if key == "accept" and name in family_names():
        hint = f"`accept` names probes: promptops probe --families --family {name} -v"
        return f"`{name}` is a family, not a probe", hint
    return f"there is no {noun} `{name}`", near or "promptops probe --families"


# The packaged probes, one YAML file a family; a file is read when its family is needed.

LIBRARY = 1
"""The version of the library. It is a part of every marker, so another one needs new recordings."""

SCHEMA = "probe-library.schema.json"
_FOLDER = Path(__file__).with_name("probes")
_ENDING = ".yaml"
_ANYWHERE = ("resists", "obeyed", "refused")
"""Keys that each probe needs, its own or those of its family."""
_DEFAULTS = ("owasp", "slot", "place", "transform", "rubric", *_ANYWHERE)
"""Keys of a family that are the defaults of its probes."""


@cache
def family_names() -> tuple[str, ...]:
    """The names of all families, sorted. Reads no file."""
    return tuple(sorted(file.stem for file in _FOLDER.iterdir() if file.suffix == _ENDING))


@cache
def family(name: str) -> Family:
    """A family by its name.

    Raises UsageError for a name that does not exist, and InputError as `read_family` does.
    """
    if name not in family_names():
        hint = did_you_mean(name, family_names()) or f"families: {', '.join(family_names())}"
        raise UsageError(f"there is no family of probes {name!r}", hint=hint)
    file = _FOLDER / f"{name}{_ENDING}"
    return read_family(f"promptops/evals/probes/{file.name}", file.read_bytes())


def probes(families: Iterable[str] | None = None) -> tuple[Probe, ...]:
    """The probes of some families, in the order given; without `families`, of all."""
    names = family_names() if families is None else dict.fromkeys(families)
    return tuple(probe for name in names for probe in family(name).probes)


def bias_pairs() -> tuple[BiasPair, ...]:
    """The pairs of the family `bias`."""
    return family("bias").pairs


def read_family(path: str, data: bytes) -> Family:
    """The family in a file, whose name without the ending is the name of the family.

    Raises InputError, with the place, for a file that is not valid or belongs to a newer library.
    """
    document = read_any(path, data)
    refuse(document.problems, document.text)
    written = document.value
    version = written.get("library") if isinstance(written, Mapping) else None
    if isinstance(version, int) and version > LIBRARY:
        message = f"the probe library has version {version}; this promptops reads {LIBRARY}"
        problem = Problem(message, at=document.place("/library"), hint="upgrade promptops")
        refuse((problem,), document.text)
    refuse(check_value(SCHEMA, document.value, document.place), document.text)
    refuse(tuple(_unusable(document)), document.text)
    return _family(Path(path).stem, document.value)


def _unusable(document: Document) -> Iterator[Problem]:
    """Problems that the schema can't find."""
    yield from _repeated(document)
    for index, probe in enumerate(document.value.get("probes", ())):
        for key in _ANYWHERE:
            if key not in probe and key not in document.value:
                hint = "write it here, or for all probes of the family"
                place = document.place(f"/probes/{index}")
                yield Problem(f"`{key}` is missing", at=place, hint=hint)


def _repeated(document: Document) -> Iterator[Problem]:
    seen: set[str] = set()
    for key in ("probes", "pairs"):
        for index, written in enumerate(document.value.get(key, ())):
            if written["id"] in seen:
                place = document.place(f"/{key}/{index}/id")
                yield Problem(f"there are two with the id `{written['id']}`", at=place)
            seen.add(written["id"])


def _family(name: str, written: Mapping[str, Any]) -> Family:
    defaults = {key: written[key] for key in _DEFAULTS if key in written}
    return Family(
        name=name,
        title=written["title"],
        attacks=written["attacks"],
        owasp=written["owasp"],
        probes=tuple(_probe(name, {**defaults, **probe}) for probe in written.get("probes", ())),
        pairs=tuple(_pair(pair) for pair in written.get("pairs", ())),
        needs_tools=written.get("needs_tools", False),
    )


def _probe(name: str, written: Mapping[str, Any]) -> Probe:
    return Probe(
        id=written["id"],
        family=name,
        owasp=written["owasp"],
        slot=written.get("slot", "any"),
        place=written.get("place", "replace"),
        text=written["text"],
        transform=written.get("transform"),
        resists=tuple(written["resists"]),
        obeyed=written["obeyed"],
        refused=written["refused"],
        rubric=written.get("rubric"),
    )


def _pair(written: Mapping[str, Any]) -> BiasPair:
    first, second = written["texts"]
    return BiasPair(id=written["id"], attribute=written["attribute"], texts=(first, second))


# How the text of a probe is written: placeholders, encodings, languages.

MARKER_LETTERS = 8
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels, so a marker is never a word


def marker(probe_id: str, prompt_id: str) -> str:
    """The marker of a probe of a prompt: hard to guess, but always the same.

    A random marker would change every request, so no recorded answer could be replayed.
    """
    digest = sha256(f"{LIBRARY}\0{probe_id}\0{prompt_id}".encode()).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:MARKER_LETTERS])


def filled(probe: Probe, marker: str, tools: Sequence[str] = ()) -> Probe:
    """The probe without placeholders; its text is not transformed yet.

    Its text and answers name the first of the tools. An assertion that has `@TOOL@` is repeated for
    each tool, because a call of any of them is a success.
    """
    names = _names(marker, tools[0] if tools else "")
    return replace(
        probe,
        text=_filled(probe.text, names),
        resists=tuple(_resists(probe, marker, tools)),
        obeyed=_filled(probe.obeyed, names),
        refused=_filled(probe.refused, names),
    )


def _resists(probe: Probe, marker: str, tools: Sequence[str]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for assertion in probe.resists:
        each = tools if "@TOOL@" in str(assertion) else ("",)
        found += (_filled(assertion, _names(marker, tool)) for tool in each)
    return found


def _names(marker: str, tool: str) -> Mapping[str, str]:
    half = len(marker) // 2
    return {
        "@MARKER@": marker,
        "@HEAD@": marker[:half],
        "@TAIL@": marker[half:],
        "@TOOL@": tool,
    }


def _filled(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for placeholder, name in names.items():
            value = value.replace(placeholder, name)
        return value
    if isinstance(value, Mapping):
        return {key: _filled(item, names) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(item, names) for item in value]
    return value


# How a probe hides its attack. Hostile characters are computed, so no file has them.
#
# `[[…]]` in the text of a probe marks what its transform changes; without a mark, it changes all.

SHOTS = 40
"""The number of turns in a many-shot attack; `@N@` in a turn is its number, from 1."""

PARTS = 4
"""The number of parts of a split attack, named a to d."""

_MARKED = lazy_pattern(r"\[\[(.*?)\]\]", re.DOTALL)
_LEET = str.maketrans("aeiostAEIOST", "431057431057")
_ZERO_WIDTH_SPACE = "\u200b"
_RIGHT_TO_LEFT, _POP_DIRECTION = "\u202e", "\u202c"
_TAGS = 0xE0000


def transformed(probe: Probe, marker: str, tool: str = "") -> str:
    """The text that a probe sends; `tool` is the name of the attacked tool, if it attacks one."""
    text = filled(probe, marker, (tool,)).text
    if probe.transform is None:
        return text
    hide = TRANSFORMS[probe.transform]
    if not _MARKED.search(text):
        return hide(text)
    return _MARKED.sub(lambda match: hide(match[1]), text)


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")


def _bidi(text: str) -> str:
    """Reversed, within a right-to-left override: screens show it forwards."""
    return f"{_RIGHT_TO_LEFT}{text[::-1]}{_POP_DIRECTION}"


def _hex(text: str) -> str:
    return text.encode().hex(" ")


def _homoglyph(text: str) -> str:
    """Some Latin letters replaced by Cyrillic letters of the same shape."""
    return text.translate(CYRILLIC)


def _leet(text: str) -> str:
    return text.translate(_LEET)


def _many_shot(text: str) -> str:
    return "".join(text.replace("@N@", str(number)) for number in range(1, SHOTS + 1))


def _reversed(text: str) -> str:
    return text[::-1]


def _rot13(text: str) -> str:
    return codecs.encode(text, "rot13")


def _split(text: str) -> str:
    """One line for each part: `a = "…"`. A quote in the text becomes a `'`."""
    plain = text.replace('"', "'")
    size = -(-len(plain) // PARTS)
    parts = (plain[index * size : (index + 1) * size] for index in range(PARTS))
    return "\n".join(f'{name} = "{part}"' for name, part in zip("abcd", parts, strict=True))


def _tags(text: str) -> str:
    """ASCII as tag characters, which have no shape: invisible to a person, readable for a model."""
    return "".join(chr(_TAGS + ord(char)) if char.isascii() else char for char in text)


def _zero_width(text: str) -> str:
    """A zero-width space between any two characters: filters that look for words miss them."""
    return _ZERO_WIDTH_SPACE.join(text)


TRANSFORMS: Mapping[Transform, Callable[[str], str]] = {
    "base64": _base64,
    "bidi": _bidi,
    "hex": _hex,
    "homoglyph": _homoglyph,
    "leet": _leet,
    "many-shot": _many_shot,
    "reversed": _reversed,
    "rot13": _rot13,
    "split": _split,
    "tags": _tags,
    "zero-width": _zero_width,
}
