"""Options of a run of test cases, and the calls to models that they allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.evals.engine.ask import Interrupt, Settings
from promptops.model.test_run import Shard
from promptops.records import field, record
from promptops.repo.repository import Repository
from promptops.testing.answering import Mode
from promptops.testing.model_calls import Event, ModelCalls, Sender, Unwatched, Watcher
from promptops.testing.recordings.store import SampleSize
from promptops.testing.shards import MergedShards

if TYPE_CHECKING:
    from promptops.workspace.approved_endpoints import Approvals


@record(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How cases are run.

    Attributes:
        cases: Names or globs of the cases to run; empty for all.
        repeats: Answers of each case; None for the prompt's own number.
        baseline: The revision that measures are compared with; None for where this branch left the
            default branch, or the latest release.
        coverage: Compute branch coverage.
        prune: Remove recordings that no case uses any more.
        audit: The size of the sample of recordings to request again.
        seed: Selects the sample; "" for the revision.
        trusted: `--trust-config`: endpoints of the change are approved and remembered, and its own
            prices and budget apply.
        base: With `--since`, the commit that the change is compared with.
        event: The event whose budget limits the cost if `settings` don't.
        shard: Run only the cases of this shard, to be merged with the others.
        merged: The answers of all shards, to be judged together without API calls.
        watcher: Receives the progress.
        sender: Gets answers in another way than by sending each request; see `ModelCalls`.
        interrupt: Ends the run when it is pressed, as Ctrl-C does; None for Ctrl-C only.
    """

    mode: Mode = "replay"
    cases: tuple[str, ...] = ()
    repeats: int | None = None
    baseline: str | None = None
    coverage: bool = False
    prune: bool = False
    trusted: bool = False
    base: str | None = None
    audit: SampleSize | None = None
    seed: str = ""
    settings: Settings = field(default_factory=Settings)
    event: Event | None = None
    shard: Shard | None = None
    merged: MergedShards | None = None
    watcher: Watcher = field(default_factory=Unwatched)
    sender: Sender | None = None
    interrupt: Interrupt | None = None

    @property
    def calls(self) -> bool:
        """Whether models may be called."""
        return self.mode != "replay" or self.audit is not None


def model_calls(repository: Repository, options: RunOptions) -> ModelCalls:
    """The calls to models of a run; merged shards make no further calls."""
    calls = ModelCalls(
        settings=options.settings,
        watcher=options.watcher,
        approvals=approvals_of(repository, options) if options.calls else None,
        sender=options.sender,
        event=options.event,
        interrupt=options.interrupt,
    )
    if options.merged is not None:
        calls.cost_usd = options.merged.cost_usd
        calls.unanswered = options.merged.unanswered
    return calls


def approvals_of(repository: Repository, options: RunOptions) -> Approvals:
    """The endpoints that a run may call."""
    from promptops.workspace.approved_endpoints import Approvals

    return Approvals(
        repository=repository,
        announce=options.watcher.calls,
        base=options.base,
        trusts_change=options.trusted,
    )
