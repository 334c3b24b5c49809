"""The group of a sample."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from promptops.jobs.scoring.joining import Joined
from promptops.model.sample import Sample
from promptops.model.score_group import Dimension

_ValueOf = Callable[[Sample, Joined], str]


def group_key(by: tuple[Dimension, ...]) -> Callable[[Sample, Joined], tuple[str, ...]]:
    """A function that returns the values of the dimensions; "" for an unknown one."""
    values = tuple(_VALUES[name] for name in by)
    return lambda sample, joined: tuple([value(sample, joined) for value in values])


def _day(sample: Sample, _: Joined) -> str:
    return "" if sample.at is None else _written(int(sample.at // 86_400) * 86_400)[:10]


def _hour(sample: Sample, _: Joined) -> str:
    return "" if sample.at is None else _written(int(sample.at // 3_600) * 3_600)


@lru_cache(maxsize=4_096)
def _written(seconds: int) -> str:
    """`2026-11-27T14`, in UTC; "" for a time that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H")
    except (ValueError, OverflowError, OSError):
        return ""


_VALUES: dict[Dimension, _ValueOf] = {
    "prompt": lambda _, joined: joined.prompt.id,
    "version": lambda _, joined: joined.version,
    "release": lambda _, joined: joined.release,
    "channel": lambda sample, _: sample.channel,
    "model": lambda sample, _: sample.model,
    "day": _day,
    "hour": _hour,
}
