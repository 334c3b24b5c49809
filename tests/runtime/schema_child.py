# ruff: noqa: E501 -- one case, one line
"""Checks each large value against its schema in one process, and prints what it took as JSON.

Run by test_runtime_schema_limits.py with a limit of memory that it sets on itself.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

ITEMS = 200_000


def nested_anyof(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"properties": {"a": True}}
    for _ in range(levels):
        schema = {"anyOf": [schema], "unevaluatedProperties": {"type": "integer"}}
    return schema


CASES: dict[str, tuple[dict[str, Any], Any]] = {
    "items and a bound": ({"maxItems": 20, "items": {"type": "object"}}, [1] * ITEMS),
    "items": ({"items": {"type": "object"}}, [1] * ITEMS),
    "alternatives of items": ({"items": {"anyOf": [{"type": "object"}, {"type": "string"}]}}, [1] * ITEMS),
    "items of alternatives": ({"anyOf": [{"items": {"type": "null"}}] * 3}, [1] * ITEMS),
    "conditions of items": ({"items": {"if": {"items": {"type": "null"}, "not": {"type": "null"}}, "then": {"type": "string"}}}, [1] * ITEMS),
    "one of a hundred": ({"items": {"oneOf": [{"type": "object"}] * 100}}, [1] * ITEMS),
    "twenty thousand at once": ({"items": {"allOf": [{"type": "integer"}] * 20_000}}, [1] * ITEMS),
    "unique items": ({"uniqueItems": True}, [*range(100_000), 1]),
    "patterns of items": ({"items": {"allOf": [{"pattern": f"a[ab]{{{n}}}c"} for n in range(100)]}}, ["ab" * 3] * 100_000),
    "a pattern with many states": ({"pattern": "(?:[ab]{1,50}a){1,50}c"}, "ab" * 440_000),
    "a pattern that backtracks": ({"items": {"pattern": r"(?!^(?:(a|a)\1?)*b)a"}}, ["a" * 8] * 80_000),
    "an enum of mappings": ({"items": {"enum": [{"a": n} for n in range(10_000)]}}, [{"a": 9_999}] * 2_000),
    "a large schema in each error": ({"items": {"not": {"enum": [*range(100_000)]}}}, [1] * 10_000),
    "a large value in each error": ({"allOf": [{"maxItems": n} for n in range(1_000)]}, [1] * ITEMS),
    "a long string in each error": ({"allOf": [{"maxLength": n} for n in range(1_000)]}, "x" * 880_000),
    "a long key in each error": ({"additionalProperties": {"items": {"type": "string"}}}, {"k" * 800_000: [1] * 10_000}),
    "many keys": ({"additionalProperties": False, "properties": {"k": {}}}, {f"k{n}": 1 for n in range(60_000)}),
    "names like known ones": ({"additionalProperties": False, "properties": {"a" * 90 + str(n): {} for n in range(1_000)}}, {"a" * 90 + f"x{n}": 1 for n in range(300)}),
    "names of members": ({"propertyNames": {"maxLength": 2}}, {f"k{n:06}": 1 for n in range(60_000)}),
    "patterns of members": ({"patternProperties": {f"k{n}$": {"type": "null"} for n in range(1_000)}}, {f"k{n}": 1 for n in range(60_000)}),
    "items to contain": ({"contains": {"type": "string"}, "minContains": 3}, [1] * ITEMS),
    "missing names": ({"dependentSchemas": {"a": {"required": [f"k{n}" for n in range(60_000)]}}}, {"a": 1}),
    "missing names of items": ({"items": {"required": [f"k{n}" for n in range(1_000)]}}, [{}] * ITEMS),
    "multiples": ({"items": {"multipleOf": 1e-300}}, [1.5e300] * ITEMS),
    "large whole numbers": ({"items": {"multipleOf": 7}}, [7**300] * 3_000),
    "what is unevaluated": (nested_anyof(24), {"a": 1, "b": 2, "c": 3}),
}  # fmt: skip


def main() -> None:
    from promptops.errors import InputError
    from promptops.model.place import Place
    from promptops.model.prompt import Output
    from promptops.runtime.request.answers import Answers
    from promptops.runtime.request.inputs import Inputs
    from promptops.runtime.request.schema_check import validator
    from promptops.runtime.template.data import TooMuchWork
    from promptops.source.explain import explain

    Inputs({"properties": {"v": {"minimum": 2}}}).accept({"v": 1})
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))

    def inputs(schema: dict[str, Any], value: Any) -> list[str]:
        _, problems = Inputs({"properties": {"v": schema}}).accept({"v": value})
        return [problem.message for problem in problems]

    def answer(schema: dict[str, Any], value: Any) -> list[str]:
        try:
            Answers("p", Output(format="json", schema=schema)).parse(json.dumps(value))
        except InputError as error:
            return [str(error)]
        return []

    def explained(schema: dict[str, Any], value: Any) -> list[str]:
        try:
            errors = validator(schema).errors(value)
        except TooMuchWork as error:
            return [str(error)]
        found = explain(errors, schema, value, lambda pointer, _key: Place(pointer))
        return [problem.message for problem in found]

    json.dump([_row(way, *sys.argv[1:]) for way in (inputs, answer, explained)], sys.stdout)


def _row(way: Any, name: str) -> dict[str, Any]:
    schema, value = CASES[name]
    before, started = _peak_mb(), time.process_time()
    messages = way(schema, value)
    return {
        "way": way.__name__,
        "problems": len(messages),
        "longest": max(map(len, messages), default=0),
        "cpu_s": time.process_time() - started,
        "grown_mb": _peak_mb() - before,
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
