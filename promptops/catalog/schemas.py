"""The parts of a prompt that have schemas: inputs, output and tools, with the files they use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.catalog.files import Files
from promptops.catalog.layers import Layers
from promptops.catalog.references import ReferenceLog
from promptops.catalog.schema_places import schema_locator, without_invalid
from promptops.json_pointer import escaped
from promptops.model.finding import Problem
from promptops.model.loaded import FileReference
from promptops.model.place import Place
from promptops.model.prompt import Output, Tool
from promptops.patterns import lazy_pattern
from promptops.records import replace
from promptops.source.compose import MAX_DEPTH
from promptops.source.conflicts import CODE as CONFLICT
from promptops.source.references import resolve
from promptops.source.schema_validity import check_schema, wrong_dialect
from promptops.source.shape import PROMPT, check_value


class SchemaReader:
    """Builds the inputs, the output and the tools of one prompt."""

    def __init__(
        self,
        files: Files,
        roots: tuple[str, ...],
        layers: Layers,
        references: ReferenceLog,
        problems: list[Problem],
    ) -> None:
        """`roots` are those of schemas. Adds to `references` and to `problems`."""
        self._files = files
        self._roots = roots
        self._layers = layers
        self._references = references
        self._problems = problems
        self._no_json: set[str] = set()

    def inputs(self, written: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema of the inputs as one object that refuses other properties."""
        closed = {"type": "object", "additionalProperties": False, **written}
        self._problems += wrong_dialect(closed, self._layers.place, "/inputs")
        resolved = self._schema(closed, "/inputs")
        locate = schema_locator(self._layers.place, "/inputs", resolved, self._files.defines)
        problems = check_schema(resolved, locate, "/inputs")
        self._problems += problems
        return without_invalid(resolved) if problems else resolved

    def _schema(self, schema: Any, at: str, base: str = "") -> Any:
        """A schema, including the files it refers to."""
        base = base or self._layers.path_at(at)
        read: set[str] = set()

        def schema_file(path: str) -> Mapping[str, Any] | bool | None:
            found = self._json(path)
            if self._files.is_file(path):
                read.add(path)
            return found

        resolved, problems = resolve(schema, schema_file, base, self._roots)
        for problem in problems:
            place = self._layers.place(f"{at}{problem.at}", False)
            absent = _ABSENT.fullmatch(problem.message)
            reported = problem
            if absent:
                found = self._references.refer("schema", absent[1], place, absent[2] or base)
                if found is not None and self._is_reported(found.target):
                    continue  # in that file, at the wrong character
                reported = self._not_an_object(problem, found)
            self._problems.append(replace(reported, at=place))
        if read:
            self._note_schemas(schema, at, base, read)
        return resolved

    def _not_an_object(self, problem: Problem, reference: FileReference | None) -> Problem:
        """The problem of a missing schema, or of one that exists but is not an object."""
        if reference is None:
            return problem
        if not reference.found:
            written, base = reference.written, reference.place.path
            near = self._references.resolver.nearest("schema", written, base)
            return problem if near is None else replace(problem, hint=f"did you mean `{near}`?")
        written = reference.written
        message = (
            f"`{written}` is not a schema: expected a JSON object, nested at most {MAX_DEPTH} deep"
        )
        return replace(problem, message=message, hint=None)

    def _note_schemas(self, schema: Any, at: str, base: str, read: set[str]) -> None:
        """Record each file at the `$ref` that names it; one that only other files name, at `at`."""
        for pointer, written in _written_references(schema, at):
            self._references.know("schema", written, self._layers.place(pointer, False), base, read)
        for path in sorted(read):
            self._references.note("schema", path, self._layers.place(at, True))

    def _json(self, path: str) -> Mapping[str, Any] | bool | None:
        """The value of a JSON file, if it can be a schema and is not nested too deeply."""
        from promptops.source.json_document import json_value

        data = self._files.data(path)
        value, problems = json_value(path, data) if data is not None else (None, ())
        if any(problem.code in _NO_JSON for problem in problems):
            self._no_json.add(path)
        self._problems.extend(p for p in problems if p not in self._problems)
        return value if isinstance(value, dict | bool) else None

    def output(self, written: Mapping[str, Any]) -> Output:
        """The output with its schema, if it has one."""
        schema = written.get("schema")
        self._problems += wrong_dialect(schema, self._layers.place, "/output/schema")
        return Output(
            format=written.get("format", "text"),
            schema=None if schema is None else self._schema(schema, "/output/schema"),
            name=written.get("name"),
            strict=written.get("strict", False),
            description=written.get("description"),
        )

    def tools(self, written: list[Mapping[str, Any]]) -> Iterator[Tool]:
        """The tools in order; one that can't be read is a problem and is left out."""
        for index, value in enumerate(written):
            at = f"/tools/{index}"
            base = self._layers.path_at(at)
            if "ref" in value:
                yield from self._tool_file(value["ref"], at, base)
            else:
                inline = value.get("parameters")
                self._problems += wrong_dialect(inline, self._layers.place, f"{at}/parameters")
                yield self._tool(value, at, base)

    def _tool_file(self, written: str, at: str, base: str) -> Iterator[Tool]:
        place = self._layers.place(f"{at}/ref", False)
        reference = self._references.refer("tool", written, place, base)
        if reference is None or not reference.found:
            return  # the reference reports that
        found = self._json(reference.target)
        if isinstance(found, Mapping) and isinstance(found.get("name"), str):
            self._problems += self._wrong_tool_file(found, reference.target)
            yield self._tool(found, at, reference.target)
        elif not self._is_reported(reference.target):
            self._unreadable_tool(written, at)

    def _wrong_tool_file(self, found: Mapping[str, Any], path: str) -> Iterator[Problem]:
        """Values that a tool in a prompt file could not have; lint removes repeats."""
        from promptops.source.json_document import read_json

        known = {key: found[key] for key in _CHECKED_IN_TOOLS if key in found}

        def place(pointer: str, key: bool = False) -> Place:
            return read_json(path, self._files.data(path) or b"").place(pointer, key)

        yield from check_value(PROMPT, known, place, part="tool")

    def _tool(self, value: Mapping[str, Any], at: str, base: str) -> Tool:
        return Tool(
            name=value["name"],
            description=str(value.get("description", "")),
            parameters=self._schema(value.get("parameters") or {}, f"{at}/parameters", base),
            returns=value.get("returns"),
            strict=bool(value.get("strict", False)),
            at=at,
        )

    def _is_reported(self, path: str) -> bool:
        """Whether a JSON file can't be parsed or is unmerged, which is reported in that file."""
        return path in self._no_json or self._files.is_unmerged(path)

    def _unreadable_tool(self, written: str, at: str) -> None:
        place = self._layers.place(f"{at}/ref", False)
        message = f"`{written}` is not a tool: expected a JSON object with `name` and `parameters`"
        self._problems.append(Problem(message, at=place, code="SCH002"))


_CHECKED_IN_TOOLS = ("name", "description", "strict")
"""Keys of a tool file whose values `_tool` would convert; its schemas are checked by rules."""

_ABSENT = lazy_pattern(r"there is no schema `(.+?)`(?: \(in (.+)\))?")


def _written_references(schema: Any, at: str) -> Iterator[tuple[str, str]]:
    """The files that a schema's own `$ref`s name, each with its pointer."""
    if isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from _written_references(item, f"{at}/{index}")
    elif isinstance(schema, Mapping):
        for key, value in schema.items():
            pointer = f"{at}/{escaped(key)}"
            if key == "$ref" and isinstance(value, str) and not value.startswith("#"):
                yield pointer, value.partition("#")[0]
            else:
                yield from _written_references(value, pointer)


_NO_JSON = frozenset(("SCH001", CONFLICT))
"""Why a JSON file has no value."""
