"""The metrics of alerts on scored samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.evals.case_assertions import assertions_of_every_case
from promptops.evals.judge_answer import OUTPUT, checks_output
from promptops.evals.left_out import why_left_out
from promptops.evals.parse import is_of_plugin, parse
from promptops.model.prompt import Prompt
from promptops.model.score import BUILT_IN_METRICS
from promptops.suggestions import did_you_mean


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
        assertion, _ = parse(each.written, "answer")
        if assertion is None:
            yield from (str(each.written[key]) for key in ("score", "type") if key in each.written)
        elif not why_left_out(assertion):
            yield from filter(None, (assertion.score, assertion.type))
