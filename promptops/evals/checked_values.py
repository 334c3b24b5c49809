"""Values of assertions that are wrong: they can't be checked, or the assertion can't fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, runtime_checkable

from promptops.evals.case_expressions import Expression
from promptops.evals.subject import On
from promptops.evals.verdict import Refused
from promptops.json_pointer import tokens
from promptops.model.finding import Problem
from promptops.model.prompt import ROLES
from promptops.records import record

if TYPE_CHECKING:
    from promptops.evals.parse import Assertion
    from promptops.evals.registry import Check


MOST_CHARS = 10_000_000
"""Also the limit of words: an answer has up to 8 MiB, a rendered text 1,000,000 characters."""

MOST_TOKENS = 10_000_000
"""No model reads or writes more."""

MOST_MESSAGES = 1_000
"""The renderer accepts no more."""

LONGEST_S = 3_600.0
"""The longest `timeout_s` that the configuration accepts."""

MOST_USD = 1_000.0
"""For one request and its answer: ten million tokens for 100 dollars a million."""

LEAST_THRESHOLD = 0.05
"""The lowest useful threshold of similarity: unrelated texts reach lower ones."""


def check_limit(value: float, most: float, what: str, at: str = "/value") -> None:
    """Raises Refused for a limit that is negative, too large, or not finite."""
    if not value >= 0:
        raise Refused(f"expected a number of at least 0, got {value}", at=at)
    if not isfinite(value) or value > most:
        message = f"the limit has no effect: no {what}"
        raise Refused(message, hint="set the limit that you want to keep", at=at)


# Facts about the values that an assertion checks, known before there is a request or an answer.

_OF_THE_CASE = frozenset(("inputs", "expected"))
_MESSAGE = {"type": "object", "required": ["role"], "properties": {"role": {"enum": list(ROLES)}}}
_REQUEST = {
    "type": "object",
    "required": ["messages", "tools", "response_format", "params", "model"],
    "properties": {
        "messages": {"type": "array", "items": _MESSAGE},
        "tools": {"type": "array", "items": {"type": "object", "required": ["name"]}},
        "params": {"type": "object"},
        "model": {"type": "object"},
    },
}
"""The schema of the value into which `path` points, for every request."""


@record(frozen=True, slots=True, kw_only=True)
class CheckedValues:
    """Facts about the checked value.

    Attributes:
        negated: The assertion is written with `not-`.
        in_set: It is in `all` or `any`, where it may be a condition on the case.
        shape: A JSON Schema that every possible checked value matches.
    """

    on: On
    negated: bool
    in_set: bool
    shape: Any


@runtime_checkable
class Doubtful(Protocol):
    """A check that may be unable to fail, or unable to pass."""

    def doubt(self, given: CheckedValues) -> Refused | None:
        """Why it can't fail, or can't pass, for the values it checks; None if it can do both.

        `__post_init__` rejects what is wrong for all values.
        """


def problems(assertion: Assertion, on: On, *, in_set: bool) -> Iterator[Problem]:
    """Why an assertion can't fail, or can't pass, as far as that is known."""
    path, transform = assertion.path, assertion.transform
    shape = {"type": "string"} if path is None else _at(path) if on == "request" else True
    if transform is not None:
        own = None if in_set else own_data(transform, on)
        if own:
            yield Problem(own, at="/transform", hint=f"use a part of the {on}")
            return
        shape = True
    given = CheckedValues(on=on, negated=assertion.negated, in_set=in_set, shape=shape)
    check = assertion.check
    refused = check.doubt(given) if _is_doubtful(check) else None
    if refused is not None:
        yield Problem(refused.message, at=refused.at, hint=refused.hint)


def _is_doubtful(check: Check) -> TypeGuard[Doubtful]:
    return _doubts(type(check))


@cache
def _doubts(check: type[Check]) -> bool:
    """Whether the check implements Doubtful; finding out costs more than asking it."""
    return issubclass(check, Doubtful)


def own_data(expression: Expression, on: On) -> str | None:
    """The problem of an expression that uses only the case's own data; None if it uses more."""
    if expression.names - _OF_THE_CASE:
        return None
    names = " and ".join(f"`{name}`" for name in sorted(expression.names))
    return f"it uses only {names} of the case, and no part of the {on}"


def _at(path: str) -> Any:
    """The schema of the value at a pointer into a request; true if nothing is known."""
    schema: Any = _REQUEST
    for token in tokens(path):
        if not isinstance(schema, Mapping):
            return True
        schema = schema.get("properties", {}).get(token, schema.get("items", True))
    return schema
