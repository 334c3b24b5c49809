"""Every assertion's own examples: those below `Holds:` hold, those below `Fails:` fail."""

import inspect
import re
from typing import Any

import pytest

from promptops.evals.parse import parse
from promptops.evals.registry import AssertionKind, built_in
from promptops.evals.result import judge_request
from promptops.model.prompt import Request
from promptops.records import fields
from promptops.source.document import read_any
from tests.evals.answers import case_of, judged

KINDS = tuple(built_in().values())


def example(kind: AssertionKind, heading: str) -> dict[str, Any]:
    found = re.search(rf"(?m)^{heading}:\n((?:(?: {{4}}.*)?(?:\n|$))+)", kind.documentation)
    assert found is not None
    document = read_any("example.yaml", inspect.cleandoc("\n" + found[1]).encode())
    assert document.problems == ()
    return document.value


def statuses(written: dict[str, Any]) -> set[tuple[str, str]]:
    if "rendered" in written:
        found = judge_request(Request(messages=tuple(written["messages"])), case_of(written))
    else:
        found = tuple(judged(written))
    return {(verdict.type, verdict.status) for verdict in found}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_an_assertion_holds_in_its_example(kind: AssertionKind) -> None:
    written = example(kind, "Holds")

    assert statuses(written) == {(kind.name, "passed")}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_an_assertion_fails_in_its_other_example(kind: AssertionKind) -> None:
    written = example(kind, "Fails")

    assert statuses(written) == {(kind.name, "failed")}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_an_assertion_says_in_one_line_what_it_wants_and_names_its_fields(
    kind: AssertionKind,
) -> None:
    first, blank, *rest = kind.documentation.splitlines()
    _, _, attributes = kind.documentation.partition("Attributes:\n")

    assert (first[-1], len(first) <= 88, blank) == (".", True, "")
    assert rest
    names = [field.name for field in fields(kind.check)]
    assert ("Attributes:" in kind.documentation) == bool(names)
    for name in names:
        assert f"    {name}: " in attributes


def test_the_assertions_are_those_with_a_file() -> None:
    assert list(built_in()) == [
        *("abstains", "all", "answer-relevant", "any", "chrf", "citations", "contains"),
        *("contains-all", "contains-any", "contains-json", "context-relevant", "counterfactual"),
        *("equals", "expr", "factual", "finish-reason", "grounded", "icontains", "is-json"),
        *("json-schema", "llm-rubric", "max-chars", "max-cost", "max-latency", "max-tokens"),
        *("max-turns", "message-count", "moderation", "mrr", "ndcg", "no-injection", "no-leak"),
        *("no-personal-data", "no-repeat", "no-secrets", "one-of", "pairwise", "precision"),
        *("python", "ratio", "recall", "refuses", "regex", "rouge", "similar", "starts-with"),
        *("supported", "tool-call", "tool-calls", "tool-sequence", "tool-set", "word-count"),
    ]


def test_the_schema_lists_exactly_the_assertions_that_are_implemented() -> None:
    from promptops.source.shape import schema

    types = schema("prompt.schema.json")["$defs"]["assertion"]["properties"]["type"]["anyOf"]
    names = [kind.name for kind in KINDS]

    assert sorted(types[0]["enum"]) == sorted([*names, *(f"not-{name}" for name in names)])


def test_an_assertion_is_frozen_and_compares_by_its_arguments() -> None:
    written = {"type": "contains", "value": "refund"}

    one, other = parse(written, "request")[0], parse(written, "answer")[0]

    assert one == other
    assert hash(one) == hash(other)
