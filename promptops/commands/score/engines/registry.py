"""Find an engine by its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Protocol

from promptops.commands.score import engines
from promptops.commands.score.options import ScoreOptions
from promptops.commands.score.pack import Pack
from promptops.commands.score.sums import Partial
from promptops.errors import UsageError
from promptops.model.sample import Part
from promptops.plugins import module_names
from promptops.suggestions import did_you_mean


class Engine(Protocol):
    """Scores parts; in any order, and the sums of each part exactly once."""

    def __call__(
        self, parts: Iterable[Part], pack: Pack, options: ScoreOptions, /
    ) -> Iterator[Partial]:
        """The sums of each part, as soon as they are known."""


def engine_named(name: str) -> Engine:
    """The engine with a name; raises UsageError for an unknown one."""
    known = engine_names()
    if name not in known:
        hint = did_you_mean(name, known) or f"engines: {', '.join(known)}"
        raise UsageError(f"there is no engine `{name}`", hint=hint)
    run: Engine = import_module(f"{engines.__name__}.{name}").run
    return run


def engine_names() -> list[str]:
    """The engines, by the names of their modules."""
    return sorted(set(module_names(engines)) - {"registry"})
