"""What programs read is valid for its schema, which may refer to others beside it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

SCHEMAS = Path(__file__).parent.parent / "schemas"


def validate(name: str, value: Any) -> None:
    """Raise for the first part of an output that `schemas/NAME.schema.json` refuses."""
    _validator(name).validate(value)


@cache
def _validator(name: str) -> Draft202012Validator:
    registry = Registry(retrieve=lambda uri: Resource.from_contents(_schema(uri)))
    return Draft202012Validator({"$ref": f"{name}.schema.json"}, registry=registry)


def _schema(file: str) -> Any:
    return json.loads((SCHEMAS / file).read_text("utf-8"))
