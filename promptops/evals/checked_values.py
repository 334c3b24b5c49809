"""Values of assertions that are wrong: they can't be checked, or the assertion can't fail."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING

from promptops.evals.case_expressions import Expression
from promptops.evals.subject import On
from promptops.evals.verdict import Refused
from promptops.model.finding import Problem
from promptops.records import record

if TYPE_CHECKING:
    from promptops.evals.parse import Assertion


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


@record(frozen=True, slots=True, kw_only=True)
class CheckedValues:
    """Facts about the checked value.

    Attributes:
        negated: The assertion is written with `not-`.
        in_set: It is in `all` or `any`, where it may be a condition on the case.
    """

    on: On
    negated: bool
    in_set: bool


def problems(assertion: Assertion, on: On, *, in_set: bool) -> Iterator[Problem]:
    """Why an assertion can't fail, or can't pass, as far as that is known.

    A check may have a method `doubt` with the reason, which `__post_init__` has for all values.
    """
    transform = assertion.transform
    own = None if in_set or transform is None else own_data(transform, on)
    if own:
        yield Problem(own, at="/transform", hint=f"use a part of the {on}")
        return
    doubt = getattr(assertion.check, "doubt", None)
    given = CheckedValues(on=on, negated=assertion.negated, in_set=in_set)
    refused: Refused | None = doubt(given) if doubt else None
    if refused is not None:
        yield Problem(refused.message, at=refused.at, hint=refused.hint)


def own_data(expression: Expression, on: On) -> str | None:
    """The problem of an expression that uses only the case's own data; None if it uses more."""
    if expression.names - _OF_THE_CASE:
        return None
    names = " and ".join(f"`{name}`" for name in sorted(expression.names))
    return f"it uses only {names} of the case, and no part of the {on}"
