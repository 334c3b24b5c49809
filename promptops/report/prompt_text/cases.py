"""Test cases as blocks: the inputs, and a line for each assertion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptops.report.prompt_text.facts import Block, fact, facts, facts_of, rule, shown


def case_blocks(value: Any) -> Iterator[Block]:
    """A block for each test case, and for a file with more cases."""
    if not isinstance(value, list):
        yield tuple(facts("tests", value))
        return
    for case in value:
        yield tuple(_case(case))


def evaluation_blocks(value: Any) -> Iterator[Block]:
    """The assertions for every case."""
    rest = dict(value) if isinstance(value, dict) else {"evaluation": value}
    asserted = tuple(_asserted(rest, "assertions"))
    yield (rule("evaluation"), *facts_of(rest), *asserted)


def _case(case: Any) -> Iterator[str]:
    rest = dict(case) if isinstance(case, dict) else {"case": case}
    if isinstance(rest.get("file"), str):
        yield rule(f"tests of {rest.pop('file')}")
    else:
        name = rest.pop("name") if isinstance(rest.get("name"), str) else ""
        yield rule(f"test {name}".strip())
    inputs = rest.pop("inputs") if isinstance(rest.get("inputs"), dict) else {}
    asserted = (*_asserted(rest, "rendered"), *_asserted(rest, "output"))
    yield from facts_of(rest)
    for key in sorted(inputs):
        yield from fact(f"input {key}", inputs[key])
    yield from asserted


def _asserted(rest: dict[str, Any], key: str) -> Iterator[str]:
    """An assertion, such as `rendered contains, role system: Be kind`."""
    if not isinstance(rest.get(key), list):
        return
    for item in rest.pop(key):
        assertion = dict(item) if isinstance(item, dict) else {"value": item}
        kind = assertion.pop("type") if isinstance(assertion.get("type"), str) else "?"
        value = fact("", assertion.pop("value")) if "value" in assertion else ()
        words = [f"{name} {shown(assertion[name], ', ')}" for name in sorted(assertion)]
        first, *more = value or ("",)
        yield ", ".join([f"{key} {kind}", *words]) + first
        yield from more
