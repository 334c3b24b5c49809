"""Submit, collect and cancel the batches of any command that runs in recording mode.

A command gives a function that runs it with a `Sender`. To submit, the sender plans the missing
requests; to collect, it has their answers. All else is as in a recording run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.evals.engine.ask import Key, Settings
from promptops.evals.engine.worst_case import Estimate
from promptops.jobs.testing.batch.collecting import (
    RunAgain,
    StoredBatches,
    is_broken,
    shown_case,
    store,
)
from promptops.jobs.testing.batch.fetching import (
    FetchedBatch,
    Open,
    Visit,
    cancelled,
    collected,
    confirmed,
    fetch,
    key_of,
)
from promptops.jobs.testing.batch.pending import PendingBatch, PendingBatches
from promptops.jobs.testing.batch.senders import PlannedRequests
from promptops.jobs.testing.batch.service import BatchService
from promptops.jobs.testing.batch.submitting import Purpose, Submission, digest_of_endpoint, submit
from promptops.jobs.testing.model_calls import Sender
from promptops.jobs.testing.options import RunOptions, approvals_of
from promptops.jobs.workspace.approved_endpoints import Approvals
from promptops.jobs.workspace.model_profiles import unnamed_profile
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.batch import BatchAction, BatchReport, UnansweredCase
from promptops.model.config import ModelProfile
from promptops.model.test_run import CaseRun
from promptops.records import record, replace


@record(frozen=True, slots=True, kw_only=True)
class RehearsedRun:
    """A recording run whose missing requests were planned instead of sent.

    Attributes:
        from_cache: The number of answers that it recorded from the local cache.
    """

    cases: tuple[CaseRun, ...]
    from_cache: int


@record(frozen=True, slots=True, kw_only=True)
class BatchRuns:
    """The batches of one command in one work tree.

    Attributes:
        command: Such as `test`; the start of the commands that a report suggests.
        approvals: The endpoints that may be called.
        shows: Gets the estimate before the first upload.
    """

    workspace: Workspace
    command: str
    settings: Settings
    approvals: Approvals
    shows: Callable[[Estimate], None]

    @classmethod
    def of(
        cls,
        command: str,
        workspace: Workspace,
        options: RunOptions,
        shows: Callable[[Estimate], None],
    ) -> BatchRuns:
        """Those of a command with the options of its runs."""
        return cls(
            workspace=workspace,
            command=command,
            settings=options.settings,
            approvals=approvals_of(workspace.repository, options),
            shows=shows,
        )

    def submit(self, purpose: Purpose, run: Callable[[Sender], RehearsedRun]) -> BatchReport:
        """Submit what `run` would send.

        Raises UsageError as the run does, and if a provider has no batch API; InputError if a batch
        can't be stored.
        """
        with self._pending.locked():
            lost = [batch for batch in self._own() if not batch.id]
            uncertain = [each.row for each in self._fetched(lost, confirmed) if each.is_uncertain]
            planned = PlannedRequests(pending=self._keys(self._pending.all()))
            rehearsed = run(planned.send)
            broken = tuple(map(shown_case, filter(is_broken, rehearsed.cases)))
            done = submit(planned, purpose, self._pending, self.settings, self.shows)
            waits = bool(self._own())
        report = self._submitted(planned, done)
        advice = self._advice("collect") if waits else ""
        batches = (*uncertain, *report.batches)
        return replace(
            report,
            batches=batches,
            from_cache=rehearsed.from_cache,
            refused=broken,
            advice=advice,
        )

    def collect(self, run_again: RunAgain) -> BatchReport:
        """Store the answers of ended batches, and report on the others.

        Collecting again is harmless. Raises UsageError if an endpoint is not approved; InputError
        if recordings can't be written.
        """
        with self._pending.locked():
            own = self._own()
            fetched = self._fetched(own, collected)
            waiting = [each.batch for each in fetched if not each.ended]
            repository = self.workspace.repository
            stored = store(fetched, self._keys(waiting), repository, run_again)
            for each in fetched:
                if each.ended:
                    self._pending.remove(each.batch)
        report = self._report("collect", fetched)
        return self._collected(report, stored)

    def cancel(self) -> BatchReport:
        """Cancel running batches; what is finished can be collected when they have ended."""
        with self._pending.locked():
            fetched = self._fetched(self._own(), cancelled)
        report = self._report("cancel", fetched)
        return replace(report, advice=self._advice("collect") if report.batches else "")

    @property
    def _pending(self) -> PendingBatches:
        return PendingBatches(self.workspace.repository)

    def _own(self) -> list[PendingBatch]:
        """The batches of this command in this work tree."""
        batches = (batch for batch in self._pending.all() if batch.command == self.command)
        return [batch for batch in batches if self._pending.is_own(batch)]

    def _fetched(self, batches: Sequence[PendingBatch], visit: Visit) -> tuple[FetchedBatch, ...]:
        catalog = self.workspace.catalog
        opened = open_services(batches, catalog, self.approvals, self.settings)
        return fetch(batches, opened, self._pending, visit)

    def _keys(self, batches: Sequence[PendingBatch]) -> frozenset[Key]:
        """The keys of all requests in batches whose endpoint a profile has."""
        found: set[Key] = set()
        for batch in batches:
            profile = profile_of(batch, self.workspace.catalog)
            if profile is not None:
                found |= {key_of(request, profile.base_url) for request in batch.requests}
        return frozenset(found)

    def _submitted(self, planned: PlannedRequests, done: Submission) -> BatchReport:
        refused = [
            UnansweredCase(
                prompt=each.ask.payer.prompt,
                case="",
                repeat=each.ask.repeat,
                reason=f"its request can't be submitted: {each.reason}",
            )
            for each in done.refused
        ]
        sent = sum(row.requests for row in done.rows)
        return BatchReport(
            action="submit",
            batches=done.rows,
            unanswered=tuple(refused),
            left=planned.left + len(planned.asks) - sent - len(refused),
            ended=done.failure or planned.ended,
            waiting=len(planned.pending),
        )

    def _collected(self, report: BatchReport, stored: StoredBatches) -> BatchReport:
        if report.running or any(row.state == "unknown" for row in report.batches):
            advice = self._advice("collect")
        elif report.incomplete or stored.unanswered:
            advice = self._advice("submit")
        else:
            advice = stored.then
        return replace(
            report,
            answers=stored.answers,
            outdated=stored.outdated,
            cost_usd=stored.cost_usd,
            unanswered=stored.unanswered,
            refused=stored.refused,
            advice=advice,
        )

    def _report(self, action: BatchAction, fetched: Sequence[FetchedBatch]) -> BatchReport:
        others = [batch for batch in self._pending.all() if not self._pending.is_own(batch)]
        return BatchReport(
            action=action, batches=tuple(each.row for each in fetched), elsewhere=len(others)
        )

    def _advice(self, action: BatchAction) -> str:
        return f"promptops {self.command} --batch {action}"


# The batch APIs of pending batches, for the profiles that the work tree configures.


def open_services(
    batches: Sequence[PendingBatch], catalog: Catalog, approvals: Approvals, settings: Settings
) -> dict[str, Open]:
    """By the digest of the endpoint; endpoints that no profile has any more are left out.

    Raises UsageError if an endpoint is not approved, or a key or package is missing.
    """
    found: dict[str, ModelProfile] = {}
    for batch in batches:
        if batch.endpoint not in found:
            profile = profile_of(batch, catalog)
            if profile is not None:
                found[batch.endpoint] = profile
    if not found:
        return {}
    approved = approvals.approve_profiles(tuple(found.values()), catalog)
    return {
        digest: (profile, BatchService(approved(profile), settings))
        for digest, profile in found.items()
    }


def profile_of(batch: PendingBatch, catalog: Catalog) -> ModelProfile | None:
    """The profile that can collect a batch; None if no profile has its endpoint."""
    return next(_candidates(batch, catalog), None)


def _candidates(batch: PendingBatch, catalog: Catalog) -> Iterator[ModelProfile]:
    """Profiles with the endpoint of a batch, that with its name first."""
    named = catalog.config.models.get(batch.profile)
    unnamed = unnamed_profile({"provider": batch.provider, "id": batch.model})
    for profile in (named, *catalog.config.models.values(), unnamed):
        if profile is not None and digest_of_endpoint(profile) == batch.endpoint:
            yield profile
