"""The resources of a schema file, each with its `$id` and its own anchors (JSON Schema 2020-12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from promptops.json_pointer import escaped
from promptops.model.finding import Problem
from promptops.records import field, record, replace
from promptops.source.paths import confined
from promptops.suggestions import did_you_mean

DATA = frozenset(("const", "default", "enum", "examples"))
"""Keywords whose value is data, even if it looks like a schema."""

NAMED = frozenset(("$defs", "definitions", "dependentSchemas", "patternProperties", "properties"))
"""Keywords whose value has a schema for each name."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""The draft of JSON Schema, by its metaschema."""

UNSUPPORTED = ("$dynamicRef", "$dynamicAnchor")
"""Keywords that depend on the file where validation began; a bundle has only one file."""


@record(slots=True)
class Resources:
    """The parts of one schema file that have an address.

    Attributes:
        ids: From each `$id`, without its fragment, to its pointer in the bundle.
        anchors: By the pointer of a resource: from each of its anchors to the anchor's pointer.
        wrong: Pointers of keywords that can't be used, each with what is wrong and a hint.
    """

    ids: dict[str, str] = field(default_factory=dict)
    anchors: dict[str, dict[str, str]] = field(default_factory=dict)
    wrong: list[tuple[str, str, str]] = field(default_factory=list)


def resources_of(schema: Any, pointer: str) -> Resources:
    """The resources of a file at a pointer in the bundle."""
    found = Resources(anchors={pointer: {}})
    for below, part in subschemas(schema, pointer):
        _add_id(found, part.get("$id"), below)
        _add_anchor(found, part.get("$anchor"), below)
        for key in UNSUPPORTED:
            if isinstance(part.get(key), str):
                hint = "use `$ref`, and `$anchor` or `$defs`"
                found.wrong.append((f"{below}/{key}", f"`{key}` is not supported", hint))
    return found


def _add_id(found: Resources, written: Any, below: str) -> None:
    if not isinstance(written, str):
        return
    address = written.partition("#")[0]
    if found.ids.setdefault(address, below) != below:
        message = f"two schemas of one file have the `$id` `{written}`"
        found.wrong.append((f"{below}/$id", message, "give each a unique `$id`"))
    found.anchors.setdefault(below, {})


def _add_anchor(found: Resources, name: Any, below: str) -> None:
    if not isinstance(name, str):
        return
    anchors = found.anchors[_resource_of(below, found)]
    if anchors.setdefault(name, below) != below:
        message = f"two schemas have the `$anchor` `{name}`"
        found.wrong.append((f"{below}/$anchor", message, "give each a unique anchor"))


def _resource_of(pointer: str, found: Resources) -> str:
    """The nearest resource around a schema, or the schema itself."""
    while pointer not in found.anchors:
        pointer = pointer.rpartition("/")[0]
    return pointer


