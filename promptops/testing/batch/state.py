"""The batch API of a provider, the requests of a run for it, and the batches that are pending."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from promptops.catalog.catalog import Catalog
from promptops.errors import InputError, UsageError, os_reason
from promptops.evals.cost import answer_cost_usd
from promptops.evals.engine.ask import Answered, Ask, Failed, Key, Outcome, Settings, Unasked
from promptops.evals.engine.budget import refuse_unpriced, worst_cost_usd
from promptops.evals.providers import (
    BATCH_PRICE,
    BatchIntent,
    BatchItem,
    BatchProgress,
    BatchResult,
    Failure,
)
from promptops.evals.providers.endpoint import Approved
from promptops.evals.providers.registry import batches_of
from promptops.model.answer import Answer, Usage
from promptops.model.config import ModelProfile
from promptops.plurals import counted
from promptops.records import field, fields, record
from promptops.repo.repository import Repository
from promptops.storage.atomic import replace_whole
from promptops.storage.lock import locked
from promptops.testing.model_calls import ModelCalls, OnOutcome

T = TypeVar("T")


_NOT_CREATED = ("refused", "unsupported", "content_filter", "rate")
"""Kinds of failures after which a batch does certainly not exist."""


class Unconfirmed(Exception):
    """It is unknown whether a batch was created."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BatchService:
    """Calls one batch API."""

    def __init__(self, approved: Approved, settings: Settings) -> None:
        """Raises UsageError if the provider has no batch API, or its key or package is missing."""
        batches = batches_of(approved, os.environ)
        if batches is None:
            raise no_batch_api(f"the provider `{approved.profile.provider}` has no batch API")
        self._batches = batches
        self._patience = settings.patience
        self._chance = settings.chance
        self.limits = self._batches.limits
        self.item = self._batches.item

    async def upload(self, items: Sequence[BatchItem], mark: str) -> str:
        """Upload items; see `Batches.upload`."""
        return await self._patiently(lambda: self._batches.upload(items, mark, self._long_s))

    async def create(
        self, items: Sequence[BatchItem], upload: str, intent: BatchIntent
    ) -> BatchProgress:
        """Create a batch once.

        Raises Failure if it was not created, Unconfirmed if that is unknown.
        """
        try:
            return await self._patiently(
                lambda: self._batches.create(items, upload, intent.mark, self._long_s),
                _is_rate_limit,
            )
        except Failure as failure:
            if failure.kind in _NOT_CREATED:
                raise
            original = failure
        try:
            found = await self.find(intent)
        except Failure:
            raise Unconfirmed(original.message) from None
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
        for tries in range(1, self._patience.tries + 1):
            try:
                async for result in self._batches.results(identity, self._long_s):
                    known = found.get(result.custom_id)
                    if known is None or isinstance(known.outcome, Failure):
                        found[result.custom_id] = result
                return found, ""
            except Failure as failure:
                if not failure.retryable or tries == self._patience.tries:
                    return found, failure.message
                await self._pause(failure, tries)
        return found, ""

    async def close(self) -> None:
        """Close connections."""
        with suppress(Exception):
            await self._batches.close()

    @property
    def _short_s(self) -> float:
        return self._patience.try_s

    @property
    def _long_s(self) -> float:
        """Files of some hundred MB take longer than an answer."""
        return self._patience.total_s

    async def _patiently(
        self,
        call: Callable[[], Awaitable[T]],
        may_retry: Callable[[Failure], bool] = lambda failure: failure.retryable,
    ) -> T:
        """The result of a call, which is repeated after some failures."""
        tries = 1
        while True:
            try:
                return await call()
            except Failure as failure:
                if not may_retry(failure) or tries == self._patience.tries:
                    raise
                await self._pause(failure, tries)
            tries += 1

    async def _pause(self, failure: Failure, tries: int) -> None:
        """As long as the server wants, or a random time that grows with each try.

        Raises the failure if the server wants a longer pause than one request may take.
        """
        patience = self._patience
        longest_s = min(patience.first_wait_s * 2 ** (tries - 1), patience.longest_wait_s)
        wait_s = failure.retry_after_s
        if wait_s is not None and wait_s > patience.total_s:
            raise failure
        await asyncio.sleep(self._chance.uniform(0.0, longest_s) if wait_s is None else wait_s)


def _is_rate_limit(failure: Failure) -> bool:
    return failure.kind == "rate" and failure.retryable


def no_batch_api(message: str) -> UsageError:
    """The error for an endpoint without a batch API."""
    return UsageError(message, hint="send the requests one by one: --record, without --batch")


# What a run does with its requests: plan them for a batch, or answer them from collected ones.

PENDING = "it is in a batch that is not collected"


@record(slots=True, kw_only=True)
class PlannedRequests:
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
        return tuple(Unasked(ask=ask, reason=self._reason(ask)) for ask in asks)

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

    def _reason(self, ask: Ask) -> str:
        return PENDING if ask.key in self.asks or ask.key in self.pending else self.ended


