"""One test case judged at many commits; nothing is checked out."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING

from promptops.catalog.catalog import Catalog
from promptops.errors import InputError, TransportError
from promptops.evals.deciding.broken_contracts import are_mostly_broken
from promptops.evals.engine.ask import Patience, Settings
from promptops.model.config import Config
from promptops.model.history import TreeVerdict
from promptops.model.loaded import LoadedPrompt
from promptops.model.prompt import Case, Prompt
from promptops.model.test_run import CaseRun
from promptops.records import field, record, replace
from promptops.repo.repository import Repository
from promptops.suggestions import did_you_mean
from promptops.testing.answering import Answering
from promptops.testing.confirming import Confirming
from promptops.testing.judging import AnswerJudge, case_runs, judged_answers
from promptops.testing.model_calls import ModelCalls, Unwatched, Watcher, ci_event, within_budget
from promptops.testing.plan import PlannedCase, needed_cases, plan_cases, with_hint
from promptops.testing.recordings.store import Store
from promptops.testing.retrieving import MissingInputs
from promptops.workspace.workspace import Workspace, configuration, with_config, workspace_at

if TYPE_CHECKING:
    from promptops.workspace.approved_endpoints import Approvals


@record(frozen=True, slots=True, kw_only=True)
class CaseOptions:
    """Options for judging a case.

    Attributes:
        live: Call the model; else judge the recordings of each commit.
        trusted: Call the endpoints of each commit's configuration; else those of HEAD.
        max_cost_usd: For all commits together.
        overrides: Override the configuration of each commit.
    """

    live: bool = False
    trusted: bool = False
    max_cost_usd: float | None = None
    watcher: Watcher = field(default_factory=Unwatched)
    overrides: tuple[str, ...] = ()


class CaseVerdicts:
    """A case of a prompt; commits with equal inputs are judged once.

    Attributes:
        names: The ids of the prompt, current one first; the first one in a commit is used.
        fresh: How many judgements did not repeat an earlier one.
    """

    def __init__(
        self,
        repository: Repository,
        names: Sequence[str],
        case: str,
        options: CaseOptions,
        newest: Case | None = None,
    ) -> None:
        """`newest` is used with `live` in commits that don't have the case yet."""
        self.names = tuple(names)
        self.fresh = 0
        self._repository = repository
        self._case = case
        self._options = options
        self._newest = newest if options.live else None
        self._known: dict[Hashable, TreeVerdict] = {}
        self._policy = (
            configuration(repository, "HEAD", options.overrides) if options.live else None
        )
        self._calls = _model_calls(repository, self._policy or Config(), options)

    @property
    def live(self) -> bool:
        """Whether the model is called."""
        return self._options.live

    def at(self, commit: str) -> TreeVerdict:
        """The verdict on a commit.

        Raises TransportError if a model did not answer.
        """
        try:
            catalog = self._workspace_at(commit).catalog
        except InputError as error:  # an error in one commit must not end the search
            reason = f"the configuration can't be read: {error.message}"
            return TreeVerdict(commit=commit, verdict="skip", reason=reason)
        return self.of(catalog, commit)

    def of(self, catalog: Catalog, commit: str) -> TreeVerdict:
        """The verdict on a catalog."""
        path = next((catalog.paths[n] for n in self.names if n in catalog.paths), None)
        if path is None:
            reason = f"there is no prompt `{self.names[0]}`"
            return TreeVerdict(commit=commit, verdict="skip", reason=reason)
        loaded = catalog.loaded(path)
        key = _dependencies_key(catalog, loaded)
        if key not in self._known:
            self.fresh += 1
            self._known[key] = self._tested(catalog, loaded)
        return replace(self._known[key], commit=commit)

    def _workspace_at(self, commit: str) -> Workspace:
        found = workspace_at(self._repository, commit, self._options.overrides)
        if self._policy is None or self._options.trusted:
            return found
        # An old commit must not decide where a current API key is sent.
        own = replace(found.config, models=self._policy.models, test=self._policy.test)
        return with_config(found, own)

    def _tested(self, catalog: Catalog, loaded: LoadedPrompt) -> TreeVerdict:
        if loaded.prompt is None:
            problem = next(iter(loaded.problems), None)
            reason = f"the prompt can't be read: {problem.message if problem else 'no reason'}"
            return TreeVerdict(commit="", verdict="skip", reason=reason)
        whole = list(plan_cases(catalog, [self._with_case(loaded)]))
        chosen = [planned for planned in whole if planned.case.name == self._case]
        # A cached result could be that of another commit's function.
        missing = MissingInputs(catalog, "live" if self._options.live else "replay", self._calls)
        whole = missing.of_plan(chosen, whole)
        plan = [planned for planned in whole if planned.case.name == self._case]
        if not plan:
            reason = f"there is no case `{self._case}`"
            hint = did_you_mean(self._case, (planned.case.name for planned in whole))
            return TreeVerdict(commit="", verdict="skip", reason=with_hint(reason, hint))
        return _verdict(self._runs(catalog, plan, whole))

    def _with_case(self, loaded: LoadedPrompt) -> LoadedPrompt:
        prompt = loaded.prompt
        if prompt is None or self._newest is None:
            return loaded
        if any(case.name == self._case for case in prompt.cases):
            return loaded
        return replace(loaded, prompt=replace(prompt, cases=(*prompt.cases, self._newest)))

    def _runs(
        self, catalog: Catalog, plan: Sequence[PlannedCase], whole: Sequence[PlannedCase]
    ) -> list[CaseRun]:
        """The case, answered for all its repeats and judged; nothing is recorded."""
        answering = Answering(
            catalog,
            Store(catalog),
            "live" if self._options.live else "replay",
            repository=self._repository,
            calls=self._calls,
        )
        judging = AnswerJudge(catalog, answering)
        judged, results = judged_answers(judging, [*plan, *needed_cases(plan, lambda: whole)])
        judged = [answer for answer in judged if answer.planned.case.name == self._case]
        if self._options.live:
            judged, _ = Confirming(judging, judged).settled(rule=are_mostly_broken)
        answering.end(prune=False)
        runs = list(case_runs(plan, results, judged, {}))
        self._refuse_missing_answers(runs)
        return runs

    def _refuse_missing_answers(self, runs: Iterable[CaseRun]) -> None:
        """Raise TransportError for a missing answer: the commit is neither good nor skipped."""
        if self._calls.ledger.interrupted:
            raise KeyboardInterrupt
        if self._calls.unanswered:
            reasons = (run.reason for run in runs if run.infrastructure)
            reason = next(reasons, "") or self._calls.ended or "a model did not answer"
            hint = "try again; if the budget was spent, with a greater --max-cost"
            raise TransportError(reason, hint=hint)