def subschemas(schema: Any, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each schema within a schema, itself first, with its pointer; data is left out."""
    if isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from subschemas(item, f"{pointer}/{index}")
    if isinstance(schema, Mapping):
        yield pointer, schema
        for key, value in schema.items():
            below = f"{pointer}/{escaped(key)}"
            if key in NAMED and isinstance(value, Mapping):
                for name, item in value.items():
                    yield from subschemas(item, f"{below}/{escaped(name)}")
            elif key not in DATA:
                yield from subschemas(value, below)


# Schemas that refer to other schemas, and files that are patches of others.

Read = Callable[[str], Mapping[str, Any] | bool | None]
"""From a path, relative to the repository root, to the schema in that file, if there is one."""

MAX_FILES = 100
"""Schema files that one schema may use, directly or indirectly."""

_SCALARS = frozenset((str, int, float, bool, type(None)))
_ADDRESSES = ("$id", "$anchor", *UNSUPPORTED)


def resolve(
    schema: Any, read: Read, base: str, roots: Sequence[str] = ("schemas",)
) -> tuple[Any, tuple[Problem, ...]]:
    """A schema without references to other files, and the references that could not be followed.

    Files it refers to are put under `$defs`, and every reference becomes a pointer from the
    root. A path is relative to the schema `roots`, in order, or with `./` to the file that contains
    it; `base` is the file that contains the schema. A reference that can't be followed is left out.
    An anchor belongs to the file, or to the part with an `$id`, that contains it. Problems point
    (`at`) to the `$ref` in `schema`: SEC010 if it leaves the repository, SCH002 if its target does
    not exist or is not supported.
    """
    if not isinstance(schema, Mapping) or not _has_references(schema):
        return schema, ()
    bundler = _Bundler(read, tuple(roots))
    return bundler.bundle(schema, base), tuple(bundler.problems)


def definition_name(path: str) -> str:
    """The name of a file under `$defs`; if it is taken, `_` is appended.

    Without slashes, because some servers don't unescape them in a reference.
    """
    return path.replace("/", ".")


def merge_patch(base: Any, patch: Any) -> Any:
    """`base` with a JSON merge patch (RFC 7396) applied; neither is changed."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(base) if isinstance(base, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def _has_references(schema: Any) -> bool:
    keys = ("$ref", *UNSUPPORTED)
    if not _has_key(schema, keys):  # in data, too: much faster than finding the data
        return False
    return any(isinstance(part.get(key), str) for _, part in subschemas(schema, "") for key in keys)


def _has_key(value: Any, keys: tuple[str, ...]) -> bool:
    """Whether any mapping in a value has one of some keys."""
    unwanted = frozenset(keys)
    waiting = [value]
    for part in waiting:
        if type(part) is dict:
            if not unwanted.isdisjoint(part):
                return True
            waiting.extend(part.values())
        elif type(part) is list:
            waiting.extend(part)
        elif type(part) not in _SCALARS:
            return True  # of another kind, which is handled elsewhere
    return False


@record(frozen=True, slots=True)
class _Resource:
    """A schema with its own address: a file, or a part with an `$id`.

    Attributes:
        pointer: Its place in the bundle.
        base: The file that contains it.
        file: The resources of the file that contains it.
        origin: Pointer of the `$ref` in the first schema that led here; None in that schema.
    """

    pointer: str
    base: str
    file: Resources
    origin: str | None = None


@record(slots=True)
class _Bundler:
    read: Read
    roots: tuple[str, ...]
    problems: list[Problem] = field(default_factory=list)
    _files: dict[str, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    _resources: dict[str, Resources] = field(default_factory=dict)
    _waiting: list[tuple[str, Mapping[str, Any] | bool, str]] = field(default_factory=list)

    def bundle(self, schema: Any, base: str) -> Any:
        own = schema.get("$defs")
        self._taken = {*own} if isinstance(own, Mapping) else set()
        root = dict(
            self._copy(schema, "", _Resource("", base, self._file_resources(schema, "", None)))
        )
        given = root.get("$defs", {})
        if not isinstance(given, Mapping):  # not a schema; the validation reports it
            return root
        definitions = dict(given)
        while self._waiting:
            path, found, origin = self._waiting.pop()
            pointer = self._files[path]
            resource = _Resource(pointer, path, self._resources[pointer], origin)
            definitions[self._names[path]] = self._copy(found, pointer, resource)
        if definitions:
            root["$defs"] = definitions
        return root

    def _file_resources(
        self, schema: Any, pointer: str, origin: str | None, path: str = ""
    ) -> Resources:
        """The resources of a file; its problems are reported."""
        found = self._resources[pointer] = resources_of(schema, pointer)
        where = f" (in {path})" if path else ""
        for at, message, hint in found.wrong:
            place = at if origin is None else origin
            self.problems.append(Problem(message + where, at=place, hint=hint, code="SCH002"))
        return found

    def _copy(self, schema: Any, pointer: str, resource: _Resource) -> Any:
        """A schema with its references as pointers from the bundle's root.

        So it needs no `$id` and no anchor, which would be known in the whole bundle.
        """
        if isinstance(schema, list):
            return [
                self._copy(item, f"{pointer}/{index}", resource)
                for index, item in enumerate(schema)
            ]
        if not isinstance(schema, Mapping):
            return schema
        if isinstance(schema.get("$id"), str) and pointer != resource.pointer:
            resource = replace(resource, pointer=pointer)
        copied = {
            key: self._value(key, value, f"{pointer}/{escaped(key)}", resource)
            for key, value in schema.items()
            if key not in _ADDRESSES or not isinstance(value, str)
        }
        if copied.get("$ref", "") is None:
            del copied["$ref"]
        return copied

    def _value(self, key: str, value: Any, pointer: str, resource: _Resource) -> Any:
        if key == "$ref" and isinstance(value, str):
            return self._target(value, pointer, resource)
        if key in NAMED and isinstance(value, Mapping):
            return {
                name: self._copy(item, f"{pointer}/{escaped(name)}", resource)
                for name, item in value.items()
            }
        return value if key in DATA else self._copy(value, pointer, resource)

    def _target(self, written: str, at: str, resource: _Resource) -> str | None:
        """The reference as a pointer from the bundle's root; None if it can't be followed."""
        file, _, fragment = written.partition("#")
        if not file or file in resource.file.ids:
            target = resource.file.ids[file] if file else resource.pointer
            return self._pointed(resource.file, target, fragment, at, resource)
        if file == DIALECT:
            return written
        found = self._file(file, at, resource)
        if found is None:
            return None
        return self._pointed(self._resources[found], found, fragment, at, resource)

    def _pointed(
        self, file: Resources, target: str, fragment: str, at: str, resource: _Resource
    ) -> str | None:
        """The pointer of a part of a resource, from an anchor or a relative pointer."""
        if not fragment or fragment.startswith("/"):
            return f"#{target}{fragment}"
        pointer = file.anchors[target].get(fragment)
        if pointer is not None:
            return f"#{pointer}"
        where = "" if resource.origin is None else f" (in {resource.base})"
        self.problems.append(
            Problem(
                f"there is no `$anchor` `{fragment}`{where}",
                at=at if resource.origin is None else resource.origin,
                hint=did_you_mean(fragment, file.anchors[target])
                or "an anchor is valid in its own file only",
                code="SCH002",
            )
        )
        return None

    def _file(self, written: str, at: str, resource: _Resource) -> str | None:
        origin = resource.origin if resource.origin is not None else at
        where = "" if resource.origin is None else f" (in {resource.base})"
        for root in self.roots or ("",):
            place = confined(written, resource.base, root)
            if place.reason:
                message = f"`{written}`{where}: {place.reason}"
                hint = "schemas are files of this repository, in the schema root"
                self.problems.append(Problem(message, at=origin, hint=hint, code="SEC010"))
                return None
            if self._is_loaded(place.path, origin):
                return self._files[place.path]
        message = f"there is no schema `{written}`{where}"
        hint = f"schemas are in {', '.join(self.roots)}; `./` is relative to the file"
        self.problems.append(Problem(message, at=origin, hint=hint, code="SCH002"))
        return None

    def _is_loaded(self, path: str, origin: str) -> bool:
        if path in self._files:
            return True
        found = self.read(path) if len(self._files) < MAX_FILES else None
        if not isinstance(found, Mapping | bool):
            return False
        self._names[path] = self._name(path)
        self._files[path] = f"/$defs/{escaped(self._names[path])}"
        self._file_resources(found, self._files[path], origin, path)
        self._waiting.append((path, found, origin))
        return True

    def _name(self, path: str) -> str:
        name = definition_name(path)
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name
