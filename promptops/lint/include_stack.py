"""The includes that lead to a template, as the related places of a problem in it."""

from __future__ import annotations

from promptops.analysis.uses import Stack
from promptops.model.finding import Related


def included_from(stack: Stack) -> tuple[Related, ...]:
    """The includes, imports and calls that lead to a use, the innermost first."""
    return tuple(Related(site.place, "included from here") for site in reversed(stack))