@record(slots=True, kw_only=True)
class CollectedAnswers:
    """Answers the requests of a run from collected batches; `send` is a `Sender`.

    Attributes:
        results: By the key of the request, for this endpoint: the answer, or the failure.
        pending: The keys of requests in batches that are still pending.
    """

    results: Mapping[Key, Answer | Failure]
    pending: Collection[Key] = ()

    def send(
        self, asks: Sequence[Ask], _catalog: Catalog, _calls: ModelCalls, came: OnOutcome
    ) -> tuple[Outcome, ...]:
        """The outcomes, as if the requests had been sent."""
        outcomes: dict[Key, Outcome] = {}
        for ask in asks:
            if ask.key not in outcomes:
                outcomes[ask.key] = self._outcome(ask)
                came(outcomes[ask.key])
        return tuple(outcomes[ask.key] for ask in asks)

    def _outcome(self, ask: Ask) -> Outcome:
        result = self.results.get(ask.key)
        if isinstance(result, Answer):
            cost_usd = batch_cost_usd(ask.profile, result)
            return Answered(ask=ask, answer=result, cost_usd=cost_usd)
        if isinstance(result, Failure):
            return Failed(ask=ask, failure=result, tries=1)
        if ask.key in self.pending:
            return Unasked(ask=ask, reason=PENDING)
        return Unasked(ask=ask, reason="it is in no batch yet")


def batch_cost_usd(profile: ModelProfile, answer: Answer) -> float | None:
    """The cost of an answer in a batch; None if the price or the usage is unknown."""
    if answer.usage == Usage():
        return None
    usd = answer_cost_usd(answer.usage, profile.provider, profile.id, profile.price)
    return None if usd is None else usd * BATCH_PRICE


# The batches that are not collected yet: one file each, in git's directory.
#
# A file is written before the first byte is uploaded, and removed after the answers are stored. So
# neither a crash nor an interruption loses a batch that has to be paid for. It has no API key, no
# prompt and no answer.

PENDING_FORMAT = 1

_LOCKED_WORK = "submitting or collecting batches"


@record(frozen=True, slots=True, kw_only=True)
class BatchedRequest:
    """One request of a batch.

    Attributes:
        request: Its digest.
        repeat: 0-based.
        prompt, judge: Who needs the answer; see `Payer`.
    """

    custom_id: str
    request: str
    repeat: int
    prompt: str
    judge: str


@record(frozen=True, slots=True, kw_only=True)
class PendingBatch:
    """A batch that is not collected yet.

    Attributes:
        mark: Random; names the file, and the batch where a provider stores such names.
        id: As the provider names it; "" until its creation is confirmed.
        created_s: Unix time before its creation.
        tree: The name of git's directory of the work tree that submitted it.
        command: The command that collects it.
        plan: What the command needs to find its requests again, as JSON data.
        profile: The name of the model profile.
        provider, model: As in the profile.
        endpoint: The digest of its endpoint; only a profile with the same endpoint can collect it.
    """

    mark: str
    id: str = ""
    created_s: int
    tree: str
    command: str
    plan: Mapping[str, Any]
    profile: str
    provider: str
    model: str
    endpoint: str
    requests: tuple[BatchedRequest, ...]


class PendingBatches:
    """The pending batches of a repository; use it inside `locked`."""

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

    def all(self) -> tuple[PendingBatch, ...]:
        """The batches of all work trees, oldest first; raises InputError for a damaged file."""
        found = [_read_pending(file) for file in sorted(self._folder.glob("*.json"))]
        return tuple(sorted(found, key=lambda batch: (batch.created_s, batch.mark)))

    def is_own(self, batch: PendingBatch) -> bool:
        """Whether it belongs to this work tree, or to one that was removed."""
        return batch.tree == self.tree or not (batch.tree and (self._trees / batch.tree).is_dir())

    def write(self, batch: PendingBatch) -> None:
        """Write a batch to disk; raises InputError."""
        requests = [_attributes(request) for request in batch.requests]
        value = {"format": PENDING_FORMAT, **_attributes(batch), "requests": requests}
        data = json.dumps(value, indent=1).encode() + b"\n"
        file = self.file(batch)
        try:
            replace_whole(file, data, file.with_suffix(".new"))
        except OSError as error:
            raise _unwritable(file, error) from None

    def remove(self, batch: PendingBatch) -> None:
        """Remove a batch whose answers are stored, or that was not created."""
        self.file(batch).unlink(missing_ok=True)

    def file(self, batch: PendingBatch) -> Path:
        """The file of a batch."""
        return self._folder / f"{batch.mark}.json"


def _attributes(of: PendingBatch | BatchedRequest) -> dict[str, Any]:
    """The attributes by name; `asdict` takes milliseconds for each record."""
    return {each.name: getattr(of, each.name) for each in fields(of)}


def _read_pending(file: Path) -> PendingBatch:
    try:
        value = json.loads(file.read_bytes())
        if value.pop("format") != PENDING_FORMAT:
            hint = "collect it with the version of promptops that submitted it"
            raise InputError("this batch has an unknown format", where=str(file), hint=hint)
        requests = tuple(BatchedRequest(**each) for each in value.pop("requests"))
        return PendingBatch(**value, requests=requests)
    except OSError as error:
        message = f"this batch can't be read: {os_reason(error)}"
        raise InputError(message, where=str(file), hint="check its permissions") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        hint = "look the batch up at the provider, then delete this file"
        raise InputError("this file of a batch is damaged", where=str(file), hint=hint) from None


def _unwritable(file: Path, error: OSError) -> InputError:
    message = f"the batch can't be stored: {os_reason(error)}"
    hint = "check the permissions and the free disk space"
    return InputError(message, where=str(file), hint=hint)
