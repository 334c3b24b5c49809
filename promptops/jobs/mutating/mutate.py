"""Mutation testing: break the selected prompts, and try the cases on each mutant."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from promptops.errors import PromptopsError
from promptops.jobs.mutating.live import LiveTrials
from promptops.jobs.mutating.operators.registry import named_operators
from promptops.jobs.mutating.options import MutateOptions
from promptops.jobs.mutating.selected_rows import SelectedRows
from promptops.jobs.mutating.tested_prompt import TestedPrompt
from promptops.jobs.recordings.store import Store
from promptops.jobs.testing.answering import Answering
from promptops.jobs.testing.judging import AnswerJudge
from promptops.jobs.testing.model_calls import ModelCalls
from promptops.jobs.testing.plan import PlannedCase, is_named, named_cases, plan_cases, with_hint
from promptops.jobs.testing.retrieving import MissingInputs
from promptops.jobs.testing.runner import within_policy
from promptops.jobs.workspace.selection import Selected, SelectionOptions, merge_base, select
from promptops.jobs.workspace.workspace import Workspace, configuration
from promptops.model.internal_error import CODE
from promptops.model.loaded import LoadedPrompt
from promptops.model.mutant import MutationRow, MutationRun
from promptops.model.place import Place
from promptops.plurals import counted
from promptops.records import replace


def mutate(workspace: Workspace, wanted: SelectionOptions, options: MutateOptions) -> MutationRun:
    """Break the selected prompts, and report what their cases notice; no file is written.

    Raises UsageError for an unknown operator, a name without a match, an endpoint that is not
    approved, or a missing key or package.
    """
    start_s = time.perf_counter()
    named_operators(options.operators)
    options = replace(options, run=within_policy(workspace, wanted, options.run))
    base = merge_base(workspace, wanted.since) if wanted.since is not None else None
    found = mutate_selected(workspace, select(workspace, wanted), options, base)
    return replace(found, since=wanted.since or "", duration_s=time.perf_counter() - start_s)


def mutate_selected(
    workspace: Workspace, selected: Selected, options: MutateOptions, base: str | None
) -> MutationRun:
    """Break prompts that are already selected; `base` is the commit that changes start from."""
    return _Mutating(workspace, selected, options, base).run()


class _Mutating:
    """One run; `run` is called once."""

    def __init__(
        self, workspace: Workspace, selected: Selected, options: MutateOptions, base: str | None
    ) -> None:
        """`base` is the commit that a change is compared with."""
        self._workspace = workspace
        self._catalog = workspace.catalog
        self._selected = selected
        self._options = options
        self._base = base
        self._operators = named_operators(options.operators)
        self._loaded = list(self._catalog.prompts(selected.why))

    def run(self) -> MutationRun:
        rows = SelectedRows(self._workspace, self._loaded, self._operators, self._base)
        live = LiveTrials(self._workspace, self._options) if self._options.live else None
        trials = rows.tried(self._tested(live.calls if live is not None else ModelCalls()))
        if live is not None:
            live.run(trials)
        results = [*(row.result for row in trials), *_unreadable(self._loaded)]
        run = MutationRun(
            rows=tuple(sorted(results, key=lambda row: (row.partial, row.name))),
            operators=self._operators,
            fail_under=self._fail_under(),
            left_out=tuple(rows.left_out),
        )
        run = replace(run, sources=self._sources(run), nothing=self._why_nothing(run))
        return run if live is None else _with_calls(run, live)

    def _tested(self, calls: ModelCalls) -> list[TestedPrompt]:
        """The prompts that can be read, each with the cases to try."""
        judging = AnswerJudge(self._catalog, Answering(self._catalog, Store(self._catalog)))
        missing = MissingInputs(self._catalog, "live" if self._options.live else "replay", calls)
        tested = [
            TestedPrompt(self._catalog, loaded.prompt, self._plan(loaded, missing), judging)
            for loaded in self._loaded
            if loaded.prompt is not None
        ]
        patterns = self._options.run.cases
        chosen = named_cases([case for prompt in tested for case in prompt.cases], patterns)
        keys = {case.case_key for case in chosen}
        for prompt in tested if patterns else ():
            prompt.cases = tuple(case for case in prompt.cases if case.case_key in keys)
        return tested

    def _plan(self, loaded: LoadedPrompt, missing: MissingInputs) -> list[PlannedCase]:
        """All cases of a prompt; missing inputs are retrieved for those that are named."""
        whole = list(plan_cases(self._catalog, [loaded], 1))
        patterns = self._options.run.cases
        return missing.of_plan([e for e in whole if is_named(e.case.name, patterns)], whole, 1)

    def _fail_under(self) -> float | None:
        """The required score; with `--since` that of the base, which a change can't lower."""
        if self._options.fail_under is not None:
            return self._options.fail_under
        config = self._workspace.config
        if self._base is not None and not self._options.run.trusted:
            with suppress(PromptopsError):  # it was broken, or there was none
                config = configuration(self._workspace.repository, self._base)
        return config.mutate.fail_under

    def _sources(self, run: MutationRun) -> dict[str, str]:
        left = (mutant for mutant in run.mutants if mutant.status != "killed")
        paths = sorted({mutant.place.path for mutant in left})
        return {path: self._catalog.masked(path).text for path in paths}

    def _why_nothing(self, run: MutationRun) -> str:
        if run.mutants:
            return ""
        if not self._catalog.prompt_files:
            return "there are no prompts"
        if not run.rows and self._selected.changed is not None:
            return "no prompt changed: nothing was mutated"
        if not run.rows:
            return f"none of {counted(len(self._catalog.prompt_files), 'prompt')} is selected"
        why = "every mutant is equivalent or ignored"
        return (
            f"no mutant was tested: {next((row.nothing for row in run.rows if row.nothing), why)}"
        )


def _with_calls(run: MutationRun, live: LiveTrials) -> MutationRun:
    calls = live.calls
    return replace(
        run,
        live=True,
        untried=live.untried,
        unanswered=calls.unanswered,
        unasked=calls.unasked,
        ended=calls.ended,
        interrupted=calls.ledger.interrupted,
        cost_usd=calls.cost_usd,
    )


def _unreadable(loaded: Sequence[LoadedPrompt]) -> Iterator[MutationRow]:
    """A row for each prompt that can't be read, so that none is skipped silently."""
    for prompt_file in loaded:
        if prompt_file.prompt is None:
            problem = next(iter(prompt_file.problems), None)
            at = problem.at if problem and isinstance(problem.at, Place) else None
            message = with_hint(problem.message, problem.hint) if problem else "it can't be read"
            yield MutationRow(
                name=prompt_file.id,
                nothing=message,
                unreadable=True,
                internal=problem is not None and problem.code == CODE,
                place=at or Place(prompt_file.path),
            )
