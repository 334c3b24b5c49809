"""Batches: requests of a run that a provider answers within a day, at half the price.

Each batch that is not collected yet is a file in git's directory. It is written before the first
byte is uploaded, and removed after the answers are stored. So neither a crash nor an interruption
loses a batch that has to be paid for. The file has no API key, no prompt and no answer.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from promptops.catalog.catalog import Catalog
from promptops.errors import InputError, UsageError, os_reason
from promptops.evals.cost import answer_cost_usd
from promptops.evals.engine.ask import Answered, Ask, Failed, Key, Outcome, Settings, Unasked
from promptops.evals.engine.budget import (
    Estimate,
    endless_models,
    refuse_unpriced,
    unpriced_models,
    worst_cost_usd,
)
from promptops.evals.providers import (
    BATCH_PRICE,
    BatchIntent,
    BatchItem,
    BatchLimits,
    BatchProgress,
    BatchResult,
    Failure,
)
from promptops.evals.providers.endpoint import Approved, Endpoint, addressed, endpoint_of
from promptops.evals.providers.registry import batches_of
from promptops.model.answer import Answer, Recording, Usage
from promptops.model.batch import BatchAction, BatchReport, BatchRow, BatchState, UnansweredCase
from promptops.model.config import ModelProfile
from promptops.model.test_run import CaseRun
from promptops.plurals import counted
from promptops.records import field, fields, record, replace
from promptops.repo.repository import Repository
from promptops.storage.atomic import replace_whole
from promptops.storage.lock import locked
from promptops.testing.model_calls import ModelCalls, OnOutcome, Sender
from promptops.testing.options import RunOptions, approvals_of
from promptops.testing.recordings.store import AnswerCache, endpoint_digest
from promptops.workspace.profiles import unnamed_profile
from promptops.workspace.workspace import Workspace

T = TypeVar("T")

COLLECT = "promptops recordings batch collect"
SUBMIT = "promptops recordings batch submit"

PENDING = "it is in a batch that is not collected"
NO_RESULT = "its batch has no result for it"

RunAgain = Callable[
    [Mapping[str, Any], Sender], tuple[Sequence[CaseRun], Collection[tuple[str, int]]]
]
"""Runs the plan of a submit again in recording mode; a sender has the answers.

Returns the cases, and digest and repeat of each request that was looked up.
"""


class DamagedPlan(Exception):
    """A plan is not one that a submit stored."""


def refuse_damaged(plan: Mapping[str, Any], kinds: Mapping[str, Any]) -> None:
    """Raise DamagedPlan unless a plan has these keys; a list has strings."""
    if plan.keys() != kinds.keys():
        raise DamagedPlan
    for name, value in plan.items():
        items = value if isinstance(value, list) else ()
        if not isinstance(value, kinds[name]) or not all(isinstance(each, str) for each in items):
            raise DamagedPlan


@record(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What batches are for.

    Attributes:
        command: The key of what runs the plan again.
        plan: What it needs to find the requests again, as JSON data.
        submit: The command that submits what is still missing.
        then: The command that shows what was recorded.
    """

    command: str
    plan: Mapping[str, Any]
    submit: str
    then: str


@record(frozen=True, slots=True, kw_only=True)
class PendingBatch:
    """A batch that is not collected yet.

    Attributes:
        mark: Random; names the file, and the batch where a provider stores such names.
        id: As the provider names it; "" until its creation is confirmed.
        created_s: Unix time before its creation.
        tree: The name of git's directory of the work tree that submitted it.
        purpose: What it is for.
        profile: The name of the model profile.
        provider, model: As in the profile.
        endpoint: The digest of its endpoint; only a profile with the same endpoint can collect it.
        requests: Digest and repeat of each request.
    """

    mark: str
    id: str = ""
    created_s: int
    tree: str
    purpose: Purpose
    profile: str
    provider: str
    model: str
    endpoint: str
    requests: tuple[tuple[str, int], ...]


