"""Options of scoring."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from promptops.model.config import AlertRule
from promptops.model.score import DEFAULT_BY, Dimension
from promptops.records import field, record
from promptops.testing.options import RunOptions


def _ignored(_: bytes) -> None:
    """Ignores lines of events."""


def _uncounted(_: int) -> None:
    """Receives the number of samples if progress is not shown."""


@record(frozen=True, slots=True, kw_only=True)
class ScoreOptions:
    """What is scored, and how.

    Attributes:
        paths: Files and URLs of samples; `-` is standard input.
        format: The name of a reader, or `auto`.
        fields: JSON pointers into a log line by the name of a field of a sample.
        at: The revision whose prompts are used for samples without release and version.
        prompts: Ids and globs of the prompts that count; empty for all.
        by: The dimensions of the groups.
        share: The share of the samples to score, 0 to 1, chosen by their id.
        judge: Samples of each group that judges are called about; 0 for none.
        alerts: Evaluated for every group of the rule's prompts.
        failures: How many failing samples of each prompt to return; 0 for none.
        events: Whether to make the events of evaluations.
        content: Whether the events have the reason of a failed assertion.
        on_events: Receives lines of events, in the order of the samples.
        on_samples: Receives the number of samples read so far, after each part.
        processes: 0 for one per core.
        engine: `local` or `dask`.
        cluster: The address of the cluster, for engines that need one.
        run: The budget of the calls to judges.
    """

    paths: tuple[str, ...]
    format: str = "auto"
    fields: Mapping[str, str] = field(default_factory=dict)
    at: str = "HEAD"
    prompts: tuple[str, ...] = ()
    by: tuple[Dimension, ...] = DEFAULT_BY
    share: float = 1.0
    judge: int = 0
    alerts: tuple[AlertRule, ...] = ()
    failures: int = 0
    events: bool = False
    content: bool = False
    on_events: Callable[[bytes], None] = _ignored
    on_samples: Callable[[int], None] = _uncounted
    processes: int = 1
    engine: str = "local"
    cluster: str = ""
    run: RunOptions = field(default_factory=RunOptions)
