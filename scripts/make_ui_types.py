"""Write ui/src/types.ts: the types of what the workbench's server answers, from schemas/.

Run it after one of these schemas changed: python scripts/make_ui_types.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "schemas"
TYPES = ROOT / "ui" / "src" / "types.ts"

ANSWERS = {
    "preview": "Preview",
    "run": "PromptRun",
    "test": "TestRun",
    "error": "CommandErrors",
    **{
        name: name.replace("-", " ").title().replace(" ", "")
        for name in (path.name.partition(".")[0] for path in SCHEMAS.glob("ui-*.schema.json"))
    },
}
"""From the name of a schema to that of its type."""
REFERRED = {"diff": "DiffReport", "optimize": "Optimization"}
"""Outputs that are part of those."""
_PLAIN = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}


def types() -> str:
    """The text of types.ts."""
    written: dict[str, str] = {}
    for name in sorted(ANSWERS):
        _write(f"{name}.schema.json", "", written)
    head = "// Written by scripts/make_ui_types.py from schemas/: do not edit.\n"
    return "\n".join([head, *(written[name] for name in sorted(written))])


def _write(file: str, definition: str, written: dict[str, str]) -> None:
    """Write an object, and those that it refers to."""
    name = _name(file, definition)
    if name in written:
        return
    whole = json.loads((SCHEMAS / file).read_text("utf-8"))
    schema = whole["$defs"][definition] if definition else whole
    written[name] = _interface(name, schema, file)
    for reference in _references(schema["properties"]):
        other, _, inside = reference.partition("#/$defs/")
        _write(other or file, inside, written)


def _name(file: str, definition: str) -> str:
    if definition:
        return definition.replace("_", " ").title().replace(" ", "")
    return (ANSWERS | REFERRED)[file.partition(".")[0]]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def _interface(name: str, schema: Mapping[str, Any], file: str) -> str:
    lines = [f"/** {schema['description']} */", f"export interface {name} {{"]
    for key, value in schema["properties"].items():
        optional = "" if key in schema["required"] else "?"
        lines += [
            f"  /** {value['description']} */",
            f"  readonly {key}{optional}: {_type(value, file)};",
        ]
    return "\n".join([*lines, "}", ""])


def _type(schema: Mapping[str, Any], file: str) -> str:
    if "$ref" in schema:
        other, _, inside = schema["$ref"].partition("#/$defs/")
        return _name(other or file, inside)
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(each) for each in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(_type(each, file) for each in schema["anyOf"])
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(_PLAIN[each] for each in kind)
    return _array(schema, file) if kind == "array" else _single(schema, kind, file)


def _array(schema: Mapping[str, Any], file: str) -> str:
    if "prefixItems" in schema:
        return f"readonly [{', '.join(_type(each, file) for each in schema['prefixItems'])}]"
    item = _type(schema["items"], file)
    return f"readonly ({item})[]" if " " in item else f"readonly {item}[]"


def _single(schema: Mapping[str, Any], kind: str | None, file: str) -> str:
    if kind == "object":
        return f"Readonly<Record<string, {_type(schema['additionalProperties'], file)}>>"
    return _PLAIN[kind] if kind is not None else "unknown"


if __name__ == "__main__":
    TYPES.write_text(types(), encoding="utf-8")