@record(frozen=True, slots=True, kw_only=True)
class _Visited:
    """A pending batch, as its provider reported it.

    Attributes:
        profile: The profile that can collect it, or None if it was removed.
        results: For all its requests if it has ended; for some if its results are damaged.
    """

    batch: PendingBatch
    row: BatchRow
    profile: ModelProfile | None = None
    results: Mapping[Key, Answer | Failure] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether nothing more can be collected from it."""
        return self.row.state in ("collected", "absent")


class Batches:
    """The batches of a work tree, of all commands."""

    def __init__(self, workspace: Workspace, options: RunOptions) -> None:
        self._workspace = workspace
        self._settings = options.settings
        self._approvals = approvals_of(workspace.repository, options)
        self._files = _PendingFiles(workspace.repository)

    def submit(
        self,
        purpose: Purpose,
        run: Callable[[Sender], tuple[Sequence[CaseRun], int]],
        shows: Callable[[Estimate], None],
    ) -> BatchReport:
        """Submit what `run` would send.

        Args:
            run: A recording run with a sender; returns its cases, and the number of answers that it
                recorded from the local cache.
            shows: Gets the estimate before the first upload.

        Raises UsageError as the run does, and if a provider has no batch API; InputError if a batch
        can't be stored.
        """
        with self._files.locked():
            lost = [batch for batch in self._files.own() if not batch.id]
            found = self._visit(lost, "submit")
            uncertain = [each.row for each in found if not (each.batch.id or each.ended)]
            planned = _Planned(pending=self._keys(self._files.all()))
            cases, from_cache = run(planned.send)
            rows, refused, failure = self._sent(purpose, planned, shows)
            waits = bool(self._files.own())
        sent = sum(row.requests for row in rows)
        return BatchReport(
            action="submit",
            batches=(*uncertain, *rows),
            unanswered=tuple(refused),
            refused=tuple(map(_shown_case, filter(_is_broken, cases))),
            left=planned.left + len(planned.asks) - sent - len(refused),
            ended=failure or planned.ended,
            waiting=len(planned.pending),
            from_cache=from_cache,
            next=COLLECT if waits else "",
        )

    def collect(self, commands: Mapping[str, RunAgain]) -> BatchReport:
        """Store the answers of ended batches as a recording run does, and report on the others.

        Nothing is lost if the process dies: collecting again writes the same. Raises UsageError if
        an endpoint is not approved; InputError if recordings can't be written.
        """
        with self._files.locked():
            own = self._files.own()
            for batch in own:
                if batch.purpose.command not in commands:
                    raise _damaged(self._files.path(batch))
            found = self._visit(own, "collect")
            report = self._stored(found, commands)
            for each in found:
                if each.ended:
                    self._files.remove(each.batch)
        report = self._with_rows(report, found)
        if report.running or any(row.state == "unknown" for row in report.batches):
            return replace(report, next=COLLECT)
        if report.incomplete:
            return replace(report, next=found[0].batch.purpose.submit)
        return report

    def cancel(self) -> BatchReport:
        """Cancel running batches; what is finished can be collected when they have ended.

        Raises UsageError if an endpoint is not approved.
        """
        with self._files.locked():
            found = self._visit(self._files.own(), "cancel")
        then = COLLECT if found else ""
        return self._with_rows(BatchReport(action="cancel", next=then), found)

    def _with_rows(self, report: BatchReport, found: Sequence[_Visited]) -> BatchReport:
        elsewhere = len(self._files.all()) - len(self._files.own())
        return replace(report, batches=tuple(each.row for each in found), elsewhere=elsewhere)

    def _keys(self, batches: Iterable[PendingBatch]) -> frozenset[Key]:
        """The keys of all requests in batches whose endpoint a profile has."""
        catalog = self._workspace.catalog
        pairs = ((batch, _profile_of(batch, catalog)) for batch in batches)
        return frozenset(
            (*request, profile.base_url or "")
            for batch, profile in pairs
            if profile is not None
            for request in batch.requests
        )

    # Submit: each batch is in a file before anything is sent.

    def _sent(
        self, purpose: Purpose, planned: _Planned, shows: Callable[[Estimate], None]
    ) -> tuple[list[BatchRow], list[UnansweredCase], str]:
        """The submitted batches, what no batch can express, and why the others were not sent."""
        services: dict[Endpoint, BatchService] = {}
        for _, approved in planned.asks.values():
            endpoint = endpoint_of(approved.profile)
            if endpoint not in services:
                services[endpoint] = BatchService(approved, self._settings)
        parts, refused = split_into_parts(planned.asks.values(), services)
        unanswered = [
            UnansweredCase(
                prompt=ask.payer.prompt,
                repeat=ask.repeat,
                reason=f"its request can't be submitted: {reason}",
            )
            for ask, reason in refused
        ]
        if parts:
            asks = [ask for ask, _ in planned.asks.values()]
            estimate = Estimate(
                requests=len(asks),
                worst_usd=planned.worst_usd,
                unpriced=unpriced_models(asks),
                endless=endless_models(asks),
                left_usd=self._settings.max_cost_usd,
                batches=len(parts),
            )
            shows(estimate)
        rows: list[BatchRow] = []

        async def send() -> None:
            for service, part in parts:
                rows.append(await self._created(purpose, service, part))

        try:
            _run(send, services.values())
        except Failure as failure:
            if failure.kind == "unsupported":
                raise _no_batch_api(failure.message) from None
            return rows, unanswered, failure.message
        return rows, unanswered, ""

    async def _created(self, purpose: Purpose, service: BatchService, part: Part) -> BatchRow:
        items = [item for _, item in part]
        first = part[0][0]
        batch = PendingBatch(
            mark=os.urandom(8).hex(),
            created_s=int(time.time()),
            tree=self._files.tree,
            purpose=purpose,
            profile=first.profile.name,
            provider=first.profile.provider,
            model=str(first.request.model.get("id", first.profile.id)),
            endpoint=_endpoint_digest(first.profile),
            requests=tuple((ask.digest, ask.repeat) for ask, _ in part),
        )
        self._files.write(batch)
        try:
            created = await service.create(items, self._intent(batch))
        except Failure:
            self._files.remove(batch)
            raise
        if isinstance(created, str):
            return _row_of(batch, "unknown", reason=created)
        batch = replace(batch, id=created.id)
        self._files.write(batch)
        return _row_of(batch, "submitted")

    def _intent(self, batch: PendingBatch) -> BatchIntent:
        """What is known of a batch without an id, to look for it."""
        return BatchIntent(
            mark=batch.mark,
            created_s=batch.created_s,
            custom_ids=frozenset(custom_id(*request) for request in batch.requests),
            taken=frozenset(other.id for other in self._files.all() if other.id),
        )

    # Collect and cancel: what the providers report on pending batches.

    def _visit(self, batches: Sequence[PendingBatch], action: BatchAction) -> tuple[_Visited, ...]:
        """Visit batches one after the other; to submit, only find out whether they exist.

        Raises UsageError if an endpoint is not approved, or a key or package is missing.
        """
        catalog = self._workspace.catalog
        profiles = {batch.endpoint: _profile_of(batch, catalog) for batch in batches}
        known = {digest: profile for digest, profile in profiles.items() if profile is not None}
        if known:
            approved = self._approvals.approve_profiles(tuple(known.values()), catalog)
        services = {
            digest: BatchService(approved(profile), self._settings)
            for digest, profile in known.items()
        }

        async def visit() -> tuple[_Visited, ...]:
            found = []
            for batch in batches:
                profile, service = known.get(batch.endpoint), services.get(batch.endpoint)
                if profile is None or service is None:
                    reason = f"no profile has its endpoint any more: restore `{batch.profile}`"
                    found.append(_Visited(batch=batch, row=self._unknown(batch, reason)))
                else:
                    found.append(await self._visited(batch, profile, service, action))
            return tuple(found)

        return _run(visit, services.values()) if batches else ()

    async def _visited(
        self,
        batch: PendingBatch,
        profile: ModelProfile,
        service: BatchService,
        action: BatchAction,
    ) -> _Visited:
        try:
            if not batch.id:
                progress = await service.find(self._intent(batch))
                if progress is None:
                    self._files.remove(batch)
                    return _Visited(batch=batch, row=_row_of(batch, "absent"), profile=profile)
                batch = replace(batch, id=progress.id)
                self._files.write(batch)
            if action == "submit":
                return _Visited(batch=batch, row=_row_of(batch, "running"), profile=profile)
            progress = await service.progress(batch.id)
            if action == "collect" and progress.ended:
                return await self._collected(batch, profile, service, progress)
            if action == "cancel" and not (progress.ended or progress.cancelling):
                progress = await service.cancel(batch.id)
        except Failure as failure:
            row = self._unknown(batch, failure.message)
            return _Visited(batch=batch, row=row, profile=profile)
        state: BatchState = "cancelling" if progress.cancelling else "running"
        state = "ended" if progress.ended else state
        row = _row_of(batch, state, done=progress.done, reason=progress.reason)
        return _Visited(batch=batch, row=row, profile=profile)

    async def _collected(
        self,
        batch: PendingBatch,
        profile: ModelProfile,
        service: BatchService,
        progress: BatchProgress,
    ) -> _Visited:
        """The results of an ended batch; a failure for each request without one."""
        found, problem = await service.results(batch.id)
        base_url = profile.base_url or ""
        keys = {custom_id(*request): (*request, base_url) for request in batch.requests}
        if found and keys.keys().isdisjoint(found):  # a similar batch was taken for a lost one
            reason = f"`{batch.id}` is a batch of other requests"
            batch = replace(batch, id="")
            self._files.write(batch)
            return _Visited(batch=batch, row=self._unknown(batch, reason), profile=profile)
        results = {keys[name]: found[name].outcome for name in found if name in keys}
        numbers = {
            "done": progress.done,
            "answers": sum(isinstance(outcome, Answer) for outcome in results.values()),
            "ignored": len(found.keys() - keys.keys()),
        }
        if problem:
            row = self._unknown(batch, problem, **numbers)
        else:
            row = _row_of(batch, "collected", reason=progress.reason, **numbers)
            missing = Failure(message=progress.reason or NO_RESULT, kind="refused")
            results = {**dict.fromkeys(keys.values(), missing), **results}
        return _Visited(batch=batch, row=row, profile=profile, results=results)

    def _unknown(self, batch: PendingBatch, reason: str, **more: Any) -> BatchRow:
        return _row_of(batch, "unknown", reason=reason, file=str(self._files.path(batch)), **more)

    # Store: answers become recordings; those that are no longer needed go to the local cache.

    def _stored(self, found: Sequence[_Visited], commands: Mapping[str, RunAgain]) -> BatchReport:
        pending = self._keys(each.batch for each in found if not each.ended)
        profiles: dict[Key, ModelProfile | None] = {}
        results: dict[Key, Answer | Failure] = {}
        for each in found:
            for key, result in each.results.items():
                if not isinstance(results.get(key), Answer):  # an answer wins over a failure
                    results[key], profiles[key] = result, each.profile
        needed: set[tuple[str, int]] = set()
        cases: list[CaseRun] = []
        then = ""
        for batch in _one_of_each_plan(found):
            run_again = commands[batch.purpose.command]
            try:
                again, looked_up = run_again(batch.purpose.plan, answers_from(results, pending))
            except DamagedPlan:
                raise _damaged(self._files.path(batch)) from None
            then = then or (batch.purpose.then if looked_up else "")
            cases += again
            needed |= {*looked_up}
        answers = {key: each for key, each in results.items() if isinstance(each, Answer)}
        outdated = [
            (
                endpoint_digest(profiles[key]),
                Recording(request=key[0], repeat=key[1], case="", answer=answer),
            )
            for key, answer in answers.items()
            if key[:2] not in needed
        ]
        costs = [_batch_cost_usd(profiles[key], answer) for key, answer in answers.items()]
        AnswerCache(self._workspace.repository.common_dir).keep(outdated)
        return BatchReport(
            action="collect",
            answers=len(answers),
            outdated=len(outdated),
            cost_usd=None if None in costs else sum(filter(None, costs)),
            unanswered=tuple(
                _shown_case(case)
                for case in cases
                if case.infrastructure and PENDING not in case.reason
            ),
            refused=tuple(map(_shown_case, filter(_is_broken, cases))),
            next=then,
        )


def _run(work: Callable[[], Awaitable[T]], services: Iterable[BatchService]) -> T:
    async def run() -> T:
        try:
            return await work()
        finally:
            for service in services:
                await service.close()

    return asyncio.run(run())


def _one_of_each_plan(found: Iterable[_Visited]) -> Iterable[PendingBatch]:
    """A batch with results for each command and plan."""
    return {
        json.dumps(each.batch.purpose.plan, sort_keys=True) + each.batch.purpose.command: each.batch
        for each in found
        if each.results
    }.values()


def _batch_cost_usd(profile: ModelProfile | None, answer: Answer) -> float | None:
    """The cost of an answer in a batch; None if the price or the usage is unknown."""
    if profile is None or answer.usage == Usage():
        return None
    usd = answer_cost_usd(answer.usage, profile.provider, profile.id, profile.price)
    return None if usd is None else usd * BATCH_PRICE


def _is_broken(case: CaseRun) -> bool:
    """Whether it is a case or a file with an error, or an answer that may not be recorded."""
    return case.status == "error" and not case.infrastructure and case.answer is None


def _shown_case(case: CaseRun) -> UnansweredCase:
    return UnansweredCase(
        prompt=case.prompt, case=case.name, repeat=case.repeat, reason=case.reason
    )


def _row_of(batch: PendingBatch, state: BatchState, **more: Any) -> BatchRow:
    return BatchRow(
        id=batch.id,
        profile=batch.profile,
        model=batch.model,
        state=state,
        requests=len(batch.requests),
        **more,
    )


def _endpoint_digest(profile: ModelProfile) -> str:
    """The digest of the endpoint that a profile has in this environment."""
    return endpoint_of(addressed(profile, os.environ)).digest


def _profile_of(batch: PendingBatch, catalog: Catalog) -> ModelProfile | None:
    """The profile that can collect a batch, best that with its name; None without its endpoint."""
    configured = catalog.config.models
    unnamed = unnamed_profile({"provider": batch.provider, "id": batch.model})
    for profile in (configured.get(batch.profile), *configured.values(), unnamed):
        if profile is not None and _endpoint_digest(profile) == batch.endpoint:
            return profile
    return None


# What a run does with its requests: plan them for a batch, or answer them from collected ones.


@record(slots=True, kw_only=True)
class _Planned:
    """Plans the requests of a run instead of sending them; `send` is a `Sender`.

    Attributes:
        pending: The keys of requests in batches that are not collected yet.
        asks: The planned requests by key, in order, each with the approval of its endpoint.
        left: The number of requests that a budget leaves out.
        ended: The budget that is spent, in words, or "".
        worst_usd: The highest cost of the planned requests, at batch prices.
    """

    pending: Collection[Key] = ()
    asks: dict[Key, tuple[Ask, Approved]] = field(default_factory=dict)
    left: int = 0
    ended: str = ""
    worst_usd: float = 0.0

    def send(
        self, asks: Sequence[Ask], catalog: Catalog, calls: ModelCalls, _came: OnOutcome
    ) -> tuple[Outcome, ...]:
        """Plan requests within the budgets. Raises UsageError as a run that sends them does."""
        new: dict[Key, Ask] = {}
        for ask in asks:
            if ask.key not in self.pending and ask.key not in self.asks:
                new.setdefault(ask.key, ask)
        if new:
            approved = calls.approve(tuple(new.values()), catalog)
            refuse_unpriced(new.values(), calls.settings)
            if calls.settings.max_cost_usd is not None:
                calls.ledger.purse.most_usd = calls.settings.max_cost_usd
            for key, ask in new.items():
                if self._reserved(ask, calls):
                    self.asks[key] = ask, approved(ask.profile)
        waiting = {*self.asks, *self.pending}
        return tuple(
            Unasked(ask=ask, reason=PENDING if ask.key in waiting else self.ended) for ask in asks
        )

    def _reserved(self, ask: Ask, calls: ModelCalls) -> bool:
        """Whether a request is within the budgets; once one is spent, it pays for no later one."""
        ledger, most = calls.ledger, calls.settings.max_requests
        worst_usd = worst_cost_usd(ask) * BATCH_PRICE
        if most is not None and ledger.requests >= most:
            ledger.end(f"the budget of {counted(most, 'request')} is spent")
        purses = ledger.purses_of(ask.payer)
        for purse in purses:
            if not (ledger.ended or purse.spent or purse.affords(worst_usd)):
                ledger.spent(purse, worst_usd)
        reason = next(filter(None, (ledger.ended, *(purse.spent for purse in purses))), "")
        if reason:
            self.left += 1
            self.ended = self.ended or reason
            return False
        for purse in purses:
            purse.paid_usd += worst_usd
        ledger.requests += 1
        self.worst_usd += worst_usd
        return True


def answers_from(results: Mapping[Key, Answer | Failure], pending: Collection[Key]) -> Sender:
    """A sender with collected answers.

    Args:
        results: By the key of the request, for this endpoint: the answer, or the failure.
        pending: The keys of requests in batches that are still pending.
    """

    def outcome(ask: Ask) -> Outcome:
        result = results.get(ask.key)
        if isinstance(result, Answer):
            cost_usd = _batch_cost_usd(ask.profile, result)
            return Answered(ask=ask, answer=result, cost_usd=cost_usd)
        if isinstance(result, Failure):
            return Failed(ask=ask, failure=result, tries=1)
        reason = PENDING if ask.key in pending else "it is in no batch yet"
        return Unasked(ask=ask, reason=reason)

    def send(
        asks: Sequence[Ask], _catalog: Catalog, _calls: ModelCalls, came: OnOutcome
    ) -> tuple[Outcome, ...]:
        outcomes: dict[Key, Outcome] = {}
        for ask in asks:
            if ask.key not in outcomes:
                outcomes[ask.key] = outcome(ask)
                came(outcomes[ask.key])
        return tuple(outcomes[ask.key] for ask in asks)

    return send


# Split planned requests into batches that their providers accept.

_DIGEST_DIGITS = 48
"""Hexadecimal digits of a digest in a custom id, which has at most 64 characters."""

Part = Sequence[tuple[Ask, BatchItem]]
"""The requests of one batch, which have the same endpoint, API and model."""


def custom_id(digest: str, repeat: int) -> str:
    """The id of a request in a batch."""
    return f"{digest[:_DIGEST_DIGITS]}-{repeat}"


def split_into_parts(
    planned: Iterable[tuple[Ask, Approved]], services: Mapping[Endpoint, BatchService]
) -> tuple[list[tuple[BatchService, Part]], list[tuple[Ask, str]]]:
    """The batches, in the order of their first requests, and what can't be in any, and why."""
    groups: dict[tuple[Endpoint, str], list[tuple[Ask, BatchItem]]] = {}
    refused: list[tuple[Ask, str]] = []
    for ask, approved in planned:
        endpoint = endpoint_of(approved.profile)
        most = services[endpoint].limits.size
        try:
            item = services[endpoint].item(custom_id(ask.digest, ask.repeat), ask.request)
        except Failure as failure:
            refused.append((ask, failure.message))
            continue
        if len(item.line) >= most:
            refused.append((ask, f"it is larger than {most:,} bytes"))
        else:
            groups.setdefault((endpoint, item.group), []).append((ask, item))
    parts = [
        (services[endpoint], part)
        for (endpoint, _), group in groups.items()
        for part in _within(services[endpoint].limits, group)
    ]
    return parts, refused


