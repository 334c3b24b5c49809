"""The includes that lead to a template, as the related places of a problem in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.analysis.uses import TemplateSpan
from promptops.model.finding import Related
from promptops.model.place import Place
from promptops.runtime.template.scope import Frame


def included_from(stack: Iterable[TemplateSpan]) -> tuple[Related, ...]:
    """The includes, imports and calls that lead to a use, the innermost first."""
    return tuple(included_at(site.place) for site in reversed(tuple(stack)))


def included_from_frames(frame: Frame) -> Iterator[Related]:
    """The places that include the template of a frame, the innermost first."""
    while frame.parent is not None:
        yield included_at(frame.parent.text.place(frame.start, frame.end))
        frame = frame.parent


def included_at(place: Place) -> Related:
    """The place of one include."""
    return Related(place, "included from here")
