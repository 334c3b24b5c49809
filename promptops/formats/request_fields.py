"""Output formats and tools of requests to APIs, with the keys of prompt files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from promptops.formats.document import Loss
from promptops.model.place import Place

PlaceOf = Callable[[str], Place]


def output_field(request: Mapping[str, Any], place: PlaceOf, losses: list[Loss]) -> dict[str, Any]:
    """The key `output` for `response_format` or `text.format`; {} for plain text."""
    text = request.get("text")
    key = "response_format" if "response_format" in request else "text"
    given = request.get("response_format") or (
        text.get("format") if isinstance(text, Mapping) else None
    )
    if isinstance(given, str):
        given = {"type": given}
    if not isinstance(given, Mapping) or given.get("type", "text") == "text":
        return {}
    if given.get("type") in ("json_object", "json"):
        return {"output": {"format": "json"}}
    described = given.get("json_schema", given)
    if given.get("type") == "json_schema" and isinstance(described, Mapping):
        kept = {
            name: described[name]
            for name in ("name", "strict", "description")
            if described.get(name)
        }
        schema = described.get("schema")
        return {"output": {"format": "json", **kept, **({"schema": schema} if schema else {})}}
    message = f"the output format `{given.get('type')}` is not carried"
    losses.append(Loss(code="IMP119", message=message, place=place(key)))
    return {}


def tools_field(request: Mapping[str, Any], place: PlaceOf, losses: list[Loss]) -> dict[str, Any]:
    """The keys `tools` and `tool_choice`."""
    found = []
    given = request.get("tools")
    for tool in given if isinstance(given, list) else ():
        read = _tool(tool)
        if read is None:
            kind = tool.get("type") if isinstance(tool, Mapping) else type(tool).__name__
            message = f"a tool of type `{kind}` is not carried"
            losses.append(Loss(code="IMP106", message=message, place=place("tools")))
        else:
            found.append(read)
    choice = _choice(request.get("tool_choice"))
    return {
        **({"tools": found} if found else {}),
        **({"tool_choice": choice} if found and choice is not None else {}),
    }


def _tool(tool: Any) -> dict[str, Any] | None:
    if not isinstance(tool, Mapping):
        return None
    function = tool.get("function") if isinstance(tool.get("function"), Mapping) else tool
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        return None
    if tool.get("type", "function") not in ("function", "custom") or "name" not in function:
        return None
    schema = function.get("parameters", function.get("input_schema"))
    parameters = schema if isinstance(schema, Mapping) else {"type": "object"}
    return {
        "name": function["name"],
        **({"description": function["description"]} if function.get("description") else {}),
        **({"strict": True} if function.get("strict") else {}),
        "parameters": parameters,
    }


def _choice(choice: Any) -> Any:
    if isinstance(choice, str):
        known = {"any": "required", **{name: name for name in ("auto", "none", "required")}}
        return known.get(choice, {"name": choice})
    if isinstance(choice, Mapping):
        function = choice.get("function")
        name = function.get("name") if isinstance(function, Mapping) else choice.get("name")
        kind = {"any": "required", "auto": "auto", "none": "none"}.get(str(choice.get("type")))
        return {"name": name} if name else kind
    return None
