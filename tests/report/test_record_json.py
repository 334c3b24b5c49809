"""A record as JSON, and the schema that is generated from it."""

from __future__ import annotations

import json
import runpy
from collections.abc import Mapping
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from jsonschema import ValidationError

from promptops.model.change import ABSENT
from promptops.model.place import Place
from promptops.model.version import Bump
from promptops.records import record
from promptops.records.outputs import OUTPUTS, as_text, empty_text, hidden, private, shown
from promptops.report.data_text import record_json, write_json
from tests.output_schemas import validate

ROOT = Path(__file__).parents[2]
GENERATOR = ROOT / "scripts" / "make_output_schemas.py"


class _Colour(Enum):
    RED = "red"


@as_text
class _Version(Enum):
    FIRST = 1

    def __str__(self) -> str:
        return "v1"


@record(frozen=True, slots=True, kw_only=True)
class _Result:
    name: str
    note: str = ""
    after: str = empty_text()
    place: Place
    share: float
    limit: float = float("inf")
    when: date = date(2026, 1, 31)
    colour: _Colour = _Colour.RED
    version: _Version = _Version.FIRST
    names: frozenset[str] = frozenset("ba")
    counts: Mapping[_Colour, int]
    value: Any = (1, {"a": float("nan")})
    calls: tuple[Mapping[str, Any], ...] = ({"arguments": (float("inf"), date(2026, 1, 31))},)
    before: Any = ABSENT
    secret: str = hidden(default="s3cret")
    _cached: str = "s3cret"

    @shown
    def doubled(self) -> float:
        """Twice the share."""
        return 2 * self.share

    @property
    def unseen(self) -> str:
        return "s3cret"


RESULT = _Result(name="", place=Place("a", 1, 2, 1, 3), share=0.1 + 0.2, counts={_Colour.RED: 1})


def test_a_record_is_an_object_of_its_fields_and_of_the_properties_that_are_shown() -> None:
    place = {"path": "a", "line": 1, "column": 2, "end_line": 1, "end_column": 3}

    assert list(record_json(RESULT).items()) == [
        ("name", ""),
        ("note", None),
        ("after", ""),
        ("place", place),
        ("share", 0.3),
        ("limit", None),
        ("when", "2026-01-31"),
        ("colour", "red"),
        ("version", "v1"),
        ("names", ["a", "b"]),
        ("counts", {"red": 1}),
        ("value", [1, {"a": "nan"}]),
        ("calls", [{"arguments": ["inf", "2026-01-31"]}]),
        ("doubled", 0.6),
    ]
    assert json.loads(write_json(RESULT)) == record_json(RESULT)


def test_a_value_without_a_form_in_json_is_a_bug() -> None:
    with pytest.raises(TypeError, match="bytes has no form in JSON"):
        record_json([b"x"])


def test_the_schemas_of_outputs_are_those_of_their_records() -> None:
    generated = runpy.run_path(str(GENERATOR))["schemas"]()

    shipped = {file: (ROOT / "schemas" / file).read_text("utf-8") for file in generated}
    assert shipped == generated, "run: python scripts/make_output_schemas.py"
    assert {f"{name}.schema.json" for name in OUTPUTS} < set(generated)


def _schemas_of(result: type) -> Any:
    """The generated schemas, with one more output."""
    made = runpy.run_path(str(GENERATOR))
    made["_import_outputs"]()
    OUTPUTS["sample-result"] = result, 1
    try:
        return made["schemas"]()
    finally:
        del OUTPUTS["sample-result"]


@private
@record(frozen=True, slots=True, kw_only=True)
class _Conversation:
    text: str


@record(frozen=True, slots=True, kw_only=True)
class _Leak:
    """A result.

    Attributes:
        conversations: What users wrote.
    """

    conversations: tuple[_Conversation, ...]


@record(frozen=True, slots=True, kw_only=True)
class _Undocumented:
    """A result."""

    bump: Bump


def test_a_private_record_in_an_output_is_refused() -> None:
    with pytest.raises(SystemExit, match="_Leak contains _Conversation, which is private"):
        _schemas_of(_Leak)


def test_a_key_without_a_text_is_refused() -> None:
    with pytest.raises(SystemExit, match=r"_Undocumented\.bump is in an output and has no text"):
        _schemas_of(_Undocumented)


def test_a_private_record_is_never_written_even_undeclared() -> None:
    with pytest.raises(TypeError, match="_Conversation is private"):
        record_json({"of": (_Conversation(text="my card is 4111"),)})


def test_names_and_data_of_strangers_stay_data() -> None:
    hostile = "\ud800\x1b[31m\n::error::x\u202e"
    result = _Result(
        name=hostile, place=Place(hostile, 1), share=0.5, counts={}, value={hostile: [hostile]}
    )

    text = write_json(result)

    assert text.encode("utf-8").isascii()
    shown = hostile.replace("\ud800", "\\ud800")  # UTF-8 can't have half a character
    assert json.loads(text)["value"] == {shown: [shown]}


@pytest.mark.parametrize(
    ("name", "change", "at"),
    [
        ("lint", {"schema": 2}, "$.schema"),
        ("list", {"prompts": None}, "$.prompts"),
        ("lint", {"findings": [{"severity": "fatal"}]}, "$.findings[0]"),
        ("list", {"more": 1}, "$"),
    ],
)
def test_a_generated_schema_refuses_what_is_wrong(name: str, change: Any, at: str) -> None:
    right = {
        "lint": {"schema": 1, "findings": [], "next": None}
        | dict.fromkeys(("files", "fixed", "suppressed", "errors", "warnings", "infos"), 0),
        "list": {"schema": 1, "revision": "worktree", "prompts": []},
    }[name]

    with pytest.raises(ValidationError) as refused:
        validate(name, right | change)

    assert refused.value.json_path.startswith(at)
