"""One sample with the results of the assertions of its prompt."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from promptops.model.place import Place
from promptops.records import record

if TYPE_CHECKING:
    from promptops.jobs.scoring.prepared import Outcome, PreparedAssertion
    from promptops.model.sample import Sample


@record(frozen=True, slots=True, kw_only=True)
class CheckedAssertion:
    """The result of one assertion for one sample.

    Attributes:
        type: As written, with its `not-`; `output` for the output contract.
        written: As written; empty for the output contract.
        status: `unscorable` if it could neither pass nor fail.
        degree: 0 to 1; None if unscorable.
        expected: Why it failed, which may quote the answer; "" unless content is wanted.
        score: For a measure, the score in which it counts; else None.
    """

    type: str
    place: Place
    written: Mapping[str, object]
    must: bool
    status: Literal["passed", "failed", "unscorable"]
    degree: float | None = None
    score: str | None = None
    weight: float = 1.0
    expected: str = ""


@record(frozen=True, slots=True, kw_only=True)
class ScoredSample:
    """A sample that was joined with a prompt.

    Attributes:
        prompt: The id of the prompt at the release; the sample may name an alias.
        inputs: As JSON data; None if they are not recorded.
        results: In the order of the assertions; empty for a sample with an error.
        scores: Each score by name, 0 to 1.
    """

    sample: Sample
    prompt: str
    inputs: Mapping[str, object] | None = None
    results: tuple[CheckedAssertion, ...]
    scores: Mapping[str, float]


def checked_assertions(
    assertions: Sequence[PreparedAssertion], outcomes: Sequence[Outcome], reasons: Sequence[str]
) -> tuple[CheckedAssertion, ...]:
    """The outcomes with their assertions; `reasons` is empty unless content is wanted."""
    return tuple(map(_checked, assertions, outcomes, reasons or ("",) * len(assertions)))


def _checked(each: PreparedAssertion, outcome: Outcome, reason: str) -> CheckedAssertion:
    passed, degree = outcome
    return CheckedAssertion(
        type=each.type,
        place=each.place,
        written=json.loads(each.written) if each.written else {},
        must=each.must,
        status="unscorable" if passed is None else "passed" if passed else "failed",
        degree=degree,
        score=each.score,
        weight=each.weight,
        expected=reason,
    )
