"""What `promptops score` checks on samples: which assertions, and the metrics of its alerts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from promptops.evals.case_assertions import assertions_of_every_case
from promptops.evals.case_expressions import read_expression
from promptops.evals.judge_answer import OUTPUT, checks_output
from promptops.evals.parse import Assertion, is_of_plugin
from promptops.evals.registry import is_name_of_plugin, kind_of
from promptops.evals.subject import NAMES
from promptops.model.prompt import Prompt
from promptops.model.score import BUILT_IN_METRICS
from promptops.suggestions import did_you_mean

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


# The metrics of alerts on scored samples.


def unknown_metric(metric: str, others: Iterable[str]) -> tuple[str, str] | None:
    """A message and a hint for an unknown metric of an alert; None for a known one.

    `others` are the names of scores and the types of assertions.
    """
    known = tuple(dict.fromkeys((*BUILT_IN_METRICS, *others)))
    if metric in known:
        return None
    hint = did_you_mean(metric, known) or f"known here: {', '.join(known)}"
    return f"there is no metric `{metric}` for an alert", hint


def metrics_of(prompt: Prompt) -> Iterator[str]:
    """The metrics that samples of a prompt have; also those of an assertion with an error."""
    if checks_output(prompt):
        yield OUTPUT
    for each in assertions_of_every_case(prompt):
        if is_of_plugin(each.written):
            continue
        assertion = each.parsed
        if assertion is None:
            yield from (str(each.written[key]) for key in ("score", "type") if key in each.written)
        elif not why_left_out(assertion):
            yield from filter(None, (assertion.score, assertion.type))
