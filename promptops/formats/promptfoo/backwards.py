"""Assertions of test cases as assertions of promptfoo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from promptops.evals.parse import parse
from promptops.json_pointer import tokens
from promptops.patterns import lazy_pattern

CHECK = "file://promptops_prompts.py:holds"
"""Checks an assertion that promptfoo does not have, or decides in another way."""

_OF_MODELS = {
    "llm-rubric": "llm-rubric",
    "factual": "factuality",
    "similar": "similar",
    "moderation": "moderation",
    "finish-reason": "finish-reason",
}
_TRANSFORMS = {
    "(value | trim)": "output.trim()",
    "(value | lower)": "output.toLowerCase()",
    "(value | upper)": "output.toUpperCase()",
}
_NOT_OF_JAVASCRIPT = lazy_pattern(r"\(\?[a-zA-Z-]|\\[AzZpPQC]|\[\[:|\(\?P")
_OF_SCHEMAS = frozenset(
    str.split(
        "type required properties items enum const additionalProperties minimum maximum minLength"
        " maxLength minItems maxItems description title"
    )
)


def promptfoo_assertion(assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    """The assertion there, with the same verdict but for those that a model judges.

    None for one that needs more than the answer and the inputs.
    """
    kind = str(assertion.get("type", ""))
    plain = _plain(assertion)
    narrowed = any(key in assertion for key in ("path", "role", "transform"))
    found = None if narrowed or _is_measure(assertion) else _native(plain, assertion)
    if found is None and plain in _OF_MODELS and not narrowed:
        found = _judged(plain, assertion)
    if found is not None:
        found["type"] = f"{kind.removesuffix(plain)}{found['type']}"
    elif _is_checked_here(assertion):
        kept = {key: value for key, value in assertion.items() if key != "weight"}
        found = {"type": "python", "value": CHECK, "config": {"assertion": kept}}
    else:
        return None
    if "score" in assertion:
        found["metric"] = assertion["score"]
    if "weight" in assertion:
        found["weight"] = assertion["weight"]
    return found


def native_assertion(assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    """As `promptfoo_assertion`, without the functions of promptops.

    A refusal is recognised by other words there. A measure has the weight 0, so that it can't fail.
    """
    found = promptfoo_assertion(assertion)
    if found is None or found["type"] != "python":
        return found
    kind, plain = str(assertion["type"]), _plain(assertion)
    bare = {key: assertion[key] for key in ("type", "value", "threshold") if key in assertion}
    native = {"type": "is-refusal"} if plain == "refuses" else _native(plain, bare)
    transform = _TRANSFORMS.get(str(assertion.get("transform")))
    if native is None or "role" in assertion or ("transform" in assertion and transform is None):
        return None
    if transform is not None and "path" in assertion:
        return None
    native["type"] = f"{kind.removesuffix(plain)}{native['type']}"
    if transform is not None:
        native["transform"] = transform
    if "path" in assertion:
        native["transform"] = _transform(str(assertion["path"]))
    if "score" in assertion:
        native["metric"] = assertion["score"]
    weight = 0 if _is_measure(assertion) else assertion.get("weight")
    return {**native, **({} if weight is None else {"weight": weight})}


def _transform(path: str) -> str:
    """`/a/0` as an expression of JavaScript over the parsed answer."""
    steps = tokens(path)
    written = "".join(f"[{step}]" if step.isdecimal() else f'["{step}"]' for step in steps)
    return f"(typeof output === 'string' ? JSON.parse(output) : output){written}"


def _plain(assertion: Mapping[str, Any]) -> str:
    return str(assertion.get("type", "")).removeprefix("not-")


def _is_measure(assertion: Mapping[str, Any]) -> bool:
    return "score" in assertion and assertion.get("must") is not True


def _native(kind: str, assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    write = _WRITERS.get(kind)
    return write(assertion.get("value"), assertion) if write is not None else None


def _text(value: Any, assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    return {"type": _plain(assertion), "value": value} if _is_text(value) else None


def _texts(value: Any, assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    fits = isinstance(value, list) and all(map(_is_text, value))
    return {"type": _plain(assertion), "value": value} if fits else None


def _regex(value: Any, _assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    fits = _is_text(value) and not _NOT_OF_JAVASCRIPT.search(value)
    return {"type": "regex", "value": value} if fits else None


def _schema(value: Any, _assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    return {"type": "is-json", "value": value} if _is_simple(value) else None


def _set(value: Any, assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    inner = [promptfoo_assertion(one) for one in value]
    if assertion["type"] != "all" or any(one is None or one["type"] == "python" for one in inner):
        return None
    threshold = assertion.get("threshold")
    extra = {"threshold": threshold} if isinstance(threshold, int | float) else {}
    return {"type": "assert-set", "assert": inner, **extra}


_WRITERS: Mapping[str, Callable[[Any, Mapping[str, Any]], dict[str, Any] | None]] = {
    **dict.fromkeys(("equals", "contains", "icontains", "starts-with"), _text),
    **dict.fromkeys(("contains-all", "contains-any"), _texts),
    "regex": _regex,
    "is-json": lambda _value, _assertion: {"type": "is-json"},
    "json-schema": _schema,
    "max-cost": lambda value, _assertion: {"type": "cost", "threshold": value},
    "max-latency": lambda value, _assertion: {"type": "latency", "threshold": value * 1000},
    "all": _set,
}


def _judged(kind: str, assertion: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": _OF_MODELS[kind],
        **{key: assertion[key] for key in ("value", "threshold") if key in assertion},
    }


def _is_checked_here(assertion: Mapping[str, Any]) -> bool:
    """Whether the answer and the inputs decide, without a model and without code of the user."""
    read, _ = parse(assertion, "answer")
    if read is None or read.judged or _plain(assertion) in _ELSEWHERE:
        return False
    inner = assertion.get("value")
    parts = inner if isinstance(inner, list) and assertion["type"][-3:] in ("all", "any") else ()
    return all(_is_checked_here(part) for part in parts if isinstance(part, Mapping))


_ELSEWHERE = frozenset(
    str.split("python max-cost max-latency max-tokens tool-call tool-calls counterfactual pairwise")
)
"""They need what a function of promptfoo does not get."""


def _is_simple(schema: Any) -> bool:
    """Whether promptfoo's validator, which is strict, accepts a schema and decides the same."""
    if not isinstance(schema, Mapping):
        return isinstance(schema, bool)
    inner = [*_mapping(schema.get("properties")).values()]
    inner += [schema[key] for key in ("items", "additionalProperties") if key in schema]
    known = _OF_SCHEMAS.issuperset(schema) and isinstance(schema.get("type", ""), str)
    return known and all(map(_is_simple, inner))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""
