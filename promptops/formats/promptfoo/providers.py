"""The providers of a configuration of promptfoo: the first model, its parameters, its tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.model_fields import PARAMETERS, model_field
from promptops.formats.request_fields import output_field, tools_field
from promptops.model.place import Place
from promptops.source.document import Document

_NO_MODEL = ("echo", "http", "https", "file", "exec", "python", "webhook", "ws", "browser")
_OF_REQUEST = ("response_format", "tools", "tool_choice", "text")
_CONNECTIONS = ("api", "base_url", "baseurl", "organization", "headers", "region", "project")


def provider_fields(document: Document, losses: list[Loss]) -> dict[str, Any]:
    """`model`, `output` and `tools` of a prompt file; adds what is lost to `losses`."""
    value = document.value
    key = "targets" if "targets" in value else "providers"
    given = value.get(key)
    listed = isinstance(given, list)
    rows: list[Any] = given if isinstance(given, list) else [given]
    models: list[tuple[Any, str]] = []
    no_model = None if any(map(_model_name, rows)) else "name one: `model: {provider: …, id: …}`"
    for index, row in enumerate(rows):
        place = document.place(f"/{key}/{index}" if listed else f"/{key}")
        name = _model_name(row)
        if row is not None and name is None:
            message = "a provider that is not a model is not carried"
            losses.append(Loss(code="IMP107", message=message, place=place, hint=no_model))
        elif name is not None and models:
            message = f"`{name}` is not imported: a prompt file has one model"
            hint = "to compare both: add a profile to promptops.toml, and run `promptops compare`"
            losses.append(Loss(code="IMP130", message=message, place=place, hint=hint))
        elif name is not None:
            models.append((row, f"/{key}/{index}" if listed else f"/{key}"))
    return _fields(document, *models[0], losses) if models else {}


def _fields(document: Document, row: Any, pointer: str, losses: list[Loss]) -> dict[str, Any]:
    def place(key: str) -> Place:
        return document.place(f"{pointer}/config/{key}" if key else pointer, bool(key))

    config = row.get("config") if isinstance(row, Mapping) else None
    config = config if isinstance(config, Mapping) else {}
    params = {}
    for key, given in config.items():
        if str(key).lower().startswith(_CONNECTIONS):
            message = f"connection settings are not carried: `{key}`"
            losses.append(Loss(code="IMP111", message=message, place=place(key)))
        elif key in PARAMETERS or (key not in _OF_REQUEST and isinstance(given, str | int | float)):
            params[key] = given
        elif key not in _OF_REQUEST:
            message = f"`{key}` of a provider is not carried"
            losses.append(Loss(code="IMP129", message=message, place=place(key)))
    return {
        **model_field(_model_name(row), params, place, losses),
        **output_field(config, place, losses),
        **tools_field(config, place, losses),
    }


def _model_name(row: Any) -> str | None:
    name = row.get("id") if isinstance(row, Mapping) else row
    if not isinstance(name, str) or name.split(":")[0] in _NO_MODEL or "/" in name.split(":")[0]:
        return None
    return name
