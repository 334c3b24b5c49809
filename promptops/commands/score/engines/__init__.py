"""Where parts are scored: an engine is a function of parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from promptops.commands.score.engines import dask, local
from promptops.commands.score.options import ScoreOptions
from promptops.commands.score.pack import Pack
from promptops.commands.score.sums import Partial
from promptops.model.sample import Part

Engine = Callable[[Iterable[Part], Pack, ScoreOptions], Iterator[Partial]]
"""Scores parts: yields the sums of each part once, in any order, as soon as they are known."""

ENGINES: Mapping[str, Engine] = {"local": local.run, "dask": dask.run}
"""The engines by the value of `--engine`."""
