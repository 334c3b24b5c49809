"""Assertions of test cases as assertions of promptfoo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.json_pointer import tokens

_SAME = frozenset(
    str.split(
        "equals contains icontains starts-with contains-all contains-any regex is-json"
        " llm-rubric finish-reason moderation similar"
    )
)
_RENAMED = {
    "refuses": "is-refusal",
    "json-schema": "is-json",
    "factual": "factuality",
    "rouge": "rouge-n",
}


def promptfoo_assertion(assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    """The assertion there; None if it has no counterpart."""
    kind = str(assertion.get("type", ""))
    plain = kind.removeprefix("not-")
    negated = "not-" if plain != kind else ""
    if "role" in assertion or "transform" in assertion:
        return None
    found = _plain(plain, assertion)
    if found is None:
        return None
    found["type"] = f"{negated}{found['type']}"
    if "path" in assertion:
        found["transform"] = _transform(str(assertion["path"]))
    if isinstance(assertion.get("threshold"), int | float) and plain != "all":
        found["threshold"] = assertion["threshold"]
    if "score" in assertion:
        found["metric"] = assertion["score"]
    if "weight" in assertion:
        found["weight"] = assertion["weight"]
    return found


def _plain(kind: str, assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    value = assertion.get("value")
    if kind in _SAME or kind in _RENAMED:
        name = _RENAMED.get(kind, kind)
        return {"type": name, **({} if value is None else {"value": value})}
    if kind == "max-cost":
        return {"type": "cost", "threshold": value}
    if kind == "max-latency" and isinstance(value, int | float):
        return {"type": "latency", "threshold": value * 1000}
    if kind == "max-chars":
        return {"type": "javascript", "value": f"output.length <= {value}"}
    if kind == "all" and isinstance(value, list):
        return _set(value, assertion)
    return None


def _set(parts: list[Any], assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    inner = [promptfoo_assertion(one) for one in parts]
    if any(one is None for one in inner):
        return None
    threshold = assertion.get("threshold")
    extra = {"threshold": threshold} if isinstance(threshold, int | float) else {}
    return {"type": "assert-set", "assert": inner, **extra}


def _transform(path: str) -> str:
    """`/a/0` as an expression of JavaScript over the parsed answer."""
    steps = tokens(path)
    written = "".join(f"[{step}]" if step.isdecimal() else f'["{step}"]' for step in steps)
    return f"(typeof output === 'string' ? JSON.parse(output) : output){written}"
