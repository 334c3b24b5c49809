"""One test case judged at many commits; nothing is checked out."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING

from promptops.catalog.catalog import Catalog
from promptops.errors import InputError, TransportError
from promptops.evals.engine.ask import Patience, Settings
from promptops.jobs.recordings.store import Store
from promptops.jobs.testing.answering import Answering
from promptops.jobs.testing.asking import ModelCalls, Unwatched, Watcher
from promptops.jobs.testing.budgets import event_of, within_budget
from promptops.jobs.testing.confirming import confirmed
from promptops.jobs.testing.judging import Judging, heard
from promptops.jobs.testing.outcomes import case_runs
from promptops.jobs.testing.plan import Planned, partners, planned, with_hint
from promptops.jobs.workspace.workspace import Workspace, configuration, judged_by, opened
from promptops.model.bisection import TreeVerdict
from promptops.model.config import Config
from promptops.model.loaded import LoadedPrompt
from promptops.model.prompt import Prompt
from promptops.model.test_run import CaseRun
from promptops.nearest import did_you_mean
from promptops.records import field, record, replace
from promptops.repo.repository import Repository

if TYPE_CHECKING:
    from promptops.jobs.workspace.approved_endpoints import Approvals


@record(frozen=True, slots=True, kw_only=True)
class Manner:
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


class CaseAt:
    """A case of a prompt; commits with equal inputs are judged once.

    Attributes:
        names: The ids of the prompt, current one first; the first one in a commit is used.
        fresh: How many judgements did not repeat an earlier one.
    """

    def __init__(
        self, repository: Repository, names: Sequence[str], case: str, manner: Manner
    ) -> None:
        self.names = tuple(names)
        self.fresh = 0
        self._repository = repository
        self._case = case
        self._manner = manner
        self._known: dict[Hashable, TreeVerdict] = {}
        self._policy = configuration(repository, "HEAD", manner.overrides) if manner.live else None
        self._asking = _asking(repository, self._policy or Config(), manner)

    def at(self, commit: str) -> TreeVerdict:
        """The verdict on a commit.

        Raises TransportError if a model did not answer.
        """
        try:
            catalog = self._opened(commit).catalog
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
        key = _all_it_rests_on(catalog, loaded)
        if key not in self._known:
            self.fresh += 1
            self._known[key] = self._judged(catalog, loaded)
        return replace(self._known[key], commit=commit)

    def _opened(self, commit: str) -> Workspace:
        found = opened(self._repository, commit, self._manner.overrides)
        if self._policy is None or self._manner.trusted:
            return found
        # An old commit must not decide where a current API key is sent.
        own = replace(found.config, models=self._policy.models, test=self._policy.test)
        return judged_by(found, own)

    def _judged(self, catalog: Catalog, loaded: LoadedPrompt) -> TreeVerdict:
        if loaded.prompt is None:
            problem = next(iter(loaded.problems), None)
            reason = f"the prompt can't be read: {problem.message if problem else 'no reason'}"
            return TreeVerdict(commit="", verdict="skip", reason=reason)
        whole = list(planned(catalog, [loaded]))
        plan = [each for each in whole if each.case.name == self._case]
        if not plan:
            reason = f"there is no case `{self._case}`"
            hint = did_you_mean(self._case, (each.case.name for each in whole))
            return TreeVerdict(commit="", verdict="skip", reason=with_hint(reason, hint))
        return _verdict(self._runs(catalog, plan, whole))

    def _runs(
        self, catalog: Catalog, plan: Sequence[Planned], whole: Sequence[Planned]
    ) -> list[CaseRun]:
        """The case, answered for all its repeats and judged; nothing is recorded."""
        answering = Answering(
            catalog,
            Store(catalog),
            "live" if self._manner.live else "replay",
            repository=self._repository,
            asking=self._asking,
        )
        judging = Judging(catalog, answering)
        found, got = heard(judging, [*plan, *partners(plan, lambda: whole)])
        found = [each for each in found if each.planned.case.name == self._case]
        kept, notes = confirmed(judging, found) if self._manner.live else (found, {})
        answering.end(prune=False)
        runs = list(case_runs(plan, got, kept, notes))
        self._refuse_silence(runs)
        return runs

    def _refuse_silence(self, runs: Iterable[CaseRun]) -> None:
        """Raise TransportError for a missing answer: the commit is neither good nor skipped."""
        if self._asking.ledger.interrupted:
            raise KeyboardInterrupt
        if self._asking.unanswered:
            reasons = (run.reason for run in runs if run.infrastructure)
            reason = next(reasons, "") or self._asking.ended or "a model did not answer"
            hint = "try again; if the budget was spent, with a greater --max-cost"
            raise TransportError(reason, hint=hint)


def _asking(repository: Repository, policy: Config, manner: Manner) -> ModelCalls:
    """Calls models for all commits, which share a budget."""
    test = policy.test
    settings = Settings(
        concurrency=test.concurrency,
        max_cost_usd=manner.max_cost_usd,
        patience=Patience(try_s=test.timeout_s, total_s=test.total_timeout_s),
    )
    event = event_of(os.environ)
    settings = within_budget(settings, test.budget, event)
    approvals = _approvals(repository, manner) if manner.live else None
    return ModelCalls(settings=settings, watcher=manner.watcher, approvals=approvals, event=event)


def _approvals(repository: Repository, manner: Manner) -> Approvals:
    from promptops.jobs.workspace.approved_endpoints import Approvals

    announce = manner.watcher.calls
    return Approvals(repository=repository, announce=announce, trusts_change=manner.trusted)


def _all_it_rests_on(catalog: Catalog, loaded: LoadedPrompt) -> Hashable:
    """A key that is equal if nothing changed that could change the verdict."""
    entries = catalog.files.entries
    paths = {loaded.path, *catalog.rests_on(loaded.path)} & entries.keys()
    if loaded.prompt is None or _looks_around(loaded.prompt):
        paths = set(entries)
    content = frozenset((path, entries[path].blob, entries[path].kind) for path in paths)
    return loaded.path, repr(catalog.config), content


def _looks_around(prompt: Prompt) -> bool:
    """Whether a judge prompt or code judges the case: their dependencies are unknown."""
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
    said = (each for each in run.assertions if each.must and each.status == "failed")
    first = next(said, None)
    return f"`{first.type}`: {first.reason}" if first is not None else run.reason


def _why_unknown(run: CaseRun) -> str:
    wrong = (each for each in run.assertions if each.status == "error")
    first = next(wrong, None)
    return f"`{first.type}`: {first.reason}" if first is not None else run.reason
