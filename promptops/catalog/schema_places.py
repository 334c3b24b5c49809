"""The places of a schema that was combined from several files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from promptops.json_pointer import escaped, tokens
from promptops.model.place import Place
from promptops.model.prompt import Locate
from promptops.source.references import check_schema

OfFile = Callable[[str], bool]
"""Whether a name under `$defs` is the name of a file."""


def schema_locator(locate: Locate, at: str, schema: Any, of_file: OfFile) -> Locate:
    """As `locate`, for pointers into a resolved schema that stands at `at` in the prompt file.

    What came from another file is placed at the `$ref` that brought it in.
    """

    def place(pointer: str, key: bool = False) -> Place:
        below = pointer[len(at) :]
        written = written_at(schema, below, of_file)
        return locate(at + written, key and written == below)

    return place


def written_at(schema: Any, pointer: str, of_file: OfFile) -> str:
    """A pointer into a resolved schema as it is in the first file: of a `$ref` at the least."""
    seen: set[str] = set()
    while (file := _file_of(pointer, of_file)) is not None and file not in seen:
        seen.add(file)
        pointer = next(_references(schema, f"#/$defs/{escaped(file)}", of_file), "")
    return "" if _file_of(pointer, of_file) is not None else pointer


def stands(locate: Locate, pointer: str) -> bool:
    """Whether a pointer leads to something that is written, rather than to an ancestor."""
    place = locate(pointer, False)
    steps = pointer.split("/")
    return all(locate("/".join(steps[:end]), False) != place for end in range(1, len(steps)))


def without_what_is_none(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """The inputs' schema with `{}` for each input whose own schema is none.

    So the names of the inputs stay known, and whoever reads on can trust what is there.
    """
    properties = {
        name: schema if _is_schema(schema) else {}
        for name, schema in inputs.get("properties", {}).items()
    }
    kept = {key: inputs[key] for key in ("type", "required") if key in inputs}
    return {**kept, "additionalProperties": False, "properties": properties}


def _is_schema(schema: Any) -> bool:
    return not check_schema(schema, lambda _pointer, _key: Place(""))


def _file_of(pointer: str, of_file: OfFile) -> str | None:
    """The name of the file of a pointer."""
    steps = tokens(pointer)
    inside = len(steps) > 1 and steps[0] == "$defs" and of_file(steps[1])
    return steps[1] if inside else None


def _references(schema: Any, target: str, of_file: OfFile) -> Iterator[str]:
    """Pointers of the references to a target, those of the first file first."""
    found = list(_pointers(schema, target, ""))
    yield from sorted(found, key=lambda pointer: _file_of(pointer, of_file) is not None)


def _pointers(schema: Any, target: str, pointer: str) -> Iterator[str]:
    if isinstance(schema, Mapping):
        reference = schema.get("$ref")
        if isinstance(reference, str) and (reference + "/").startswith(target + "/"):
            yield f"{pointer}/$ref"
        for key, value in schema.items():
            yield from _pointers(value, target, f"{pointer}/{escaped(key)}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from _pointers(value, target, f"{pointer}/{index}")
