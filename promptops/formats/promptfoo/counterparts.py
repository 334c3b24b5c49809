"""The counterpart of one assertion of promptfoo, without its score and its weight."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from promptops.formats.promptfoo.javascript import expression
from promptops.formats.promptfoo.transforms import of_value, transformed
from promptops.formats.promptfoo.variables import TEMPLATE, UNKNOWN, filled
from promptops.patterns import lazy_pattern
from promptops.source.document import read_any

SMALLEST_THRESHOLD = 0.05

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
_OF_JUDGE = ("threshold", "provider", "rubricPrompt")
_WHOLE = ("cost", "latency", "is-valid-openai-tools-call", "is-valid-function-call")
"""They are not about the text of the answer."""
_LISTS = ("contains-all", "contains-any", "icontains-all", "icontains-any")
_SIMILARITIES = {"rouge-n": "rouge", "bleu": "chrf", "gleu": "chrf", "meteor": "chrf"}
_WITH_THRESHOLD = frozenset(("similar", "rouge", "chrf", "ratio"))
_LOOK_AROUND = lazy_pattern(r"\(\?(?:[=!]|<[=!])|\\[1-9]")


class Counterparts:
    """Finds the counterparts of the assertions of one test.

    Attributes:
        transform: Of each answer before all assertions; or None.
    """

    def __init__(
        self,
        variables: Mapping[str, Any],
        inputs: Collection[str],
        note: Callable[[str, str], None],
    ) -> None:
        """`note` gets the code and the message of what changes."""
        self.transform: str | None = None
        self._variables = variables
        self._inputs = inputs
        self._note = note

    def of(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """The assertion of a test case; None for one without counterpart."""
        kind = str(given.get("type", ""))
        plain = kind.removeprefix("not-")
        negated = "not-" if plain != kind else ""
        if plain == "assert-set":
            return self._set(given)
        value = filled(given.get("value"), self._variables)
        if value is UNKNOWN:
            return None
        found = self._plain(plain, value, given)
        if found is None:
            return None
        if self._transform_of(given) and plain not in _WHOLE and not _is_transformed(found):
            self._note("IMP227", f"the transform of `{kind}` is not carried")
        if negated:
            found["type"] = f"not-{found['type']}".replace("not-not-", "")
        return found

    def _transform_of(self, given: Mapping[str, Any]) -> Any:
        return given.get("transform") or self.transform

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
            "max-length": lambda: self._compared({"type": "max-chars", "value": value}, given),
            "min-length": lambda: {"type": "expr", "value": f"(text | length) >= {value}"},
            "empty": lambda: {"type": "expr", "value": "(text | trim) == ''"},
            "is-valid-openai-tools-call": self._called,
            "is-valid-function-call": self._called,
            "javascript": lambda: self._expression(given.get("value"), given),
            "python": lambda: self._expression(given.get("value"), given),
        }
        if kind in _JUDGED:
            return self._judged(kind, value, given)
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
        return {"type": "ratio", "value": value, "threshold": max(least, SMALLEST_THRESHOLD)}

    def _called(self) -> dict[str, Any]:
        self._note("IMP227", "only whether a tool is called is checked")
        return {"type": "finish-reason", "value": "tool_calls"}

    def _judged(self, kind: str, value: Any, given: Mapping[str, Any]) -> dict[str, Any] | None:
        found: dict[str, Any] = {"type": _JUDGED[kind]}
        self._note("IMP227", f"`{kind}` is judged as `{_JUDGED[kind]}`{_without(given)}")
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
        if not self._transform_of(given):
            return {"type": "expr", "value": found}
        return self._compared({"type": "expr", "value": of_value(found)}, given)

    def _variable(self, name: str) -> str | None:
        """A variable in an expression: an input or, if the prompt has none, its value."""
        if name in self._inputs:
            return f"inputs.{name}"
        value = self._variables.get(name)
        return json.dumps(value) if isinstance(value, str | int | float) else None

    def _compared(self, found: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any] | None:
        if found["type"] == "llm-rubric":
            left_out = _without(given)
            if left_out:
                self._note("IMP227", f"`llm-rubric` is judged{left_out}")
            return found if isinstance(found.get("value"), str) else None
        if isinstance(given.get("threshold"), int | float) and found["type"] in _WITH_THRESHOLD:
            found["threshold"] = given["threshold"]
        if given.get("transform") and self.transform:
            return None
        transform = self._transform_of(given)
        return transformed(found, transform, self._variable) if transform else found

    def _set(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        inner = given.get("assert")
        parts = []
        for one in inner if isinstance(inner, list) else ():
            part = self.of(one) if isinstance(one, Mapping) else None
            if part is None:
                return None
            parts.append((part, one))
        threshold = given.get("threshold")
        return assertion_set(parts, threshold if isinstance(threshold, int | float) else None)


def assertion_set(
    parts: list[tuple[dict[str, Any], Any]], threshold: float | None
) -> dict[str, Any] | None:
    """The set of assertions, each with the one it was; None if nothing can fail it."""
    found = []
    for part, written in parts:
        weight = written.get("weight") if isinstance(written, Mapping) else None
        if weight == 0:
            continue
        plain = {key: value for key, value in part.items() if key not in ("score", "must")}
        plain.pop("weight", None)
        found.append({**plain, **({"weight": weight} if weight and weight != 1 else {})})
    if not found or (threshold is not None and threshold < SMALLEST_THRESHOLD):
        return None
    extra = {"threshold": threshold} if threshold is not None else {}
    return {"type": "all", "value": found, **extra}


def _without(given: Mapping[str, Any]) -> str:
    """What is not carried of an assertion that a model judges: the end of a message."""
    found = [f"`{key}`" for key in _OF_JUDGE if key in given]
    return f", without its {' and its '.join(found)}" if found else ""


def _is_transformed(found: Mapping[str, Any]) -> bool:
    """Whether it, or a part of it, is about a transformed answer."""
    inner = found.get("value")
    parts = inner if isinstance(inner, list) else ()
    own = "path" in found or "transform" in found
    return own or any(_is_transformed(one) for one in parts if isinstance(one, Mapping))


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
