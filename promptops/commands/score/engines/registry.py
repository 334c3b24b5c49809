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
from promptops.module_discovery import module_names
from promptops.plugins import load, offer_of, offers
from promptops.suggestions import did_you_mean
from promptops.untrusted import is_untrusted

GROUP = "promptops.engines"


class Engine(Protocol):
    """Scores parts; in any order, and the sums of each part exactly once."""

    def __call__(
        self, parts: Iterable[Part], pack: Pack, options: ScoreOptions, /
    ) -> Iterator[Partial]:
        """The sums of each part, as soon as they are known."""


def engine_named(name: str) -> Engine:
    """The engine with a name; raises UsageError for an unknown one, InputError for a broken one."""
    if name in engine_names():
        run: Engine = import_module(f"{engines.__name__}.{name}").run
        return run
    offer = None if is_untrusted() else offer_of(GROUP, name, "engine")
    if offer is None:
        known = [*engine_names(), *(each.name for each in offers(GROUP))]
        hint = did_you_mean(name, known) or f"engines: {', '.join(known)}"
        raise UsageError(f"there is no engine `{name}`", hint=hint)
    plugin: Engine = load(offer)
    return plugin


def engine_names() -> list[str]:
    """The engines of this package."""
    return sorted(set(module_names(engines)) - {"registry"})
