"""Assertions of promptfoo as assertions of test cases."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from promptops.evals.parse import parse
from promptops.formats.document import Loss
from promptops.formats.promptfoo.javascript import expression
from promptops.formats.promptfoo.tests import FoundAssertion, FoundTest
from promptops.formats.promptfoo.variables import TEMPLATE, UNKNOWN, filled
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.document import read_any

Assertion = Mapping[str, Any]

_TEXTS = frozenset(str.split("contains icontains starts-with regex"))
_SAME = frozenset(str.split("equals contains-all contains-any moderation finish-reason llm-rubric"))
_RENAMED = {"is-refusal": "refuses", "similar": "similar"}
_JUDGED = {
    "g-eval": "llm-rubric",
    "model-graded-closedqa": "llm-rubric",
    "answer-relevance": "answer-relevant",
    "factuality": "factual",
    "model-graded-factuality": "factual",
    "context-faithfulness": "grounded",
}
_LISTS = ("contains-all", "contains-any", "icontains-all", "icontains-any")
_SIMILARITIES = {"rouge-n": "rouge", "bleu": "chrf", "gleu": "chrf", "meteor": "chrf"}
_MEASURES = frozenset(str.split("llm-rubric answer-relevant factual grounded moderation"))
_LIMITS = ("max-latency", "max-cost")
"""They have no verdict for a recorded answer, so that a set with one has none either."""
_LOOK_AROUND = lazy_pattern(r"\(\?(?:[=!]|<[=!])|\\[1-9]")
_PATH = lazy_pattern(r"(?:JSON\.parse\(output\)|output)((?:\.[A-Za-z_]\w*|\[\d+\])+)")
_STEP = lazy_pattern(r"\.([A-Za-z_]\w*)|\[(\d+)\]")
_SMALLEST_THRESHOLD = 0.05


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
        self._inputs = variables if inputs is None else inputs
        self._losses: list[Loss] = []
        self._place: Callable[[], Place] = lambda: Place("")
        self._transform: str | None = None
        self._of_test: str | None = None

    def of_test(
        self, test: FoundTest, defaults: Iterable[FoundAssertion]
    ) -> tuple[tuple[Assertion, ...], tuple[Loss, ...]]:
        """All assertions of a test; with a threshold they are one set."""
        self._transform = self._of_test = test.transform
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
        value = _set(parts, test.threshold)
        return (*limits, *((value,) if value is not None else ())), tuple(losses)

    def translated(self, given: FoundAssertion) -> Translated:
        """One assertion."""
        self._losses = []
        self._place = lambda: given.place
        written = given.value
        value = self._assertion(written) if isinstance(written, Mapping) else None
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
        transform = own or self._of_test
        return f"the assertion `{kind}`{f' with the transform `{transform}`' if transform else ''}"

    def _assertion(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        kind = str(given.get("type", ""))
        plain = kind.removeprefix("not-")
        negated = "not-" if plain != kind else ""
        if plain == "assert-set":
            return self._set(given)
        value = filled(given.get("value"), self._variables)
        if value is UNKNOWN:
            return None
        found = self._plain(plain, value, given)
        if found is not None and negated:
            found["type"] = f"not-{found['type']}".replace("not-not-", "")
        return found

    def _plain(self, kind: str, value: Any, given: Mapping[str, Any]) -> dict[str, Any] | None:
        in_file = isinstance(value, str) and value.startswith("file://")
        if in_file or (kind == "regex" and _LOOK_AROUND.search(str(value))):
            return None
        if kind in _LISTS:
            value = _listed(value)
        elif kind in _TEXTS or (kind == "equals" and not isinstance(value, list | Mapping)):
            value = None if value is None else _text(value)
        if kind in ("icontains-all", "icontains-any"):
            parts = [{"type": "icontains", "value": one} for one in value or ()]
            return self._compared({"type": kind.removeprefix("icontains-"), "value": parts}, given)
        if kind == "equals" and isinstance(value, list | Mapping):
            return {"type": kind, "value": value, "path": ""}
        if kind in _SAME or kind in _TEXTS or kind in _RENAMED:
            name = _RENAMED.get(kind, kind)
            return self._compared(
                {"type": name, **({} if value is None else {"value": value})}, given
            )
        return self._other(kind, value, given)

    def _other(self, kind: str, value: Any, given: Mapping[str, Any]) -> dict[str, Any] | None:
        simple: dict[str, Callable[[], dict[str, Any] | None]] = {
            "is-json": lambda: self._compared(_json(value), given),
            "contains-json": lambda: None if value else self._changed(),
            "levenshtein": lambda: self._distance(value, given),
            "cost": lambda: _limit("max-cost", given),
            "latency": lambda: _limit("max-latency", given, 1000),
            "max-length": lambda: {"type": "max-chars", "value": value},
            "min-length": lambda: {"type": "expr", "value": f"(text | length) >= {value}"},
            "empty": lambda: {"type": "expr", "value": "(text | trim) == ''"},
            "is-valid-openai-tools-call": self._called,
            "is-valid-function-call": self._called,
            "javascript": lambda: self._expression(given.get("value"), given),
            "python": lambda: self._expression(given.get("value"), given),
        }
        if kind in _JUDGED:
            return self._judged(kind, value)
        if kind in _SIMILARITIES:
            self._note("IMP227", f"`{kind}` is measured as `{_SIMILARITIES[kind]}`")
            return self._compared({"type": _SIMILARITIES[kind], "value": value}, given)
        return simple[kind]() if kind in simple else None

    def _changed(self) -> dict[str, Any]:
        self._note("IMP227", "an answer with JSON in it is searched for its brackets")
        return {"type": "regex", "value": r"(?s)[{\[].*[}\]]"}

    def _distance(self, value: Any, given: Mapping[str, Any]) -> dict[str, Any] | None:
        length = max(len(str(value)), 1)
        threshold = given.get("threshold", 5)
        if not isinstance(threshold, int | float):
            return None
        self._note("IMP227", "the edit distance is measured relative to the length")
        least = round(max(0, 1 - threshold / length), 4)
        return {"type": "ratio", "value": value, "threshold": max(least, _SMALLEST_THRESHOLD)}

    def _called(self) -> dict[str, Any]:
        self._note("IMP227", "only whether a tool is called is checked")
        return {"type": "finish-reason", "value": "tool_calls"}

    def _judged(self, kind: str, value: Any) -> dict[str, Any] | None:
        found: dict[str, Any] = {"type": _JUDGED[kind]}
        self._note("IMP227", f"`{kind}` is judged as `{_JUDGED[kind]}`")
        if kind == "context-faithfulness":
            return {**found, "value": "context"} if "context" in self._inputs else None
        if kind == "answer-relevance":
            return found
        if isinstance(value, list):
            value = "\n".join(f"{number}. {one}" for number, one in enumerate(value, 1))
        return {**found, "value": value} if isinstance(value, str) else None

    def _expression(self, value: Any, given: Mapping[str, Any]) -> dict[str, Any] | None:
        if not isinstance(value, str) or value.startswith("file://") or TEMPLATE.search(value):
            return None
        found = expression(value, self._variable)
        if found is None:
            return None
        if not (given.get("transform") or self._transform):
            return {"type": "expr", "value": found}
        return self._compared({"type": "expr", "value": _of_value(found)}, given)

    def _variable(self, name: str) -> str | None:
        """A variable in an expression: an input or, if the prompt has none, its value."""
        if name in self._inputs:
            return f"inputs.{name}"
        value = self._variables.get(name)
        return json.dumps(value) if isinstance(value, str | int | float) else None

    def _compared(self, found: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any] | None:
        if found["type"] == "llm-rubric":
            changed = [key for key in ("threshold", "provider", "rubricPrompt") if key in given]
            if changed:
                self._note("IMP227", f"`{changed[0]}` of a rubric is not carried")
            return found if isinstance(found.get("value"), str) else None
        if isinstance(given.get("threshold"), int | float) and found["type"] in _WITH_THRESHOLD:
            found["threshold"] = given["threshold"]
        own = given.get("transform")
        if own and self._transform:
            return None
        transform = own or self._transform
        return self._transformed(found, transform) if transform else found

    def _transformed(self, found: dict[str, Any], transform: Any) -> dict[str, Any] | None:
        match = _PATH.fullmatch(str(transform).strip().removesuffix(";"))
        if match is not None:
            steps = [one[1] or one[2] for one in _STEP.finditer(match[1])]
            return _at_path(found, "".join(f"/{step}" for step in steps))
        written = expression(str(transform), self._variable)
        return {**found, "transform": _of_value(written)} if written is not None else None

    def _set(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        inner = given.get("assert")
        parts = []
        for one in inner if isinstance(inner, list) else ():
            part = self._assertion(one) if isinstance(one, Mapping) else None
            if part is None:
                return None
            parts.append((part, one))
        threshold = given.get("threshold")
        return _set(parts, threshold if isinstance(threshold, int | float) else None)

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


_WITH_THRESHOLD = frozenset(("similar", "rouge", "chrf", "ratio", "factual", "grounded"))


def _is_measure(assertion: Mapping[str, Any]) -> bool:
    """Whether a model judges it, or a part of it."""
    inner = assertion.get("value")
    parts = inner if assertion["type"] in ("all", "any") and isinstance(inner, list) else ()
    plain = str(assertion["type"]).removeprefix("not-")
    return plain in _MEASURES or any(_is_measure(part) for part in parts)


def _set(parts: list[tuple[dict[str, Any], Any]], threshold: float | None) -> dict[str, Any] | None:
    """The set of assertions, each with the one it was; None if nothing can fail it."""
    found = []
    for part, written in parts:
        weight = written.get("weight") if isinstance(written, Mapping) else None
        if weight == 0:
            continue
        plain = {key: value for key, value in part.items() if key not in ("score", "must")}
        plain.pop("weight", None)
        found.append({**plain, **({"weight": weight} if weight and weight != 1 else {})})
    if not found or (threshold is not None and threshold < _SMALLEST_THRESHOLD):
        return None
    extra = {"threshold": threshold} if threshold is not None else {}
    return {"type": "all", "value": found, **extra}


def _at_path(found: dict[str, Any], path: str) -> dict[str, Any]:
    """The assertion about a part of the answer; a number there equals its text, as in promptfoo."""
    value = found.get("value")
    if found["type"] == "equals" and isinstance(value, str):
        other = _scalar(value)
        if other is not None:
            same = [{**found, "path": path}, {**found, "value": other, "path": path}]
            return {"type": "any", "value": same}
    return {**found, "path": path}


def _scalar(text: str) -> Any:
    """The number, true or false that a text writes in JSON; None for any other text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, bool | int | float) else None


def _of_value(written: str) -> str:
    return re.sub(r"\btext\b", "value", written)


def _json(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        value = read_any("", value.encode()).value
    if isinstance(value, Mapping) and value:
        return {"type": "json-schema", "value": value}
    return {"type": "is-json"}


def _listed(value: Any) -> list[str]:
    if isinstance(value, str):
        value = [one.strip() for one in next(csv.reader([value], skipinitialspace=True), [])]
    return [_text(one) for one in value] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _limit(kind: str, given: Mapping[str, Any], divisor: float = 1) -> dict[str, Any] | None:
    threshold = given.get("threshold")
    if not isinstance(threshold, int | float):
        return None
    return {"type": kind, "value": threshold / divisor if divisor != 1 else threshold}
