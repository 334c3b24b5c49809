"""Compares two catalogs: the changes of each prompt, and the bump that they require."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date

from promptops.analysis.schemas.steps import Steps
from promptops.analysis.tokens import estimate
from promptops.catalog.catalog import Catalog
from promptops.diff.assertions import assertion_changes
from promptops.diff.case_view import Count, case_diff
from promptops.diff.changes import apply_waivers, change, with_fingerprints
from promptops.diff.inputs import input_changes
from promptops.diff.matching import PromptPair, added, matches, not_compared, removed, unreadable
from promptops.diff.messages import message_changes
from promptops.diff.metadata import metadata_changes
from promptops.diff.models import long_context, model_changes
from promptops.diff.outputs import output_changes
from promptops.diff.rendering import RenderedPair, render_both
from promptops.diff.requests import request_changes
from promptops.diff.side import PromptSide
from promptops.diff.tools import tool_changes
from promptops.model.bump import Bump
from promptops.model.change import Change, PromptDiff, number_of_cases
from promptops.model.internal_error import CaughtBug, InternalError
from promptops.model.prompt import Model
from promptops.records import record, replace


@record(frozen=True, slots=True, kw_only=True)
class CompareOptions:
    """How to compare.

    Attributes:
        strict: An additional property of the output breaks its consumers.
        today: The date, for waivers and sunsets.
        count: Returns the function that counts the tokens of a model.
    """

    strict: bool = False
    today: date
    count: Callable[[Model], Count] = lambda _model: estimate


def compare(
    base: Catalog,
    head: Catalog,
    paths: Collection[str],
    changed: Collection[str],
    options: CompareOptions,
) -> Iterator[PromptDiff]:
    """Compare prompts; yields a result only for prompts with changes.

    Args:
        paths: Prompt files to compare, of either side.
        changed: All files that differ between the sides and so may cause a change.
    """
    for match in matches(base, head, paths):
        with CaughtBug() as bug:
            found = _of_match(match, frozenset(changed), options)
        if bug.error is not None:
            found = _diff(match, [not_compared(bug.error)], options)
        if found is not None:
            yield found


def _of_match(
    match: PromptPair, changed: frozenset[str], options: CompareOptions
) -> PromptDiff | None:
    before, after = match.before, match.after
    if before is not None and after is not None and before.prompt and after.prompt:
        old = PromptSide(match.base, before, before.prompt)
        new = PromptSide(match.head, after, after.prompt)
        try:
            return _compared(match, old, new, changed, options)
        except RecursionError:
            return _diff(
                match, [change("CHG501", "", "it is nested too deeply to be compared")], options
            )
    if before is not None and after is not None:
        changes = unreadable(match)
    else:
        changes = added(match) if before is None else removed(match)
    return _diff(match, changes, options)


def _compared(
    match: PromptPair,
    before: PromptSide,
    after: PromptSide,
    changed: frozenset[str],
    options: CompareOptions,
) -> PromptDiff | None:
    rendered = render_both(before, after)
    steps = Steps()
    inputs = [*input_changes(before, after, options.today, steps)]
    changes = [
        *inputs,
        *output_changes(before, after, steps, strict=options.strict),
        *tool_changes(before, after, steps),
        *model_changes(before, after),
        *message_changes(before, after),
        *request_changes(before, after, rendered, inputs),
        *assertion_changes(before, after),
        *metadata_changes(before, after),
    ]
    if not changes:
        return None
    count = options.count(after.prompt.model)
    cases = [case_diff(before, after, pair, count) for pair in rendered if _is_shown(pair)]
    changes += long_context(before, after, cases)
    if before.prompt.status == "draft":  # no release contained it, so no caller relies on it
        changes = [each if each.path == "/status" else _of_draft(each) for each in changes]
    found = _diff(match, with_causes(before, after, changes, changed), options)
    return replace(
        found,
        cases=tuple(cases),
        rendered=number_of_cases(pair.name for pair in rendered if pair.requests is not None),
        via=tuple(sorted({path for change in found.changes for path in change.via})),
    )


def with_failed_answers(diff: PromptDiff, error: InternalError) -> PromptDiff:
    """The prompt, with a change for recorded answers that could not be compared."""
    (failed,) = with_fingerprints(diff.id, [not_compared(f"recorded answers: {error}")])
    return replace(diff, changes=(failed, *diff.changes), bump=max(diff.bump, failed.bump))


def _of_draft(found: Change) -> Change:
    """A prompt that no release contains breaks no caller and requires no bump."""
    message = f"{found.message} (a draft)"
    return replace(found, level="NEUTRAL", bump=Bump.NONE, message=message)


def _is_shown(rendered: RenderedPair) -> bool:
    return rendered.breaks or (rendered.requests is not None and rendered.differs)


def _diff(match: PromptPair, changes: list[Change], options: CompareOptions) -> PromptDiff:
    marked = with_fingerprints(match.id, changes)
    base, head = match.base.config.diff.waivers, match.head.config.diff.waivers
    settled = apply_waivers(marked, head, base, options.today)
    return PromptDiff(
        id=match.id,
        path=match.path,
        state=match.state,
        bump=max((change.bump for change in settled), default=Bump.NONE),
        changes=settled,
        before_id=match.before_id,
    )


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
        reference.target
        for side in sides
        for reference in side.loaded.references
        if reference.kind == "extends"
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