def _model_calls(repository: Repository, policy: Config, options: CaseOptions) -> ModelCalls:
    """Calls models for all commits, which share a budget."""
    test = policy.test
    settings = Settings(
        concurrency=test.concurrency,
        max_cost_usd=options.max_cost_usd,
        patience=Patience(try_s=test.timeout_s, total_s=test.total_timeout_s),
    )
    event = ci_event(os.environ)
    settings = within_budget(settings, test.budget, event)
    approvals = _approvals(repository, options) if options.live else None
    return ModelCalls(settings=settings, watcher=options.watcher, approvals=approvals, event=event)


def _approvals(repository: Repository, options: CaseOptions) -> Approvals:
    from promptops.workspace.approved_endpoints import Approvals

    announce = options.watcher.calls
    return Approvals(repository=repository, announce=announce, trusts_change=options.trusted)


def _dependencies_key(catalog: Catalog, loaded: LoadedPrompt) -> Hashable:
    """A key that is equal if nothing changed that could change the verdict."""
    entries = catalog.files.entries
    paths = {loaded.path, *catalog.dependencies(loaded.path)} & entries.keys()
    if loaded.prompt is None or _has_unknown_dependencies(loaded.prompt):
        paths = set(entries)
    content = frozenset((path, entries[path].blob, entries[path].kind) for path in paths)
    return loaded.path, repr(catalog.config), content


def _has_unknown_dependencies(prompt: Prompt) -> bool:
    """Whether a judge prompt or code judges the case, or code returns an input of it.

    Their dependencies are unknown.
    """
    if any(case.unrecorded for case in prompt.cases):
        return True
    asserted = (prompt.evaluation, [case.output for case in prompt.cases])
    return isinstance(prompt.evaluation.get("judge"), str) or "python'" in repr(asserted)


def _verdict(runs: Sequence[CaseRun]) -> TreeVerdict:
    """The verdict over all repeats: bad if one fails, good only if all pass."""
    bad = next((run for run in runs if run.status == "failed"), None)
    if bad is not None:
        return TreeVerdict(commit="", verdict="bad", reason=_violated(bad))
    unknown = next((run for run in runs if run.status != "passed"), None)
    if unknown is not None:
        return TreeVerdict(commit="", verdict="skip", reason=_why_unknown(unknown))
    return TreeVerdict(commit="", verdict="good")


def _violated(run: CaseRun) -> str:
    violations = (
        assertion for assertion in run.assertions if assertion.must and assertion.status == "failed"
    )
    first = next(violations, None)
    return f"`{first.type}`: {first.reason}" if first is not None else run.reason


def _why_unknown(run: CaseRun) -> str:
    wrong = (assertion for assertion in run.assertions if assertion.status == "error")
    first = next(wrong, None)
    return f"`{first.type}`: {first.reason}" if first is not None else run.reason
