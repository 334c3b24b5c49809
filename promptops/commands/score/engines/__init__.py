"""Where parts are scored: an engine is a file here, with `run`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Protocol

from promptops.commands.score.options import ScoreOptions
from promptops.commands.score.pack import Pack
from promptops.commands.score.sums import Partial
from promptops.model.sample import Part
from promptops.plugins import module_named, module_names


class Engine(Protocol):
    """Scores parts; in any order, and the sums of each part exactly once."""

    def __call__(
        self, parts: Iterable[Part], pack: Pack, options: ScoreOptions, /
    ) -> Iterator[Partial]:
        """The sums of each part, as soon as they are known."""


def engine_named(name: str) -> Engine:
    """The engine with a name; raises UsageError for an unknown one."""
    unknown = f"there is no engine `{name}`"
    run: Engine = module_named(_ENGINES, name, unknown=unknown, known_as="engines").run
    return run


def engine_names() -> list[str]:
    """The engines, by the names of their modules."""
    return module_names(_ENGINES)


_ENGINES = sys.modules[__name__]
