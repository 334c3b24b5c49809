"""Adds to each change the changed files that may have caused it."""

from __future__ import annotations

from collections.abc import Iterable

from promptops.diff.side import PromptSide
from promptops.model.change import Change
from promptops.records import replace

_OF_TEXTS = ("/messages", "/tests")
_OF_SCHEMAS = ("/inputs", "/output", "/tools")


def with_causes(
    before: PromptSide, after: PromptSide, changes: Iterable[Change], changed: frozenset[str]
) -> list[Change]:
    """Changes with the changed files that the prompt uses and that may be the cause."""
    sides = before, after
    texts = changed.intersection(text.path for side in sides for text in side.reached)
    schemas = changed & (before.schema_files | after.schema_files)
    parents = changed.intersection(
        each.target for side in sides for each in side.loaded.references if each.kind == "extends"
    )
    profiles = (side.catalog.config.path for side in sides if side.prompt.model.profile)
    config = changed.intersection(path for path in profiles if path)
    files = {_OF_TEXTS: texts, _OF_SCHEMAS: schemas, ("/model",): config}
    return [_with(change, files, parents) for change in changes]


def _with(
    change: Change, files: dict[tuple[str, ...], frozenset[str]], parents: frozenset[str]
) -> Change:
    own = (paths for starts, paths in files.items() if change.path.startswith(starts))
    via = (
        frozenset(parents).union(*own) if change.level != "NEUTRAL" or change.bump else frozenset()
    )
    return replace(change, via=tuple(sorted(via)))
