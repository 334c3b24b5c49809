"""The coverage of template branches by the test cases of each prompt."""

from __future__ import annotations

from collections.abc import Iterable

from promptops.analysis.coverage import Branch, coverage, never_empty, uncovered_message, uses_of
from promptops.analysis.input_schemas import InputSchemas
from promptops.analysis.secrets import without_secrets
from promptops.catalog.catalog import Catalog
from promptops.model.internal_error import CaughtBug
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.model.test_run import CaseRun, CoverageRow, Uncovered
from promptops.records import record, replace
from promptops.runtime.request.render import Renderer, RenderError
from promptops.runtime.template.limits import PromptBudget
from promptops.testing.judging import error_run


@record(frozen=True, slots=True)
class CoverageResult:
    """Coverage by prompt, in order.

    Attributes:
        failed: An internal error for each prompt whose coverage could not be computed.
    """

    rows: tuple[CoverageRow, ...]
    failed: tuple[CaseRun, ...]


def coverage_rows(catalog: Catalog, loaded: Iterable[LoadedPrompt]) -> CoverageResult:
    """A row for each prompt that can be read and has a branch."""
    rows: list[CoverageRow] = []
    failed: list[CaseRun] = []
    for prompt in (prompt_file.prompt for prompt_file in loaded if prompt_file.prompt is not None):
        with CaughtBug() as bug:
            rows.append(_coverage_row(catalog, prompt))
        if bug.error is not None:
            problem = bug.error.problem("", "coverage")
            run = error_run(prompt.id, problem.message, Place(prompt.path))
            failed.append(replace(run, internal=True))
    return CoverageResult(tuple(row for row in rows if row.total), tuple(failed))


def _coverage_row(catalog: Catalog, prompt: Prompt) -> CoverageRow:
    full = never_empty(uses_of(prompt, catalog.load), InputSchemas(prompt.inputs))
    found = coverage(prompt, catalog.load, _covered_branches(catalog, prompt), full)
    missing = (uncovered_message(way) for way in found.ways if not way.covered)
    # For a condition that no case reaches, both branches would report the same.
    uncovered = dict.fromkeys(
        Uncovered(place=site.place, message=without_secrets(description))
        for description, site, _ in missing
    )
    return CoverageRow(
        prompt=prompt.id, covered=found.covered, total=found.total, uncovered=tuple(uncovered)
    )


def _covered_branches(catalog: Catalog, prompt: Prompt) -> set[Branch]:
    """The branches covered by all cases; a case that can't be rendered covers none."""
    taken: set[Branch] = set()
    try:
        budget = PromptBudget(len(prompt.cases))
        renderer = Renderer(prompt, catalog.load, catalog.files.data, budget)
    except RenderError:
        return taken
    for case in prompt.cases:
        if case.unrecorded:
            continue
        try:
            taken |= renderer.trace(case.inputs).branches
        except RenderError:
            continue
    return taken
