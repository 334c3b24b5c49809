"""Write schemas/NAME.schema.json of each output, and schemas/common.schema.json, from the records.

Run it after a record of an output changed: python scripts/make_output_schemas.py
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date
from enum import Enum
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import promptops.commands
import promptops.model
import promptops.terminal
import promptops.workspace
from promptops.model.change import ABSENT
from promptops.records.outputs import (
    OUTPUTS,
    may_be_absent,
    shown_fields,
    shown_properties,
)

SCHEMAS = Path(__file__).parent.parent / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
COMMON = "common.schema.json"
_VERSION = (
    "Version of this format. It increases if a key changes or is removed, not if one is added."
)
_PLAIN = {str: "string", bool: "boolean", int: "integer", float: "number", NoneType: "null"}


def schemas() -> dict[str, str]:
    """From the name of each generated file to its text."""
    _import_outputs()
    names = {record: f"{name}.schema.json" for name, (record, _) in OUTPUTS.items()}
    reached = {record: set(_reached(record, names)) for record in names}
    users: dict[type, int] = defaultdict(int)
    for inner in reached.values():
        for each in inner - set(names):
            users[each] += 1
    shared = {each for each, number in users.items() if number > 1} | _always_shared(reached)
    written = {
        name: _output_schema(record, version, reached[record], shared, names)
        for name, (record, version) in OUTPUTS.items()
    }
    files = {f"{name}.schema.json": value for name, value in written.items()}
    files[COMMON] = {"$schema": DIALECT, "$defs": _definitions(shared, shared, names, COMMON)}
    return {name: json.dumps(value, indent=2) + "\n" for name, value in files.items()}


def _import_outputs() -> None:
    """Import each module that may declare an output."""
    packages = (promptops.model, promptops.workspace, promptops.commands, promptops.terminal)
    for package in packages:
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)


def _always_shared(reached: Mapping[type, Set[type]]) -> set[type]:
    """Places, which every output has in the same form."""
    from promptops.model.place import Place

    found: set[type] = set().union(*reached.values())
    return found & {Place}


def _output_schema(
    record: type, version: int, inner: Set[type], shared: Set[type], names: Mapping[type, str]
) -> dict[str, Any]:
    file = names[record]
    body = _object(record, shared, names, file)
    body["required"] = ["schema", *body["required"]]
    number = {"const": version, "description": _VERSION}
    body["properties"] = {"schema": number, **body["properties"]}
    own = inner - shared - set(names)
    return {"$schema": DIALECT, **body, "$defs": _definitions(own, shared, names, file)}


def _definitions(
    records: Set[type], shared: Set[type], names: Mapping[type, str], file: str
) -> dict[str, Any]:
    by_name = sorted(records, key=_definition_name)
    return {_definition_name(each): _object(each, shared, names, file) for each in by_name}


def _definition_name(record: type) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", record.__name__).lower()


def _reached(record: type, outputs: Mapping[type, str]) -> Iterator[type]:
    """The records that a record contains, at any depth, except those inside of other outputs."""
    waiting, known = [record], {record}
    while waiting:
        for _, hint, _ in _members(waiting.pop()):
            for inner in _records_in(hint):
                if hasattr(inner, "__private__"):
                    raise SystemExit(
                        f"{record.__name__} contains {inner.__name__}, which is private"
                    )
                if inner not in known:
                    known.add(inner)
                    yield inner
                    waiting += [] if inner in outputs else [inner]


def _records_in(hint: Any) -> Iterator[type]:
    if hasattr(hint, "__record_fields__") and not hasattr(hint, "__as_text__"):
        yield hint
    for part in get_args(hint):
        if not isinstance(part, str):
            yield from _records_in(part)


def _members(record: Any) -> Iterator[tuple[str, Any, bool]]:
    """Name, type, and whether "" is null, of each key of the object of a record."""
    hints = get_type_hints(record)
    for each in shown_fields(record):
        yield each.name, hints[each.name], may_be_absent(each)
    for name, value in shown_properties(record):
        hint = get_type_hints(value.fget, vars(sys.modules[record.__module__]))["return"]
        yield name, hint, False


def _object(record: Any, shared: Set[type], names: Mapping[type, str], file: str) -> dict[str, Any]:
    texts, properties = _texts(record), {}
    optional = {each.name for each in record.__record_fields__ if each.default is ABSENT}
    for name, hint, absent in _members(record):
        schema = _typed(hint, shared, names, file)
        if absent:
            schema = {"type": [schema["type"], "null"]}
        if name not in texts:
            raise SystemExit(f"{record.__name__}.{name} is in an output and has no text")
        properties[name] = {**schema, "description": _as_json(texts[name], absent=absent)}
    return {
        "description": _sentence(inspect.getdoc(record) or ""),
        "type": "object",
        "additionalProperties": False,
        "required": [name for name in properties if name not in optional],
        "properties": properties,
    }


def _typed(hint: Any, shared: Set[type], names: Mapping[type, str], file: str) -> dict[str, Any]:
    """The schema of a type."""
    if hint in (Any, object):
        return {}
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if hasattr(hint, "__as_text__") or (isinstance(hint, type) and issubclass(hint, date)):
        return _text_of(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [each.value for each in hint]}
    if hasattr(hint, "__record_fields__"):
        return {"$ref": _reference(hint, shared, names, file)}
    return _composed(hint, shared, names, file)


def _text_of(hint: Any) -> dict[str, Any]:
    return {"enum": [str(each) for each in hint]} if issubclass(hint, Enum) else {"type": "string"}


def _reference(record: type, shared: Set[type], names: Mapping[type, str], file: str) -> str:
    if record in names:
        return names[record]
    inside = file == COMMON or record not in shared
    return f"{'' if inside else COMMON}#/$defs/{_definition_name(record)}"


def _composed(hint: Any, shared: Set[type], names: Mapping[type, str], file: str) -> dict[str, Any]:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(parts)}
    if origin in (Union, UnionType):
        return _either([_typed(part, shared, names, file) for part in parts])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _typed(parts[1], shared, names, file)}
    if origin is tuple and parts[-1] is not Ellipsis:
        items = [_typed(part, shared, names, file) for part in parts]
        return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
    if isinstance(origin, type) and issubclass(origin, Sequence | Set):
        return {"type": "array", "items": _typed(parts[0], shared, names, file)}
    raise SystemExit(f"no schema for the type {hint}")


def _either(options: list[dict[str, Any]]) -> dict[str, Any]:
    if all(set(option) == {"type"} for option in options):
        return {"type": [option["type"] for option in options]}
    return {"anyOf": options}


_ATTRIBUTE = re.compile(r"^    (\w+(?:, \w+)*): ")


def _texts(record: Any) -> dict[str, str]:
    """The text of each attribute, from `Attributes:` of the docstring and those of properties."""
    found: dict[str, str] = {}
    names: list[str] = []
    _, _, listed = (inspect.getdoc(record) or "").partition("Attributes:\n")
    for line in listed.splitlines():
        start = _ATTRIBUTE.match(line)
        names = start[1].split(", ") if start else names
        text = line[start.end() :] if start else line.strip()
        for name in names:
            found[name] = f"{found.get(name, '')} {text}".strip()
    for name, value in shown_properties(record):
        found[name] = _sentence(inspect.getdoc(value) or "")
    return found


def _sentence(docstring: str) -> str:
    return " ".join(docstring.partition("\n\n")[0].split())


def _as_json(text: str, *, absent: bool) -> str:
    """The text of an attribute in the words of JSON."""
    text = re.sub(r"\bNone\b", "null", text)
    return text.replace('""', "null") if absent else text


if __name__ == "__main__":
    for file, text in schemas().items():
        (SCHEMAS / file).write_text(text, encoding="utf-8")
