"""Assertions of promptfoo as assertions of test cases."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.promptfoo.javascript import expression
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import record

Assertion = Mapping[str, Any]

_SAME = frozenset(
    str.split(
        "equals contains icontains starts-with contains-all contains-any moderation finish-reason"
        " regex llm-rubric"
    )
)
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
_PLACEHOLDER = lazy_pattern(r"\{\{\s*([\w.-]+)\s*\}\}")
_TEMPLATE = lazy_pattern(r"\{\{|\{%")
_LOOK_AROUND = lazy_pattern(r"\(\?(?:[=!]|<[=!])|\\[1-9]")
_PATH = lazy_pattern(r"(?:JSON\.parse\(output\)|output)((?:\.[A-Za-z_]\w*|\[\d+\])+)")
_STEP = lazy_pattern(r"\.([A-Za-z_]\w*)|\[(\d+)\]")


@record(frozen=True, slots=True, kw_only=True)
class Translated:
    """An assertion, or None if it has no counterpart; and what was changed."""

    value: Assertion | None
    losses: tuple[Loss, ...] = ()


class Assertions:
    """Translates the assertions of one case."""

    def __init__(self, variables: Mapping[str, Any], place: Callable[[], Place]) -> None:
        self._variables = variables
        self._place = place
        self._losses: list[Loss] = []

    def translated(self, given: Any) -> Translated:
        """One assertion."""
        self._losses = []
        value: Assertion | None = self._assertion(given) if isinstance(given, Mapping) else None
        if value is None:
            kind = given.get("type") if isinstance(given, Mapping) else given
            self._note("IMP116", f"the assertion `{kind}` has no counterpart")
        elif isinstance(given, Mapping):
            value = self._scored(value, given)
        return Translated(value=value, losses=tuple(self._losses))

    def _assertion(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        kind = str(given.get("type", ""))
        plain = kind.removeprefix("not-")
        negated = "not-" if plain != kind else ""
        if plain == "assert-set":
            return self._set(given)
        value = self._filled(given.get("value"))
        if value is _UNKNOWN:
            return None
        found = self._plain(plain, value, given)
        if found is not None and negated:
            found["type"] = f"not-{found['type']}".replace("not-not-", "")
        return found

    def _plain(self, kind: str, value: Any, given: Mapping[str, Any]) -> dict[str, Any] | None:
        if kind in _LISTS and isinstance(value, str):
            value = [one.strip() for one in value.split(",")]
        if kind == "regex" and _LOOK_AROUND.search(str(value)):
            return None
        if kind in ("icontains-all", "icontains-any"):
            parts = [{"type": "icontains", "value": one} for one in value or ()]
            return {"type": kind.removeprefix("icontains-"), "value": parts}
        if kind in _SAME:
            found = {"type": kind, **({} if value is None else {"value": value})}
            return self._compared(found, given)
        if kind in _RENAMED:
            found = {"type": _RENAMED[kind], **({} if value is None else {"value": value})}
            return self._compared(found, given)
        if kind in _JUDGED:
            return self._judged(kind, value)
        return self._other(kind, value, given)

    def _other(self, kind: str, value: Any, given: Mapping[str, Any]) -> dict[str, Any] | None:
        simple: dict[str, Callable[[], dict[str, Any] | None]] = {
            "is-json": lambda: self._json(value),
            "contains-json": lambda: None if value else self._changed("contains-json"),
            "levenshtein": lambda: self._distance(value, given),
            "cost": lambda: _limit("max-cost", given),
            "latency": lambda: _limit("max-latency", given, 1000),
            "max-length": lambda: {"type": "max-chars", "value": value},
            "min-length": lambda: {"type": "expr", "value": f"(text | length) >= {value}"},
            "empty": lambda: {"type": "not-regex", "value": r"\S"},
            "is-valid-openai-tools-call": self._called,
            "is-valid-function-call": self._called,
            "javascript": lambda: self._expression(value),
            "python": lambda: self._expression(value),
        }
        if kind in _SIMILARITIES:
            self._note("IMP227", f"`{kind}` is measured as `{_SIMILARITIES[kind]}`")
            return self._compared({"type": _SIMILARITIES[kind], "value": value}, given)
        return simple[kind]() if kind in simple else None

    def _json(self, value: Any) -> dict[str, Any]:
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                value = None
        if isinstance(value, Mapping):
            return {"type": "json-schema", "value": value}
        return {"type": "is-json"}

    def _changed(self, kind: str) -> dict[str, Any]:
        self._note("IMP227", "an answer with JSON in it is searched for its brackets")
        return (
            {"type": kind}
            if kind != "contains-json"
            else {
                "type": "regex",
                "value": r"(?s)[{\[].*[}\]]",
            }
        )

    def _distance(self, value: Any, given: Mapping[str, Any]) -> dict[str, Any] | None:
        length = max(len(str(value)), 1)
        threshold = given.get("threshold", 5)
        if not isinstance(threshold, int | float):
            return None
        self._note("IMP227", "the edit distance is measured relative to the length")
        return {
            "type": "ratio",
            "value": value,
            "threshold": round(max(0, 1 - threshold / length), 4),
        }

    def _called(self) -> dict[str, Any]:
        self._note("IMP227", "only whether a tool is called is checked")
        return {"type": "finish-reason", "value": "tool_calls"}

    def _judged(self, kind: str, value: Any) -> dict[str, Any] | None:
        found: dict[str, Any] = {"type": _JUDGED[kind]}
        self._note("IMP227", f"`{kind}` is judged as `{_JUDGED[kind]}`")
        if kind == "context-faithfulness":
            return {**found, "value": "context"} if "context" in self._variables else None
        if kind == "answer-relevance":
            return found
        if isinstance(value, list):
            value = "\n".join(f"{number}. {one}" for number, one in enumerate(value, 1))
        return {**found, "value": value} if isinstance(value, str) else None

    def _expression(self, value: Any) -> dict[str, Any] | None:
        if not isinstance(value, str) or value.startswith("file://"):
            return None
        found = expression(value)
        return {"type": "expr", "value": found} if found is not None else None

    def _compared(self, found: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any] | None:
        if found["type"] == "llm-rubric":
            changed = [key for key in ("threshold", "provider", "rubricPrompt") if key in given]
            if changed:
                self._note("IMP227", f"`{changed[0]}` of a rubric is not carried")
            return found if isinstance(found.get("value"), str) else None
        if isinstance(given.get("threshold"), int | float) and found["type"] != "equals":
            found["threshold"] = given["threshold"]
        transform = given.get("transform")
        return self._transformed(found, transform) if transform else found

    def _transformed(self, found: dict[str, Any], transform: Any) -> dict[str, Any] | None:
        match = _PATH.fullmatch(str(transform).strip())
        if match is not None:
            steps = [one[1] or one[2] for one in _STEP.finditer(match[1])]
            return {**found, "path": "".join(f"/{step}" for step in steps)}
        written = expression(str(transform))
        if written is None:
            return None
        return {**found, "transform": re.sub(r"\btext\b", "value", written)}

    def _set(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        inner = given.get("assert")
        parts = []
        for one in inner if isinstance(inner, list) else ():
            part = self._assertion(one) if isinstance(one, Mapping) else None
            if part is None:
                return None
            weight = one.get("weight")
            parts.append({**part, **({"weight": weight} if weight and weight != 1 else {})})
        threshold = given.get("threshold")
        extra = {"threshold": threshold} if isinstance(threshold, int | float) else {}
        return {"type": "all", "value": parts, **extra} if parts else None

    def _scored(self, value: Assertion, given: Mapping[str, Any]) -> Assertion:
        metric, weight = given.get("metric"), given.get("weight")
        extra: dict[str, Any] = {}
        if isinstance(metric, str) and metric.strip() and not _TEMPLATE.search(metric):
            extra["score"] = metric
        if isinstance(weight, int | float) and weight != 1 and weight > 0:
            extra["weight"] = weight
            if "score" not in extra:
                extra["score"] = "quality"
                self._note("IMP228", "an assertion with a weight is part of the score `quality`")
        return {**value, **extra}

    def _filled(self, value: Any) -> Any:
        """The value with the variables of its case; _UNKNOWN for other templates."""
        if isinstance(value, str):
            filled = _PLACEHOLDER.sub(self._variable, value)
            return _UNKNOWN if _TEMPLATE.search(filled) else filled
        if isinstance(value, list):
            found = [self._filled(one) for one in value]
            return _UNKNOWN if any(one is _UNKNOWN for one in found) else found
        return value

    def _variable(self, match: re.Match[str]) -> str:
        value: Any = self._variables
        for step in match[1].split("."):
            if not isinstance(value, Mapping) or step not in value:
                return match[0]
            value = value[step]
        return value if isinstance(value, str) else json.dumps(value)

    def _note(self, code: str, message: str) -> None:
        self._losses.append(Loss(code=code, message=message, place=self._place()))


_UNKNOWN = object()


def _limit(kind: str, given: Mapping[str, Any], divisor: float = 1) -> dict[str, Any] | None:
    threshold = given.get("threshold")
    if not isinstance(threshold, int | float):
        return None
    return {"type": kind, "value": threshold / divisor if divisor != 1 else threshold}
