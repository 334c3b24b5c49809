"""A value from outside of a template, with its path and the reads that led to it."""

from __future__ import annotations

from typing import Any

from promptops.analysis.guards import Facts
from promptops.analysis.uses import Guard, Origin, Path, Step, TemplateSpan
from promptops.records import record

MAX_PATH = 50

Key = tuple[Any, ...]
"""The identity of a value: name and path, with different elements for different loops."""


@record(frozen=True, slots=True)
class ValueSource:
    """A value that the caller passes, or that nothing defines.

    Attributes:
        site: Of its last read, until it is bound to another name.
    """

    name: str
    key: Key
    path: Path = ()
    path_sites: tuple[TemplateSpan, ...] = ()
    guards: tuple[Guard, ...] = ("none",)
    origin: Origin = "input"
    aliases: tuple[TemplateSpan, ...] = ()
    open: bool = False
    site: TemplateSpan | None = None

    def step(self, step: Step, site: TemplateSpan, identity: object = None) -> ValueSource:
        """The value below this one; `identity` distinguishes the elements of different loops."""
        if self.open or len(self.path) >= MAX_PATH:
            return self.with_unknown_step()
        return ValueSource(
            self.name,
            (*self.key, step if identity is None else identity),
            (*self.path, step),
            (*self.path_sites, site),
            (*self.guards, "none"),
            self.origin,
            self.aliases,
            False,
            self.site,
        )

    def parent(self) -> ValueSource:
        """The value that contains this one."""
        return ValueSource(
            self.name,
            self.key[:-1],
            self.path[:-1],
            self.path_sites[:-1],
            self.guards[:-1],
            self.origin,
            self.aliases,
            False,
            self.site,
        )

    def read_at(self, site: TemplateSpan) -> ValueSource:
        """The same value, read at a place."""
        return self._with(self.guards, self.aliases, self.open, site)

    def as_alias(self) -> ValueSource:
        """The same value under another name."""
        aliases = self.aliases if self.site is None else (*self.aliases, self.site)
        return self._with(self.guards, aliases, self.open, None)

    def without_alias(self) -> ValueSource:
        """The same value, at its last read, for values directly below it."""
        if self.site is not None or not self.aliases:
            return self
        return self._with(self.guards, self.aliases[:-1], self.open, self.aliases[-1])

    def with_unknown_step(self) -> ValueSource:
        """An unknown value below this one."""
        return self._with(self.guards, self.aliases, True, self.site)

    def with_guards(self, guards: tuple[Guard, ...]) -> ValueSource:
        """The same value with other guards."""
        return self._with(guards, self.aliases, self.open, self.site)

    def as_defined(self) -> ValueSource:
        """The same value, known to be defined, because it was iterated."""
        return self.with_guards(
            tuple("defined" if guard == "none" else guard for guard in self.guards)
        )

    def guards_given(self, facts: Facts) -> tuple[Guard, ...]:
        """The guard of each step if some values are known to be defined."""
        return tuple(
            "defined" if guard == "none" and self.key[: index + 1] in facts else guard
            for index, guard in enumerate(self.guards)
        )

    def as_fallback(self) -> ValueSource:
        """The value of the input if no `set` of this name ran."""
        if self.origin != "input" or self.aliases:
            return self
        return ValueSource(self.name, self.key, self.path, self.path_sites, self.guards, "branch")

    def _with(
        self,
        guards: tuple[Guard, ...],
        aliases: tuple[TemplateSpan, ...],
        open_: bool,
        site: TemplateSpan | None,
    ) -> ValueSource:
        return ValueSource(
            self.name,
            self.key,
            self.path,
            self.path_sites,
            guards,
            self.origin,
            aliases,
            open_,
            site,
        )