def _within(limits: BatchLimits, group: Part) -> Iterator[Part]:
    part: list[tuple[Ask, BatchItem]] = []
    size = 0
    for ask, item in group:
        length = len(item.line) + 1
        if len(part) == limits.requests or size + length > limits.size:
            yield part
            part, size = [], 0
        part.append((ask, item))
        size += length
    yield part


# The batch API of one endpoint.

_NOT_CREATED = ("refused", "unsupported", "content_filter", "rate")
"""Kinds of failures after which a batch does certainly not exist."""


class BatchService:
    """Calls one batch API; every method raises Failure."""

    def __init__(self, approved: Approved, settings: Settings) -> None:
        """Raises UsageError if the provider has no batch API, or its key or package is missing."""
        batches = batches_of(approved, os.environ)
        if batches is None:
            raise _no_batch_api(f"the provider `{approved.profile.provider}` has no batch API")
        self._batches = batches
        self._patience = settings.patience
        self._chance = settings.chance
        self._short_s = settings.patience.try_s
        self._long_s = settings.patience.total_s  # files of some hundred MB take longer
        self.limits = batches.limits
        self.item = batches.item

    async def create(self, items: Sequence[BatchItem], intent: BatchIntent) -> BatchProgress | str:
        """Upload items and create a batch once; the reason if it is unknown whether it exists."""
        upload = await self._patiently(
            lambda: self._batches.upload(items, intent.mark, self._long_s)
        )
        try:
            return await self._patiently(
                lambda: self._batches.create(items, upload, intent.mark, self._long_s),
                lambda failure: failure.kind == "rate" and failure.retryable,
            )
        except Failure as failure:
            if failure.kind in _NOT_CREATED:
                raise
            original = failure
        try:
            found = await self.find(intent)
        except Failure:
            return original.message
        if found is None:
            raise original
        return found

    async def find(self, intent: BatchIntent) -> BatchProgress | None:
        """The batch of an interrupted `create`, or None."""
        return await self._patiently(lambda: self._batches.find(intent, self._short_s))

    async def progress(self, identity: str) -> BatchProgress:
        """How far a batch is."""
        return await self._patiently(lambda: self._batches.progress(identity, self._short_s))

    async def cancel(self, identity: str) -> BatchProgress:
        """End a batch."""
        return await self._patiently(lambda: self._batches.cancel(identity, self._short_s))

    async def results(self, identity: str) -> tuple[dict[str, BatchResult], str]:
        """The results by custom id, and why some can't be read, or "".

        Of several results for one id, the answer counts.
        """
        found: dict[str, BatchResult] = {}

        async def read() -> None:
            async for result in self._batches.results(identity, self._long_s):
                known = found.get(result.custom_id)
                if known is None or isinstance(known.outcome, Failure):
                    found[result.custom_id] = result

        try:
            await self._patiently(read)
        except Failure as failure:
            return found, failure.message
        return found, ""

    async def close(self) -> None:
        """Close connections."""
        with suppress(Exception):
            await self._batches.close()

    async def _patiently(
        self,
        call: Callable[[], Awaitable[T]],
        may_retry: Callable[[Failure], bool] = lambda failure: failure.retryable,
    ) -> T:
        """The result of a call, which is repeated after some failures.

        The pause is as long as the server wants, or a random time that grows with each try. Raises
        the failure if the server wants a longer pause than one request may take.
        """
        patience = self._patience
        tries = 1
        while True:
            try:
                return await call()
            except Failure as failure:
                wait_s = failure.retry_after_s
                if not may_retry(failure) or tries == patience.tries:
                    raise
                if wait_s is not None and wait_s > patience.total_s:
                    raise
            longest_s = min(patience.first_wait_s * 2 ** (tries - 1), patience.longest_wait_s)
            await asyncio.sleep(self._chance.uniform(0.0, longest_s) if wait_s is None else wait_s)
            tries += 1


