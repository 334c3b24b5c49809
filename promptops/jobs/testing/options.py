"""How test cases are run."""

from __future__ import annotations

from promptops.evals.engine.ask import Settings
from promptops.jobs.recordings.audit import Size
from promptops.jobs.testing.answering import Mode
from promptops.jobs.testing.asking import Unwatched, Watcher
from promptops.jobs.testing.budgets import Event
from promptops.jobs.testing.shards import MergedShards
from promptops.model.shard import Shard
from promptops.records import field, record


@record(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How cases are run.

    Attributes:
        cases: Names or globs of the cases that run; all of them where it is empty.
        repeats: Answers of each case; None for what each prompt says.
        baseline: A revision whose recorded answers measures are compared with; None for where
            this branch left the default one, or the latest release.
        coverage: Tell which branches no case takes.
        prune: Remove recordings that no case asks for any more.
        audit: So many recordings are asked again, and compared.
        seed: Chooses them; the revision where it is "".
        trusted: `--trust-config`: what the change calls is approved and remembered, and its own
            prices and budget count.
        base: With `--since`, the commit that the change is compared with.
        event: What the run is for: its budget bounds the cost where `settings` don't.
        shard: Only the cases of this one, to be merged with the others.
        merged: What shards found out, to be judged together; nobody is asked.
        watcher: Is told how asking goes on.
    """

    mode: Mode = "replay"
    cases: tuple[str, ...] = ()
    repeats: int | None = None
    baseline: str | None = None
    coverage: bool = False
    prune: bool = False
    trusted: bool = False
    base: str | None = None
    audit: Size | None = None
    seed: str = ""
    settings: Settings = field(default_factory=Settings)
    event: Event | None = None
    shard: Shard | None = None
    merged: MergedShards | None = None
    watcher: Watcher = field(default_factory=Unwatched)

    @property
    def calls(self) -> bool:
        """Whether models may be called."""
        return self.mode != "replay" or self.audit is not None
