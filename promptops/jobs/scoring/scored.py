"""One sample with the results of the assertions of its prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from promptops.model.place import Place
from promptops.records import record

if TYPE_CHECKING:
    from promptops.model.sample import Sample


@record(frozen=True, slots=True, kw_only=True)
class CheckedAssertion:
    """The result of one assertion for one sample.

    Attributes:
        type: As written, with its `not-`; `output` for the output contract.
        written: As written; empty for the output contract.
        status: `unscorable` if it could neither pass nor fail.
        degree: 0 to 1; None if unscorable.
        score: For a measure, the score in which it counts; else None.
        expected: What was expected, without anything of the answer.
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
        results: In the order of the assertions; empty for a sample with an error.
        scores: Each score by name, 0 to 1.
    """

    sample: Sample
    prompt: str
    results: tuple[CheckedAssertion, ...]
    scores: Mapping[str, float]