def _no_batch_api(message: str) -> UsageError:
    return UsageError(message, hint="send the requests one by one: promptops test --record")


# The files of pending batches.

_FORMAT = 2
_LOCKED_WORK = "submitting or collecting batches"
_TYPES = {"created_s": int, "plan": dict, "requests": tuple, "purpose": Purpose}
"""The types of the attributes that are not strings."""


class _PendingFiles:
    """The files of a repository; use them inside `locked`."""

    def __init__(self, repository: Repository) -> None:
        """Raises GitError if there is no work tree."""
        repository.need_work_tree()
        linked = repository.git_dir != repository.common_dir
        self.tree = repository.git_dir.name if linked else ""
        self._trees = repository.common_dir / "worktrees"
        self._folder = repository.common_dir / "promptops" / "batches"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Raises InputError if another process submits or collects."""
        with ExitStack() as stack:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(
                    locked(self._folder / "lock", patience_s=0.0, work=_LOCKED_WORK)
                )
            except OSError as error:
                raise _unwritable(self._folder, error) from None
            yield

    def all(self) -> list[PendingBatch]:
        """The batches of all work trees, oldest first; raises InputError for a damaged file."""
        found = [_read(file) for file in sorted(self._folder.glob("*.json"))]
        return sorted(found, key=lambda batch: (batch.created_s, batch.mark))

    def own(self) -> list[PendingBatch]:
        """The batches of this work tree, and of those that were removed."""
        return [
            batch
            for batch in self.all()
            if batch.tree == self.tree or not (batch.tree and (self._trees / batch.tree).is_dir())
        ]

    def write(self, batch: PendingBatch) -> None:
        """Write a batch to disk; raises InputError."""
        value = {"format": _FORMAT, **_values(batch), "purpose": _values(batch.purpose)}
        data = json.dumps(value, indent=1).encode() + b"\n"
        file = self.path(batch)
        try:
            replace_whole(file, data, file.with_suffix(".new"))
        except OSError as error:
            raise _unwritable(file, error) from None

    def remove(self, batch: PendingBatch) -> None:
        """Remove a batch whose answers are stored, or that was not created."""
        self.path(batch).unlink(missing_ok=True)

    def path(self, batch: PendingBatch) -> Path:
        """The file of a batch."""
        return self._folder / f"{batch.mark}.json"


def _read(file: Path) -> PendingBatch:
    try:
        value = json.loads(file.read_bytes())
        if value.pop("format") != _FORMAT:
            hint = "collect it with the version of promptops that submitted it"
            raise InputError("this batch has an unknown format", where=str(file), hint=hint)
        requests = tuple((str(digest), int(repeat)) for digest, repeat in value.pop("requests"))
        purpose = Purpose(**value.pop("purpose"))
        batch = PendingBatch(**value, purpose=purpose, requests=requests)
    except OSError as error:
        message = f"this batch can't be read: {os_reason(error)}"
        raise InputError(message, where=str(file), hint="check its permissions") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _damaged(file) from None
    attributes = (_values(batch) | _values(purpose)).items()
    right = all(isinstance(value, _TYPES.get(name, str)) for name, value in attributes)
    if not right or batch.mark != file.stem:
        raise _damaged(file)
    return batch


def _values(of: PendingBatch | Purpose) -> dict[str, Any]:
    return {each.name: getattr(of, each.name) for each in fields(of)}


def _damaged(file: Path) -> InputError:
    hint = "look the batch up at the provider, then delete this file"
    return InputError("this file of a batch is damaged", where=str(file), hint=hint)


def _unwritable(file: Path, error: OSError) -> InputError:
    message = f"the batch can't be stored: {os_reason(error)}"
    hint = "check the permissions and the free disk space"
    return InputError(message, where=str(file), hint=hint)
