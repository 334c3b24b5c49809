"""The assertion registry; modules in `assertions/` are discovered automatically.

Another package provides one by an entry point `promptops.assertions`. Its name has a dot,
`acme.short`, so it never collides with a future built-in one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, Protocol, TypeVar

from promptops.errors import InputError
from promptops.evals.subject import On, Subject
from promptops.evals.verdict import Undecided, Verdict
from promptops.plugins import load, offer_of, registered
from promptops.records import Field, record
from promptops.untrusted import IS_SET, is_untrusted

GROUP = "promptops.assertions"


class Check(Protocol):
    """A class in a file of `assertions/`: a frozen dataclass whose fields are its arguments.

    Its `__post_init__` raises Refused for invalid arguments. One that needs replies has a method
    `asks`, which returns questions about a subject; `check` finds the replies in the record.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def check(self, subject: Subject) -> Verdict:
        """The verdict; raises Unjudgeable if the checked value does not exist."""


C = TypeVar("C", bound=type[Check])


@record(frozen=True, slots=True, kw_only=True)
class AssertionKind:
    """A type of assertion.

    Attributes:
        on: What it can check.
        narrowed_by: The keys of `path`, `role`, `transform` that it supports.
        expressions: Its fields that contain an expression.
        sets: Its fields that contain assertions.
        judged: A model decides, so it is a measure unless `must: true` is written.
        reads_messages: It compares the answer with the messages of the request.
    """

    name: str
    check: type[Check]
    on: tuple[On, ...]
    narrowed_by: tuple[str, ...]
    expressions: tuple[str, ...]
    sets: tuple[str, ...]
    judged: bool
    reads_messages: bool = False

    @property
    def documentation(self) -> str:
        """The docstring, indentation removed."""
        import inspect

        return inspect.getdoc(self.check) or ""


_FOUND: dict[str, AssertionKind] = {}


def assertion(
    name: str,
    *,
    on: tuple[On, ...] = ("request", "answer"),
    narrowed_by: tuple[str, ...] = ("path", "role", "transform"),
    expressions: tuple[str, ...] = (),
    sets: tuple[str, ...] = (),
    judged: bool = False,
    reads_messages: bool = False,
) -> Callable[[C], C]:
    """Register a dataclass with a method `check` as an assertion."""

    def register(check: C) -> C:
        taken = _FOUND.get(name)
        if taken is not None and taken.check.__module__ != check.__module__:
            raise InputError(f"two assertions are named {name!r}", where=check.__module__)
        _FOUND[name] = AssertionKind(
            name=name,
            check=check,
            on=on,
            narrowed_by=narrowed_by,
            expressions=expressions,
            sets=sets,
            judged=judged,
            reads_messages=reads_messages,
        )
        return check

    return register


@cache
def built_in() -> Mapping[str, AssertionKind]:
    """All assertions of this package by name, in the order of their names."""
    return {name: _imported(name) for name in sorted(_files())}


def kind_of(written: str) -> tuple[AssertionKind, bool] | None:
    """The assertion type of a name as written, and whether `not-` negates it.

    Raises InputError, with its name, for a plug-in that does not work.
    """
    if written in _files():
        return _imported(written), False
    positive = written.removeprefix("not-")
    if is_name_of_plugin(positive):
        found = _plugin(positive, is_untrusted())
        return (found, positive != written) if found else None
    return (_imported(positive), True) if positive != written and positive in _files() else None


def is_name_of_plugin(written: str) -> bool:
    """Whether only another package can have an assertion of that name."""
    return "." in written


@cache
def _plugin(name: str, untrusted: bool) -> AssertionKind | None:
    if untrusted:
        return _not_loaded(name)
    offer = offer_of(GROUP, name, "assertion")
    if offer is None:
        return None
    load(offer)
    if name not in _FOUND:
        message = f"the plug-in does not define `{name}`"
        hint = f'decorate its class with @assertion("{name}")'
        raise InputError(message, where=offer.value, hint=hint)
    return _FOUND[name]


def _not_loaded(name: str) -> AssertionKind:
    return AssertionKind(
        name=name,
        check=_NotLoaded,
        on=("request", "answer"),
        narrowed_by=("path", "role", "transform"),
        expressions=(),
        sets=(),
        judged=False,
    )


@record(frozen=True, slots=True, kw_only=True)
class _NotLoaded:
    """Replaces an assertion of a plug-in if plug-ins must not run."""

    value: Any = None
    threshold: Any = None
    name: Any = None
    arguments: Any = None

    def check(self, _subject: Subject) -> Verdict:
        raise Undecided(f"plug-ins are not loaded because {IS_SET}", "/type")


@cache
def _files() -> Mapping[str, str]:
    """From the name of each assertion to its module, which may define several."""
    return registered(import_module("promptops.evals.assertions"), "assertion")


def _imported(name: str) -> AssertionKind:
    # Imported when needed: all of them take 25 ms, and most runs use a handful.
    import_module(_files()[name])
    return _FOUND[name]
