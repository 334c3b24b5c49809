"""Options of an attack."""

from __future__ import annotations

from promptops.model.probe import Family, ProbeSet
from promptops.records import record
from promptops.testing.options import RunOptions


@record(frozen=True, slots=True, kw_only=True)
class ProbeOptions:
    """Which probes are used, and how their answers are found.

    Attributes:
        families: Names of families; empty for all, or for none if there are imported ones.
        imported: Families that were read from files of other tools.
        probes: `smoke` for the first probe of each family.
        run: Its `repeats` is None for one answer to each attack.
        drafts: Whether drafts are attacked, too.
    """

    families: tuple[str, ...] = ()
    imported: tuple[Family, ...] = ()
    probes: ProbeSet = "all"
    run: RunOptions
    drafts: bool = False

    @property
    def everything(self) -> bool:
        """Whether all probes of the library are used."""
        return self.probes == "all" and not (self.families or self.imported)
