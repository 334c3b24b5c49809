"""Rule registry: modules in `rules/` are discovered automatically."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from types import FunctionType
from typing import Literal, TypeVar

from promptops.errors import InputError
from promptops.model.finding import Problem, Severity
from promptops.patterns import lazy_pattern
from promptops.plugins import load, modules_in, offers
from promptops.records import record
from promptops.records.outputs import hidden, shown
from promptops.suggestions import nearest_name

GROUP = "promptops.rules"

On = Literal["default", "preview", "opt-in"]
Stage = Literal["preview", "stable", "deprecated"]
Check = Callable[..., Iterator[Problem]]
F = TypeVar("F", bound=Check)


@record(frozen=True, slots=True, kw_only=True)
class Rule:
    """One lint rule.

    Attributes:
        code: It never changes its meaning.
        name: Words joined by hyphens, such as undefined-variable.
        severity: Unless the configuration sets another one.
        on: An `opt-in` rule must be selected, a `preview` rule by its whole code or its name.
        deprecated: What to use instead, and which version removes the rule; "" if it is not
            deprecated.
        needs: The names of its parameters, which the engine passes; see `lint.subject`.
        dated: Whether its result depends on the current date, so that it is never cached.
        unsuppressable: Whether only a waiver with a reason and an end date suppresses it.
        reads_all: Whether it reads all prompts, so that it can't run on a selection.
        masked: Whether its findings and source lines must not be shown.
    """

    code: str
    name: str
    severity: Severity
    check: Check = hidden()
    needs: tuple[str, ...] = hidden()
    on: On = "default"
    deprecated: str = ""
    dated: bool = hidden(default=False)
    unsuppressable: bool = hidden(default=False)
    masked: bool = hidden(default=False)
    reads_all: bool = hidden(default=False)

    @shown
    def stage(self) -> Stage:
        """How far its users can rely on it."""
        if self.deprecated:
            return "deprecated"
        return "preview" if self.on == "preview" else "stable"

    @shown
    def documentation(self) -> str:
        """The docstring without indentation: the requirement, the reason, and examples."""
        import inspect

        return inspect.getdoc(self.check) or ""

    @shown
    def summary(self) -> str:
        """The requirement: the first line of the docstring without the full stop."""
        return (self.check.__doc__ or "").strip().partition("\n")[0].rstrip(".")

    @property
    def checks_catalog(self) -> bool:
        """Whether it checks the whole catalog, not each prompt."""
        return _OF_A_PROMPT.isdisjoint(self.needs)

    @property
    def checks_suppressions(self) -> bool:
        """Whether it checks comments and waivers, after all other rules ran."""
        return not _OF_SILENCING.isdisjoint(self.needs)


_OF_A_PROMPT = frozenset(
    (
        "prompt",
        "subject",
        "document",
        "problems",
        "references",
        "written",
        "scopes",
        "cases",
        "renders",
        "passages",
    )
)
_OF_SILENCING = frozenset(("suppressions", "unused", "idle_waivers", "rule_names"))
_FOUND: dict[str, Rule] = {}
_ANY_NUMBER = 0x04 | 0x08
"""The flags of `*args` and `**named`; see `inspect.CO_VARARGS`."""
_CODE = lazy_pattern(r"[A-Z]{1,4}\d{3}")


def rule(
    code: str,
    *,
    severity: Severity,
    on: On = "default",
    deprecated: str = "",
    dated: bool = False,
    unsuppressable: bool = False,
    masked: bool = False,
    reads_all: bool = False,
) -> Callable[[F], F]:
    """Turn a generator of problems into a rule named like the function."""

    def register(check: F) -> F:
        if not _CODE.fullmatch(code):
            raise InputError(f"{code!r} is not a rule code", hint="use letters and three digits")
        taken = _FOUND.get(code)
        if taken is not None and taken.check.__module__ != check.__module__:
            raise InputError(f"two rules have the code {code}", where=check.__module__)
        _FOUND[code] = Rule(
            code=code,
            name=check.__name__.replace("_", "-"),
            severity=severity,
            check=check,
            needs=_parameters(check),
            on=on,
            deprecated=deprecated,
            dated=dated,
            unsuppressable=unsuppressable,
            masked=masked,
            reads_all=reads_all,
        )
        return check

    return register


def _parameters(check: Callable[..., object]) -> tuple[str, ...]:
    """The names of its parameters; `inspect` is slow, and needed only for unusual functions."""
    unusual = hasattr(check, "__wrapped__") or hasattr(check, "__signature__")
    if not isinstance(check, FunctionType) or unusual or check.__code__.co_flags & _ANY_NUMBER:
        import inspect

        return tuple(inspect.signature(check).parameters)
    code = check.__code__
    return tuple(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])


@cache
def built_in() -> Mapping[str, Rule]:
    """All rules of this package by code, in the order of their codes."""
    modules_in(import_module("promptops.lint.rules"))
    return dict(sorted(_FOUND.items()))


@cache
def with_plugins() -> Mapping[str, Rule]:
    """The rules of this package and those of plug-ins (entry points `promptops.rules`).

    Raises InputError for a plug-in that can't be imported: if it were skipped, its checks would
    silently not run.
    """
    built_in()
    for offer in offers(GROUP):
        load(offer)
    return dict(sorted(_FOUND.items()))


def has_plugins() -> bool:
    """Whether any installed package offers rules; imports none of them."""
    return bool(offers(GROUP))


# Matches names of rules: a code, a prefix of codes, or a name.

ALL = "ALL"
"""Selects every rule that is on by default."""

MUTANTS = ("MUT", "mutant")
"""The code and the name in comments that leave a line out of mutation testing; not a rule."""

LIST_RULES = "`promptops rule` lists the rules"

_LIKE_A_CODE = lazy_pattern(r"([A-Z]{1,4})(\d{0,6})(?:(?<=\d)[A-Z])?")


def is_named(written: Iterable[str], code: str, name: str) -> bool:
    """Whether any of the given names matches the rule, ignoring case."""
    return any(_length(each, code, name) for each in written)


def is_named_alone(written: Iterable[str], code: str, name: str) -> bool:
    """Whether any of the given names is the whole code of the rule, or its name, ignoring case."""
    return any(each.upper() == code or each.lower() == name for each in written)


def best_name(written: Iterable[str], code: str, name: str) -> str | None:
    """The given name that matches the rule most exactly; None without a match."""
    lengths = {each: _length(each, code, name) for each in written}
    best = max(lengths, key=lambda each: lengths[each], default=None)
    return best if best is not None and lengths[best] else None


def _length(written: str, code: str, name: str) -> int:
    """The number of matching characters of the code; all for the name of the rule."""
    if written and (code.startswith(written.upper()) or name == written.lower()):
        return min(len(written), len(code))
    return 0


@record(frozen=True, slots=True)
class RuleNames:
    """The known codes and names.

    Attributes:
        complete: False if installed plug-ins were not loaded: an unknown code may
            be one of theirs.
    """

    names: tuple[tuple[str, str], ...]
    complete: bool = True

    def is_unknown(self, written: str) -> bool:
        """Whether the name matches no rule and can't be that of a plug-in."""
        if written.upper() == ALL or not self.complete:
            return False
        return not any(_length(written, code, name) for code, name in self.names)

    def hint(self, written: str) -> str:
        """The nearest code or name as a question, or else how to list all rules."""
        near = self._nearest(written)
        return f"did you mean `{near}`?" if near else LIST_RULES

    def _nearest(self, written: str) -> str | None:
        codes = [code for code, _ in self.names]
        code = _LIKE_A_CODE.fullmatch(written.upper())
        if code is None:
            return nearest_name(written.lower(), (name for _, name in self.names))
        if not code[2]:
            return nearest_name(
                written.upper(), sorted({each.rstrip("0123456789") for each in codes})
            )
        padded = f"{code[1]}{int(code[2]):03}"
        return padded if padded in codes else nearest_name(written.upper(), codes)


def rule_names(rules: Iterable[Rule], *, complete: bool = True) -> RuleNames:
    """The names of some rules."""
    return RuleNames((*((rule.code, rule.name) for rule in rules), MUTANTS), complete)
