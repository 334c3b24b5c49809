"""Placeholders in the strings of a probe: the marker that proves success, and the attacked tool.

`@MARKER@` has eight letters; `@HEAD@` and `@TAIL@` are its halves. Most attacks demand the marker
but contain only its halves, so an answer that quotes the attack does not count as one that obeys.
`@TOOL@` is a tool that the prompt defines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from promptops.evals.probes.library import LIBRARY
from promptops.model.probe import Probe
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
