"""The schemas that the tool ships."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from promptops.source.document import read
from promptops.source.shape import check_shape, schema, schema_text

NAMES = ["prompt.schema.json", "config.schema.json"]


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_schema_is_a_json_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text(name)))


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_schema_refers_to_nothing_outside_itself(name: str) -> None:
    references = {
        part["$ref"] for part in _schemas(schema(name)) if isinstance(part.get("$ref"), str)
    }

    assert {reference for reference in references if not reference.startswith("#/$defs/")} == set()
    assert {reference.rpartition("/")[2] for reference in references} <= set(schema(name)["$defs"])


@pytest.mark.parametrize("name", NAMES)
def test_every_property_says_what_it_is_on_hover(name: str) -> None:
    silent = [
        key
        for part in [schema(name), *schema(name)["$defs"].values()]
        for key, value in part.get("properties", {}).items()
        if value is not False and not value.get("description")
    ]

    assert silent == []


@pytest.mark.parametrize("name", NAMES)
def test_every_description_is_a_sentence(name: str) -> None:
    descriptions = [
        part["description"]
        for part in _schemas(schema(name))
        if isinstance(part.get("description"), str)
    ]

    assert [text for text in descriptions if not text.endswith((".", "`."))] == []


def test_a_schema_that_is_not_shipped_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"without its schema 'no\.schema\.json'"):
        schema_text("no.schema.json")


def test_the_prompts_of_this_repository_fit() -> None:
    prompts = sorted((Path(__file__).parents[2] / "prompts").rglob("*.prompt.yaml"))

    wrong = [
        (path.name, problem.message)
        for path in prompts
        for document in [read(path.name, path.read_bytes())]
        for problem in (*document.problems, *check_shape(document))
    ]

    assert (len(prompts) > 5, wrong) == (True, [])


def _schemas(value: Any) -> Iterator[dict[str, Any]]:
    """Each mapping, except the hints at keys and values that may have any name."""
    if isinstance(value, dict):
        yield value
        value = [item for key, item in value.items() if key != "x-hints"]
    for item in value:
        if isinstance(item, dict | list):
            yield from _schemas(item)
