"""How the text of a probe is written: placeholders, encodings, languages."""

from __future__ import annotations

import codecs
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from promptops.evals.probes.library import LIBRARY
from promptops.look_alikes import CYRILLIC
from promptops.model.probe import Probe, Transform
from promptops.patterns import lazy_pattern
from promptops.records import replace

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
