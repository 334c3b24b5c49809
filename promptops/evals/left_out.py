"""Why `promptops score` does not check an assertion on samples."""

from __future__ import annotations

from typing import Any

from promptops.evals.assertion import Assertion
from promptops.evals.case_expressions import read_expression
from promptops.evals.record import NAMES
from promptops.evals.registry import is_name_of_plugin, kind_of

_LABELLED = ("recall", "precision", "mrr", "ndcg")
EXPECTED = "needs `expected`, which samples do not have"
_OTHER_DATA = {
    "counterfactual": "needs the answer to another case",
    "pairwise": "needs the answer of a baseline",
    "python": "runs code, and `score` never does",
    **dict.fromkeys(_LABELLED, EXPECTED),
}
JUDGED = "calls a judge: use --judge N"
SERVICE = "calls a model: use --judge N"
CALLS = frozenset({JUDGED, SERVICE})
"""The reasons that do not apply with --judge."""


def why_left_out(assertion: Assertion) -> str:
    """Why no sample can be checked, or ""; of a set, the reason of its first such part."""
    name = assertion.type.removeprefix("not-")
    if is_name_of_plugin(name):
        return "runs code of another package, and `score` never does"
    own = _OTHER_DATA.get(name) or (EXPECTED if _uses_expected(assertion, name) else "")
    return own or next(filter(None, map(why_left_out, parts_of(assertion))), "")


def why_only_judged(assertion: Assertion) -> str:
    """Why only `--judge` checks an assertion, or ""."""
    if assertion.judged:
        return JUDGED
    return SERVICE if calls_a_model(assertion) else ""


def calls_a_model(assertion: Assertion) -> bool:
    """Whether an assertion, or a part of it, calls a judge, an embedding or a moderation model."""
    parts = parts_of(assertion)
    if parts:
        return any(map(calls_a_model, parts))
    return assertion.judged or hasattr(assertion.check, "asks")


def reads_messages(assertion: Assertion) -> bool:
    """Whether an assertion, or a part of it, looks at the messages of the request."""
    kind = kind_of(assertion.type)
    own = assertion.judged or (kind is not None and kind[0].reads_messages)
    return own or any(map(reads_messages, parts_of(assertion)))


def parts_of(assertion: Assertion) -> tuple[Assertion, ...]:
    """The assertions in a set; empty for any other."""
    parts: tuple[Assertion, ...] = getattr(assertion.check, "parts", ())
    return parts


def _uses_expected(assertion: Assertion, name: str) -> bool:
    check: Any = assertion.check
    if assertion.transform is not None and "expected" in assertion.transform.names:
        return True
    if name == "expr":
        return "expected" in read_expression(check.value, NAMES["answer"]).names
    return name == "factual" and check.value is None
