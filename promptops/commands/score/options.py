"""Options of scoring, and how their values are read from the command line."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from promptops.errors import UsageError
from promptops.model.config import VALUE_METRICS, AlertRule
from promptops.model.score import DEFAULT_BY, DIMENSIONS, Dimension
from promptops.percentages import limit_of_amount, limit_of_percent, share_as_percent
from promptops.records import field, record
from promptops.source.traffic.reading import reader_names
from promptops.suggestions import did_you_mean
from promptops.testing.options import RunOptions


def _ignored(_: object) -> None:
    """Receives what is not wanted: lines of events, and the progress."""


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
    on_samples: Callable[[int], None] = _ignored
    processes: int = 1
    engine: str = "local"
    cluster: str = ""
    run: RunOptions = field(default_factory=RunOptions)


# Read the values of the options of `promptops score`; errors name the mistake.

_ALERT_OPTION = "--alert"
_ALERT_EXAMPLE = "write METRIC<NUMBER or METRIC>NUMBER in quotes, such as 'contracts<98'"


def alert_rule(text: str) -> AlertRule:
    """A rule such as `contracts<98` or `p95>4`; raises UsageError."""
    sign = next((char for char in text if char in "<>"), "")
    metric, _, number = (part.strip() for part in text.partition(sign or "<"))
    parts = {"comparison": sign, "metric": metric, "number": number}
    missing = next((name for name, part in parts.items() if not part), None)
    if missing is not None:
        raise UsageError(f"{text!r} has no {missing}", where=_ALERT_OPTION, hint=_ALERT_EXAMPLE)
    threshold = _number(number)
    is_percent = metric not in VALUE_METRICS
    within = limit_of_percent if is_percent else limit_of_amount
    wrong = within(f"`{metric}`", threshold, "below" if sign == "<" else "above")
    if is_percent and sign == "<":
        wrong = wrong or share_as_percent(f"`{metric}`", threshold)
    if wrong is not None:
        raise UsageError(wrong[0], where=_ALERT_OPTION, hint=wrong[1])
    if sign == "<":
        return AlertRule(metric=metric, below=threshold)
    return AlertRule(metric=metric, above=threshold)


def _number(text: str) -> float:
    number = _as_float(text)
    if math.isfinite(number):
        return number
    hint = _ALERT_EXAMPLE
    if text.endswith("%"):
        hint = f"write the number alone: {text.removesuffix('%').strip()}"
    if text.startswith("="):
        hint = "write `<` or `>` without `=`"
    raise UsageError(f"{text!r} is not a number", where=_ALERT_OPTION, hint=hint)


def dimensions(text: str) -> tuple[Dimension, ...]:
    """Dimensions such as `prompt,version,day`, each once; raises UsageError."""
    names = dict.fromkeys(name.strip() for name in text.split(","))
    return tuple(_known(name, DIMENSIONS, "dimension", "--by") for name in names)


def reader(text: str) -> str:
    """The name of an input format, or `auto`; raises UsageError."""
    name: str = _known(text, ("auto", *reader_names()), "format of samples", "--from")
    return name


def _known(name: str, known: Sequence[Any], what: str, where: str) -> Any:
    if name in known:
        return name
    hint = did_you_mean(name, known) or f"one of: {', '.join(known)}"
    raise UsageError(f"there is no {what} {name!r}", where=where, hint=hint)


def share(text: str) -> float:
    """A share such as `10%` as .1; raises UsageError unless it is over 0 and at most 100%."""
    number, percent, rest = text.partition("%")
    found = _as_float(number)
    if percent and not rest.strip() and 0 < found <= 100:
        return found / 100
    hint = "write a percentage over 0 and at most 100, such as 10%"
    raise UsageError(f"{text!r} is not a share of the samples", where="--sample", hint=hint)


def _as_float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
