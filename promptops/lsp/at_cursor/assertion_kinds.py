"""The types of assertions and their arguments."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from promptops.errors import InputError
from promptops.evals.parse import COMMON
from promptops.evals.registry import AssertionKind, kind_of
from promptops.patterns import lazy_pattern
from promptops.records import MISSING, fields

_ATTRIBUTES = lazy_pattern(r"(?s)\nAttributes:\n(.*?)(?:\n\n|\Z)")
_ATTRIBUTE = lazy_pattern(r"(?m)^ {4}(\w[\w, ]*): (.*(?:\n {8}.*)*)")
_NARROWING = ("path", "role", "transform")


def assertion_kind(written: str) -> AssertionKind | None:
    """The type of a name as written, such as `not-regex`; None for an unknown name."""
    try:
        found = kind_of(written)
    except InputError:  # a plug-in that does not work; its users are linted
        return None
    return found[0] if found else None


def summary(written: str) -> str:
    """What an assertion requires, in one sentence."""
    kind = assertion_kind(written)
    first = kind.documentation.partition("\n\n")[0].replace("\n", " ") if kind else ""
    return f"Not: {first}" if kind and kind.name != written else first


def arguments_of(written: str) -> Mapping[str, bool] | None:
    """The keys of an assertion, each with whether it is required; None for an unknown type."""
    kind = assertion_kind(written)
    if kind is None:
        return None
    common = [key for key in COMMON if key not in _NARROWING or key in kind.narrowed_by]
    own = {
        each.name: each.default is MISSING and each.default_factory is MISSING
        for each in fields(kind.check)
    }
    return {**dict.fromkeys(common, False), **own}


@cache
def argument_docs(written: str) -> Mapping[str, str]:
    """The documentation of each argument of an assertion, by name."""
    kind = assertion_kind(written)
    section = _ATTRIBUTES.search(kind.documentation) if kind else None
    return {
        name.strip(): " ".join(text.split())
        for names, text in (_ATTRIBUTE.findall(section[1]) if section else ())
        for name in names.split(",")
    }
