"""For a person at a terminal: the families, or the probes of some families."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.model.probe import Family, ProbeList
from promptops.model.report import Style, plain
from promptops.plurals import counted
from promptops.report.parts.visible import visible

_LONGEST = 100


def write(listed: ProbeList, *, style: Style = plain, figures: bool = False, **_: object) -> str:
    """A line for each family.

    Args:
        figures: Also a line for each probe, with the beginning of its text.
    """
    lines = _lines(listed.families, style, figures=figures)
    return "".join(f"{line}\n" for line in lines)


def _lines(families: Sequence[Family], style: Style, *, figures: bool) -> Iterator[str]:
    width = max((len(family.name) for family in families), default=0)
    for family in families:
        number = len(family.probes) + len(family.pairs)
        name = style("code", family.name.ljust(width))
        yield f"{name}  {number:>3}  {family.owasp}  {family.attacks}"
        for probe in family.probes if figures else ():
            yield f"  {probe.id}: {visible(probe.text, _LONGEST)}"
        for pair in family.pairs if figures else ():
            yield f"  {pair.id}: {visible(' | '.join(pair.texts), _LONGEST)}"
    number = sum(len(family.probes) + len(family.pairs) for family in families)
    yield style("summary", f"{counted(number, 'probe')} in {counted(len(families), 'family')}")
