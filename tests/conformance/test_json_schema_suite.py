"""JSON-Schema-Test-Suite: our bundling and our validator give the results that it expects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from promptops.model.place import Place
from promptops.runtime.request.schema_check import validator
from promptops.source.references import resolve
from promptops.source.schema_validity import check_schema
from tests.conformance.suites import unpacked

REFUSED = "refused"
REFUSALS: Mapping[str, str] = {
    "refRemote:": "schemas are files of the repository: an address is never fetched",
    "vocabulary:": "a metaschema of one's own is not read; the dialect is 2020-12",
    "dynamicRef:": "`$dynamicRef` is refused",
    "unevaluatedItems: unevaluatedItems with $dynamicRef": "`$dynamicRef` is refused",
    "unevaluatedProperties: unevaluatedProperties with $dynamicRef": "`$dynamicRef` is refused",
    "anchor: Location-independent identifier with base URI change": "`$id` is no base of addresses",
    "ref: Recursive references between schemas": "`$id` is no base of addresses",
    "ref: relative refs with absolute uris and defs": "`$id` is no base of addresses",
    "ref: $id must be resolved against nearest parent": "`$id` is no base of addresses",
    "ref: ref with absolute-path-reference": "an absolute path is never followed",
}
"""By how `file: group` begins, why we refuse the schema; a refusal is an error that users see."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = unpacked("jsonschema", tmp_path_factory.mktemp("jsonschema"))
    return root / "json" / "tests" / "draft2020-12"


def test_a_verdict_is_the_expected_one_or_the_schema_is_refused(suite: Path) -> None:
    outcomes = list(_outcomes(suite))

    wrong = {name for name, outcome in outcomes if outcome == "wrong"}
    refused = {name for name, outcome in outcomes if outcome == REFUSED}
    assert len(outcomes) > 1_200
    assert wrong == set()
    assert {name for name in refused if not name.startswith(tuple(REFUSALS))} == set()
    assert [each for each in REFUSALS if not any(name.startswith(each) for name in refused)] == []


def _outcomes(suite: Path) -> Iterator[tuple[str, str]]:
    """Of each test: `file: group`, and whether our verdict is right, wrong or refused."""
    for file in sorted(suite.glob("*.json")):
        for group in json.loads(file.read_text(encoding="utf-8")):
            for test in group["tests"]:
                valid = _valid(group["schema"], test["data"])
                verdict = "right" if valid is test["valid"] else "wrong"
                yield f"{file.stem}: {group['description']}", REFUSED if valid is None else verdict


def _valid(schema: Any, data: Any) -> bool | None:
    """Whether a value fits, as our validator finds; None where the schema is refused."""
    bundled, problems = resolve(schema, lambda _path: None, "schemas/suite.schema.json")
    if problems or check_schema(bundled, lambda _pointer, _key: Place("")):
        return None
    try:
        # Our schemas are mappings: what is true or false stands in one.
        ours = validator({"allOf": [bundled]} if isinstance(bundled, bool) else bundled)
    except ValueError:
        return None
    return ours.is_valid(data)
