"""CHG901 to CHG903: the gate for a bump or a version given on the command line."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from promptops.diff.changes import change
from promptops.model.change import Change, PromptDiff
from promptops.model.version import Bump, Version


def gate(
    declared: Bump | Version, proved: Bump, last: Version | None, taken: Collection[Version] = ()
) -> Change | None:
    """The error in a bump or a version given on the command line (CHG901 to CHG903), or None.

    A greater bump than the required one is always accepted.
    """
    if isinstance(declared, Bump):
        return None if declared >= proved else _too_small(str(declared), str(proved))
    if last is not None and declared < last:
        return change("CHG902", "", f"{declared} is lower than {last}, the last release")
    if declared in taken or (declared == last and proved):
        return change("CHG901", "", f"{declared} was released already")
    if last is not None and declared < last.after(proved):
        return _too_small(str(declared), f"{last.after(proved)} ({proved})")
    return None


def _too_small(declared: str, proved: str) -> Change:
    return change("CHG903", "", f"{declared} is too small: the changes require {proved}")


def lowered(changes: Collection[Change], declared: Bump, reason: str) -> Change | None:
    """The error for a bump that is too small, or None: with a reason, BEHAVIOR can be lowered.

    Only a waiver lowers the bump of a breaking change, and only to minor.
    """
    above = [each for each in changes if each.bump > declared]
    worst = max(above, key=lambda each: each.bump, default=None)
    if worst is None:
        return None
    firm = next(
        (requiring for requiring in above if requiring.level in ("BREAKING", "ADDITIVE")),
        None,
    )
    if firm is not None:
        return _too_small(str(declared), f"{firm.bump}, by {firm.code}")
    return None if reason.strip() else _too_small(str(declared), f"{worst.bump}, or a reason")


def demanding(prompts: Iterable[PromptDiff], bump: Bump) -> tuple[str, ...]:
    """Changes that require a greater bump, each with its prompt, the greatest bump first."""
    found = [(prompt, each) for prompt in prompts for each in prompt.changes if each.bump > bump]
    found.sort(key=lambda pair: -pair[1].bump)
    return tuple(f"{prompt.id}: {each.code} {each.message}" for prompt, each in found)
