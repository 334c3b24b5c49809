"""The notes on inferred inputs, of which most prompts have several, as one line for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from promptops.model.finding import Finding
from promptops.plurals import counted, some
from promptops.report.parts.sentence import heading
from promptops.report.parts.visible import visible

_CODE = "IMP305"
_SHOWN = 8


def without_inferred(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings but for those on inferred inputs."""
    return tuple(one for one in findings if one.code != _CODE)


def inferred_line(findings: Sequence[Finding]) -> str:
    """The number of prompts with inferred inputs, and the names of these; "" without any.

    Such as `undeclared inputs of 2 prompts are inferred from their uses: ticket, tone  [IMP305 …]`.
    """
    found = [one for one in findings if one.code == _CODE]
    if not found:
        return ""
    prompts = counted(len({one.prompt for one in found}), "prompt")
    names = some(list(dict.fromkeys(map(_name, found))), _SHOWN, name=visible)
    listed = f"undeclared inputs of {prompts} are inferred from their uses: {names}"
    return f"{listed}  [{heading(found[0])}]"


def _name(finding: Finding) -> str:
    """The input that a note is about, which its message begins with: `the input `x` …`."""
    return "".join(finding.message.split("`")[1:2]) or finding.message
