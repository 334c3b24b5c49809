"""Assertions of promptfoo as assertions of test cases."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from promptops.evals.parse import parse
from promptops.formats.document import Loss
from promptops.formats.promptfoo.counterparts import Counterparts, assertion_set
from promptops.formats.promptfoo.tests import FoundAssertion, FoundTest
from promptops.formats.promptfoo.variables import TEMPLATE, filled
from promptops.model.place import Place
from promptops.records import record

Assertion = Mapping[str, Any]

_MEASURES = frozenset(str.split("llm-rubric answer-relevant factual grounded moderation"))
_LIMITS = ("max-latency", "max-cost")
"""They have no verdict for a recorded answer, so that a set with one has none either."""


@record(frozen=True, slots=True, kw_only=True)
class Translated:
    """An assertion, or None if it has no counterpart; and what was changed."""

    value: Assertion | None
    losses: tuple[Loss, ...] = ()


def needs_its_test(written: Any) -> bool:
    """Whether an assertion of the defaults differs from test to test."""
    text = str(written)
    return TEMPLATE.search(text) is not None or "context" in text


class Assertions:
    """Translates the assertions of one case.

    Attributes:
        variables: Of its test.
        inputs: The variables that are inputs of its prompt; None for all.
    """

    def __init__(self, variables: Mapping[str, Any], inputs: Collection[str] | None = None) -> None:
        self._variables = variables
        self._losses: list[Loss] = []
        self._place: Callable[[], Place] = lambda: Place("")
        names = variables if inputs is None else inputs
        self._counterparts = Counterparts(variables, names, self._note)

    def of_test(
        self, test: FoundTest, defaults: Iterable[FoundAssertion]
    ) -> tuple[tuple[Assertion, ...], tuple[Loss, ...]]:
        """All assertions of a test; with a threshold they are one set."""
        self._counterparts.transform = test.transform
        given = (*(defaults if test.defaults else ()), *test.assertions)
        read = [self.translated(one) for one in given]
        losses = [loss for one in read for loss in one.losses]
        found = [
            (one.value, origin.value)
            for one, origin in zip(read, given, strict=True)
            if one.value is not None
        ]
        if test.threshold is None or not given:
            return tuple(value for value, _ in found), tuple(losses)
        if len(found) < len(given):
            message = "the threshold of a test with an assertion without counterpart is not carried"
            losses.append(Loss(code="IMP116", message=message, place=test.place))
            return (), tuple(losses)
        limits = tuple(one for one, _ in found if one["type"] in _LIMITS)
        if limits:
            message = f"`{limits[0]['type']}` is checked by itself, not as a part of the threshold"
            losses.append(Loss(code="IMP227", message=message, place=test.place))
        parts = [(dict(one), written) for one, written in found if one not in limits]
        value = assertion_set(parts, test.threshold)
        return (*limits, *((value,) if value is not None else ())), tuple(losses)

    def translated(self, given: FoundAssertion) -> Translated:
        """One assertion."""
        self._losses = []
        self._place = lambda: given.place
        written = given.value
        value = self._counterparts.of(written) if isinstance(written, Mapping) else None
        if value is not None and isinstance(written, Mapping):
            value = self._scored(value, written)
        problem = None
        if value is not None:
            problem = next(iter(parse(value, "answer")[1]), None)
        if value is None or problem is not None:
            kind = written.get("type") if isinstance(written, Mapping) else written
            reason = f": {problem.message}" if problem is not None else ""
            self._note("IMP116", f"{self._named(kind, written)} has no counterpart{reason}")
            value = None
        return Translated(value=value, losses=tuple(self._losses))

    def _named(self, kind: Any, written: Any) -> str:
        """An assertion with the transform that can be why it has no counterpart."""
        own = written.get("transform") if isinstance(written, Mapping) else None
        transform = own or self._counterparts.transform
        return f"the assertion `{kind}`{f' with the transform `{transform}`' if transform else ''}"

    def _scored(self, value: Assertion, given: Mapping[str, Any]) -> dict[str, Any]:
        """With its score and weight. As there, one with a score must pass if no model judges it.

        The weight 0 makes a measure of it.
        """
        metric, weight = filled(given.get("metric"), self._variables), given.get("weight")
        found = dict(value)
        if isinstance(metric, str) and metric.strip():
            found["score"] = metric
        if isinstance(weight, int | float) and weight > 0 and weight != 1:
            found["weight"] = weight
        if "score" not in found and ("weight" in found or weight == 0):
            found["score"] = "quality"
            self._note("IMP228", "an assertion with a weight is part of the score `quality`")
        if "score" in found and weight != 0 and not _is_measure(found):
            found["must"] = True
        return found

    def _note(self, code: str, message: str) -> None:
        self._losses.append(Loss(code=code, message=message, place=self._place()))


def _is_measure(assertion: Mapping[str, Any]) -> bool:
    """Whether a model judges it, or a part of it."""
    inner = assertion.get("value")
    parts = inner if assertion["type"] in ("all", "any") and isinstance(inner, list) else ()
    plain = str(assertion["type"]).removeprefix("not-")
    return plain in _MEASURES or any(_is_measure(part) for part in parts)
