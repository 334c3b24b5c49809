"""What a person tries in an editor or in the browser: a prompt with inputs, on a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.commands.run.preview import preview_prompt
from promptops.commands.run.run import (
    CaseInputs,
    PromptRunOptions,
    RunWatcher,
    refuse_calls,
    run_prompt,
)
from promptops.commands.run.saving import NewCase, NewCaseFields, new_case
from promptops.diff.changes import equal
from promptops.errors import InputError
from promptops.evals.engine.ask import Interrupt
from promptops.model.prompt import Case, Prompt
from promptops.model.prompt_run import PromptRun
from promptops.records import record, replace
from promptops.runtime.request.render import Renderer, RenderError
from promptops.source.config import FILES, load
from promptops.terminal.options import CallOptions
from promptops.workspace.edits import with_changes
from promptops.workspace.listing import unreadable_error
from promptops.workspace.workspace import Workspace, config_files, workspace


@record(frozen=True, slots=True, kw_only=True)
class Tried:
    """The inputs to try.

    Attributes:
        case: The name of a test case; None for the first one.
        inputs: Instead of those of a case; None for those of the case.
    """

    case: str | None = None
    inputs: Mapping[str, Any] | None = None


def tried_inputs(catalog: Catalog, prompt: Prompt, tried: Tried) -> CaseInputs:
    """Given inputs; else those of a test case, or of the first one if there is no such case.

    Given inputs that are equal to those of the test case are written as there: JavaScript writes
    10.0 as 10, which renders differently. Those of a prompt without test cases are the first that
    `promptops cases` would draft.
    """
    given = tried.inputs
    found: Case | None = next((each for each in prompt.cases if each.name == tried.case), None)
    if given is not None and (found is None or not equal(given, found.inputs)):
        return CaseInputs(inputs=given)
    found = found or next(iter(prompt.cases), None)
    if found is None:
        return CaseInputs(inputs=_drafted(catalog, prompt))
    return CaseInputs(inputs=found.inputs, case=found)


def _drafted(catalog: Catalog, prompt: Prompt) -> Mapping[str, Any]:
    from promptops.commands.cases.drafting import drafted

    try:
        cases = drafted(catalog, prompt).cases
    except RenderError:
        return {}
    return cases[0].get("inputs", {}) if cases else {}


def case_of_inputs(workspace: Workspace, prompt: Prompt, fields: NewCaseFields) -> NewCase:
    """The file with a test case of tried inputs; see `new_case`.

    Raises InputError for inputs that don't fit, and can't be rendered, in the words of the form.
    """
    catalog = workspace.catalog
    tried = CaseInputs(inputs=fields.inputs)
    for error in preview_prompt(catalog, prompt, tried).errors:
        raise InputError(error.message, hint=error.hint)
    renderer = Renderer(prompt, catalog.load, catalog.files.data)
    return new_case(workspace, prompt, fields, renderer.request(fields.inputs))


AnswerRun = Callable[[RunWatcher, Interrupt], PromptRun]
"""Calls models, until the interrupt is pressed; may run in any thread."""


@record(frozen=True, slots=True, kw_only=True)
class LiveCall:
    """Models to call with what is tried.

    Attributes:
        path: Of the prompt file.
        models: Names of profiles; empty for the prompt's own model.
        contents: Of files that differ from those of the revision, by path.
        overrides: See `source.config.load`.
    """

    path: str
    tried: Tried
    models: Sequence[str] = ()
    contents: Mapping[str, bytes]
    overrides: Sequence[str] = ()


def live_answers(opened: Workspace, call: LiveCall) -> AnswerRun:
    """A function that calls models as `promptops run` without options does; nothing is recorded."""

    def run(watcher: RunWatcher, interrupt: Interrupt) -> PromptRun:
        refuse_calls()
        with opened_again(opened, call.contents, call.overrides) as current:
            loaded = current.catalog.loaded(call.path)
            if loaded.prompt is None:
                raise unreadable_error(loaded)
            limits = CallOptions()
            options = PromptRunOptions(
                watcher=watcher,
                models=tuple(dict.fromkeys(call.models)),
                settings=limits.settings(current.config.test),
                event=limits.budgeted_event,
                interrupt=interrupt,
            )
            given = tried_inputs(current.catalog, loaded.prompt, call.tried)
            return run_prompt(current, loaded.prompt, given, options)

    return run


@contextmanager
def opened_again(
    opened: Workspace, contents: Mapping[str, bytes], overrides: Sequence[str]
) -> Iterator[Workspace]:
    """The same revision with other contents of files, for another thread.

    The repository is opened again, because the one that is open is used by one thread.

    Args:
        contents: Of files that differ from those of the revision, by path.
        overrides: See `source.config.load`.

    Raises InputError.
    """
    with workspace(opened.repository.root, opened.revision, overrides) as again:
        yield _changed(again, contents, overrides)


def _changed(
    opened: Workspace, contents: Mapping[str, bytes], overrides: Sequence[str]
) -> Workspace:
    """The workspace with other contents of files, and their configuration. Raises InputError."""
    changed = with_changes(opened, contents)
    if contents.keys().isdisjoint(FILES):
        return changed
    config = load(config_files(changed.catalog.files.tree), overrides)
    return with_changes(replace(opened, config=config), contents)
